"""Mails that rules hit: texts drawn from the patterns of the stock rules that stand on this machine.

No rule is copied into the project: the rules are read when the mails are made.
"""

import html
import re
from dataclasses import dataclass, field

from pyspamd.conf.rules import HeaderTest, MetaTest, RegexTest, RuleDef
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.perlre.parser import parse
from pyspamd.perlre.regex import RegexError, compile_regex
from pyspamd.perlre.syntax import Choice, Flag, Literal, Look, Node, OneOf, Repeat, Sequence

from . import headings, links, pages, parts, postmarks, trees
from .dice import Dice
from .faults import damaged

_READABLE = frozenset(b"abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,-/")
_RELAY_FACT = re.compile(r"(\w+)=([^\s\]]*)")
_DATE = "Thu, 4 Feb 2021 10:11:12 +0000"
_NEGATED = re.compile(r"!\s*\(?\s*(\w+)")


@dataclass
class Sampler:
    """Draws texts that one pattern may match."""

    pattern: str
    flags: str
    tree: Node | None = None

    def draw(self, dice: Dice) -> str | None:
        """A text that the pattern matches, or `None` where none was found in a few tries."""
        try:
            if self.tree is None:
                self.tree = parse(self.pattern, Flag.CASELESS if "i" in self.flags else 0).root
            regex = compile_regex(self.pattern, self.flags)
        except RegexError:
            return None
        for _ in range(4):
            text = _drawn(self.tree, dice)
            for tried in (text, f" {text} ", f"x{text}"):
                if len(tried) < 5000 and regex.matches(tried.encode("latin-1")):
                    return tried
        return None


def _drawn(node: Node, dice: Dice) -> str:
    match node:
        case Literal(text, caseless):
            return dice.one((text, text, text.lower(), text.upper())) if caseless else text
        case OneOf(mask):
            members = [byte for byte in range(256) if mask >> byte & 1 and byte != 10]
            readable = [byte for byte in members if byte in _READABLE]
            if readable and dice.chance(0.9):
                members = readable
            return chr(dice.one(members)) if members else "\n"
        case Sequence(items):
            return "".join(_drawn(item, dice) for item in items)
        case Choice(branches):
            return _drawn(dice.one(branches), dice) if branches else ""
        case Repeat(item, low, high):
            most = low + 3 if high is None else min(high, low + 3)
            times = min(dice.one((low, most, dice.randint(low, most))), 300)
            return "".join(_drawn(item, dice) for _ in range(times))
        case Look(item):
            return _drawn(item, dice) if dice.chance(0.3) else ""
    return ""


@dataclass
class Samples:
    """The rules that texts can be drawn for, by name, and what the metas need."""

    samplers: dict[str, tuple[str, str, Sampler]] = field(default_factory=dict)
    """Rule: (area, header, sampler)."""
    metas: dict[str, str] = field(default_factory=dict)


def read_samples() -> Samples:
    """The stock rules of this machine."""
    engine = assemble(Setup(stock=True, local_tests_only=True))
    samples = Samples()
    bundles = [
        (area, getattr(stage, area))
        for stage in engine.program.stages
        for area in ("body", "uri", "rawbody", "full")
    ]
    for area, bundle in bundles:
        for rule in bundle.rules:
            samples.samplers[rule.name] = (area, "", Sampler(rule.pattern, rule.flags))
    for name, rule in engine.conf.rules.items():
        _add(samples, name, rule)
    return samples


def _add(samples: Samples, name: str, rule: RuleDef) -> None:
    test = rule.test
    if isinstance(test, HeaderTest):
        samples.samplers[name] = ("header", test.header, Sampler(test.pattern, test.flags))
    elif isinstance(test, MetaTest):
        samples.metas[name] = test.expression
    elif rule.area == "plugin" and hasattr(test, "directive") and test.directive == "mimeheader":
        wanted = test.argument
        samples.samplers[name] = ("mimeheader", wanted.header, Sampler(wanted.pattern, wanted.flags))
    elif isinstance(test, RegexTest):
        samples.samplers.setdefault(name, (rule.area, "", Sampler(test.pattern, test.flags)))


def _leaves(samples: Samples, name: str, dice: Dice, depth: int = 0) -> list[str]:
    """Rules that, hit together, may make the meta hit."""
    expression = samples.metas.get(name)
    if expression is None:
        return [name]
    if depth > 6:
        return []
    unwanted = set(_NEGATED.findall(expression))
    found: list[str] = []
    for rule in re.findall(r"[A-Za-z_]\w*", expression):
        if rule not in unwanted and dice.chance(0.85 / (1 + depth / 3)):
            found += _leaves(samples, rule, dice, depth + 1)
    return found


@dataclass
class _Draft:
    fields: headings.Fields = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    part: headings.Fields = field(default_factory=list)


def _place(dice: Dice, draft: _Draft, area: str, header: str, text: str) -> None:
    if area == "header":
        _place_header(dice, draft, header, text.replace("\n", "\n "))
    elif area == "mimeheader":
        draft.part.append((header.encode(), text.strip("\n").encode("latin-1")))
    elif area in ("uri", "body"):
        draft.text.append(text)
    else:
        draft.raw.append(text)


def _relay(dice: Dice, text: str) -> str:
    """A Received line that says what the relay's facts in `text` say."""
    facts = {"ip": links.address(dice), "helo": dice.of("helos"), "rdns": "unknown", "by": "mx.example.org"}
    facts |= {"id": "A1B2C3", "envfrom": ""} | dict(_RELAY_FACT.findall(text))
    sender = f" (envelope-from <{facts['envfrom']}>)" if facts["envfrom"] else ""
    protocol = "ESMTPA" if facts.get("auth") else "ESMTP"
    return (
        f"from {facts['helo']} ({facts['rdns']} [{facts['ip']}]){sender} by {facts['by']} (Postfix) "
        f"with {protocol} id {facts['id']}; {_DATE}"
    )


def _place_header(dice: Dice, draft: _Draft, request: str, text: str) -> None:
    name, _, modifier = request.partition(":")
    if name.startswith("X-Spam-Relays"):
        draft.received.append(_relay(dice, text))
        return
    if name.startswith("ALL"):
        for line in text.split("\n"):
            field_name, colon, value = line.strip().partition(":")
            if colon and field_name:
                draft.fields.append((field_name.encode("latin-1"), value.encode("latin-1")))
        return
    name = {"ToCc": dice.one(("To", "Cc")), "MESSAGEID": "Message-ID", "EnvelopeFrom": "Return-Path"}.get(
        name, name
    )
    if modifier.startswith("addr"):
        text = dice.one((f"Sam Miller <{text}>", text))
    elif modifier.startswith("name"):
        text = f'"{text}" <{links.mailbox(dice)}>'
    draft.fields.append((name.encode("latin-1"), text.encode("latin-1")))


def sampled_mail(dice: Dice, samples: Samples) -> bytes:
    """A mail that some of the rules hit, metas and what they need among them."""
    draft = _Draft()
    wanted = dice.some(list(samples.samplers), 1, 12)
    for meta in dice.some(list(samples.metas), 1, 4):
        wanted += _leaves(samples, meta, dice)
    dice.shuffle(wanted)
    for name in dict.fromkeys(wanted):
        if name in samples.samplers:
            area, header, sampler = samples.samplers[name]
            text = sampler.draw(dice)
            if text is not None:
                _place(dice, draft, area, header, text)
    whole = _whole(dice, draft)
    return damaged(dice, whole) if dice.chance(0.03) else whole


def _page(dice: Dice, texts: list[str], raw: str) -> bytes:
    shown = html.escape("\n\n".join(texts)).replace("\n", "<br>")
    anchors = "".join(f"<a href={pages.quoted(dice, html.escape(text))}>x</a>" for text in texts[:6])
    return f"<html><body>{shown}\n{raw}\n{anchors}</body></html>\n".encode("latin-1", "replace")


def _body(dice: Dice, draft: _Draft) -> parts.Entity:
    raw = "\n".join(draft.raw)
    text = dice.one(("\n\n", "\n", "\n\n")).join(draft.text) + "\n" + raw + "\n"
    match dice.randrange(4):
        case 0:
            kind = dice.one(("utf-8", "iso-8859-1", "us-ascii", "windows-1252"))
            fields = [parts.field("Content-Type", f"text/plain; charset={kind}")]
            return fields, text.encode("latin-1", "replace")
        case 1:
            kind = dice.one(("utf-8", "iso-8859-1", "us-ascii"))
            return [parts.field("Content-Type", f"text/html; charset={kind}")], _page(dice, draft.text, raw)
    plain = parts.textual(dice, "text/plain", text)
    page = parts.textual(dice, "text/html", f"<html><body><p>{html.escape(text)}</p>{raw}</body></html>\n")
    other = (
        [*draft.part[:1], parts.field("Content-Disposition", "inline")] if draft.part else [],
        b"attached\n",
    )
    return trees.multipart(dice, dice.one(("alternative", "mixed")), [plain, page, other])


def _whole(dice: Dice, draft: _Draft) -> bytes:
    mood = dice.one(("ham", "spam"))
    if dice.chance(0.6):
        fields = headings.heading(dice, mood)
    else:
        fields = [
            (b"From", headings.person(dice)),
            (b"To", headings.person(dice)),
            (b"Subject", headings.subject(dice, mood)),
            (b"Date", _DATE.encode()),
            (b"Message-ID", postmarks.identifier(dice).encode()),
            *headings.routed(dice, 1612433472.0),
        ]
    given = {name.lower() for name, _ in draft.fields}
    fields = [item for item in fields if item[0].lower() not in given or dice.chance(0.1)]
    fields[:0] = [(b"Received", line.encode("latin-1")) for line in draft.received]
    own, body = _body(dice, draft)
    if dice.chance(0.3):
        own = [item for item in own if item[0].lower() not in given] or own
    fields += [*draft.fields, (b"MIME-Version", b"1.0"), *own]
    fields += [item for item in draft.part if dice.chance(0.3)]
    return headings.written(dice, fields, hostile=0.0) + b"\n\n" + body
