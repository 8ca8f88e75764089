"""ExtractText: lets other programs turn attachments into text, which body rules then see.

extracttext_external pdftotext /usr/bin/pdftotext -nopgbrk -enc UTF-8 {} -
extracttext_use      pdftotext .pdf application/pdf
extracttext_timeout  5 10
header PDF_WITHOUT_TEXT X-ExtractText-Flags =~ /NoText/
"""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..conf.ascii import lower, words
from ..conf.directives import BadValue, Build, Custom, Float, required, shorten
from ..conf.lists import EMPTY, frozen_table
from ..mail.part import Part
from ..net.programs import Ran, run_program
from ..perlre.regex import Regex, compile_regex
from ..scan.plugin import Plugin
from ..scan.scan import Scan

logger = logging.getLogger(__name__)

_HTML_TOOL = re.compile(r"(?:to|2)html\b")
_VARIABLES = re.compile(r"\{(.+?)\}")
_EXTENSION = re.compile(r"\.[a-zA-Z0-9]+")
_SECONDS = re.compile(r"([0-9]+)(?:[ \t]+([0-9]+))?")
_NAME_EXTENSION = re.compile(rb"\.([^.\\/]+)\n?\Z")
_ANCHOR = re.compile(rb"<a(?=\s)")
_TARGET = re.compile(rb'\shref="[^"]*"')
_QR_CODE = re.compile(rb"QR-Code:(\S*)")
_NOT_WORD = re.compile(rb"\W+")
_ANY = re.compile(".")
_MISUSED = re.compile(r"\b(?:Usage:|No such file or directory)")
NO_TEXT = "NoText"
SHORTEST_TOTAL = 10.0
"""Seconds that all programs together have at least, unless a total is given."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: its command line, and its environment variables (name, value)."""

    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Use:
    """Which parts are given to a tool: those whose type or name matches a pattern in full, ignoring case."""

    tool: str
    by_type: bool
    pattern: str


def _plain(text: str, build: Build) -> str | None:
    """The text of a line, or `None` where it is not used: it asks for HTML, and text is what is needed."""
    if "\\\\" in required(text):
        build.warn("Backslashes need not be doubled here.")
        text = text.replace("\\\\", "\\")
    if _HTML_TOOL.search(text):
        build.warn("A program that makes HTML is not used; it has to make plain text.")
        return None
    return text


def _add_use(uses: list[Use], text: str, build: Build) -> list[Use]:
    plain = _plain(text, build)
    if plain is None:
        return uses
    tool, *specifiers = words(plain)
    if not specifiers:
        raise BadValue(f"needs names or types after '{shorten(tool)}'")
    for specifier in specifiers:
        by_type = "/" in specifier
        if not by_type and _EXTENSION.fullmatch(specifier):
            specifier = ".*\\" + specifier
        pattern = f"^(?i){specifier}$"
        build.check_regex("extracttext_use", pattern, "")
        uses.append(Use(lower(tool), by_type, pattern))
    return uses


def _add_tool(tools: dict[str, Tool], text: str, build: Build) -> dict[str, Tool]:
    plain = _plain(text, build)
    if plain is None:
        return tools
    env: dict[str, str] = {}
    while found := _VARIABLES.findall(plain):
        plain = _VARIABLES.sub(" ", plain)
        name, _, value = found[-1].partition("=")
        env[name] = value
    name, *command = words(plain)
    name = lower(name)
    if len(command) < 2:
        raise BadValue(f"needs a command with arguments after '{shorten(name)}'")
    if name in tools:
        raise BadValue(f"defines '{shorten(name)}' a second time")
    tools[name] = Tool(tuple(command), tuple(env.items()))
    return tools


def _add_timeout(_: object, text: str, build: Build) -> tuple[float, bool]:
    found = _SECONDS.fullmatch(required(text))
    if found is None:
        raise BadValue(f"takes seconds for a part, and for all if you like, not '{shorten(text)}'")
    return float(found[1]), bool(found[2] and found[2].strip("0"))


MOST_PARTS = Float("extracttext_maxparts", 10.0, admin_only=True)
TIMEOUT = Custom[tuple[float, bool]]("extracttext_timeout", (5.0, False), _add_timeout, admin_only=True)
"""Seconds for a part, and whether a total was given."""
USES = Custom[tuple[Use, ...]]("extracttext_use", (), _add_use, thaw=list, freeze=tuple, admin_only=True)
TOOLS = Custom[Mapping[str, Tool]](
    "extracttext_external", EMPTY, _add_tool, thaw=dict, freeze=frozen_table, admin_only=True
)


@dataclass(slots=True)
class _Extracted:
    """What was made of the parts of one message; each list without repeats."""

    tools: dict[str, None] = field(default_factory=dict)
    types: dict[str, None] = field(default_factory=dict)
    extensions: dict[str, None] = field(default_factory=dict)
    flags: dict[str, None] = field(default_factory=dict)
    uris: dict[str, None] = field(default_factory=dict)
    chars: int = 0
    words: int = 0

    def add(self, part: Part, tool: str, text: bytes) -> None:
        """Take in the text that a tool made of a part."""
        self.tools[tool] = None
        self.types[part.type] = None
        extension = _NAME_EXTENSION.search(part.name or b"")
        if extension:
            self.extensions[extension[1].decode("latin-1")] = None
        if not text.strip():
            self.flags[NO_TEXT] = None
            return
        self._look_for_links(text)
        if NO_TEXT.encode() in text:
            self.flags[NO_TEXT] = None
        self.chars += len(text)
        self.words += _count_fields(text) - 1
        part.set_rendered(text)

    def _look_for_links(self, text: bytes) -> None:
        if _has_link(text):
            self.flags["ActionURI"] = None
            self.uris[""] = None
        elif code := _QR_CODE.search(text):
            self.flags["QR-Code"] = None
            self.uris[code[1].decode("latin-1")] = None

    def metadata(self) -> Mapping[str, str]:
        """The pseudo header fields, without their prefix."""
        return {
            "Words": str(self.words),
            "Chars": str(self.chars),
            "Tools": " ".join(self.tools),
            "Types": " ".join(self.types),
            "Extensions": " ".join(self.extensions),
            "Flags": " ".join(self.flags),
            "Uris": " ".join(self.uris),
        }


def _has_link(text: bytes) -> bool:
    """Whether there is an anchor with a target; each tag is read once, however many begin in it."""
    for tag in text.split(b">"):
        anchor = _ANCHOR.search(tag)
        if anchor and _TARGET.search(tag, anchor.end()):
            return True
    return False


def _count_fields(text: bytes) -> int:
    fields = _NOT_WORD.split(text)
    while fields and not fields[-1]:
        fields.pop()
    return len(fields)


class ExtractText(Plugin):
    """SpamAssassin's ExtractText; each program has its limits of time, output and memory (`net.programs`)."""

    directives = (MOST_PARTS, TIMEOUT, USES, TOOLS)
    hook_priority = {"post_message_parse": -1}

    @cached_property
    def _uses(self) -> tuple[tuple[Use, Regex, Tool], ...]:
        tools = TOOLS.of(self.conf)
        return tuple(
            (use, compile_regex(use.pattern), tools[use.tool])
            for use in USES.of(self.conf)
            if use.tool in tools
        )

    async def post_message_parse(self, scan: Scan) -> None:
        if not self._uses:
            return
        started = time.monotonic()
        extracted = _Extracted()
        most = int(MOST_PARTS.of(scan.conf))
        parts = scan.message.find_parts(_ANY, only_leaves=True)
        seconds, total_given = TIMEOUT.of(scan.conf)
        total = seconds if total_given or seconds > SHORTEST_TOTAL else SHORTEST_TOTAL
        for part in parts[:most] if most > 0 else parts:
            if time.monotonic() - started >= total:
                scan.unsure_body = True
                break
            if part.rendered()[1] is None:
                await self._extract(scan, part, extracted)
        if extracted.tools:
            for name, value in extracted.metadata().items():
                scan.set_metadata(f"X-ExtractText-{name}", value.encode("latin-1", "replace"))
                scan.set_tag(f"EXTRACTTEXT{name}", value)

    async def _extract(self, scan: Scan, part: Part, extracted: _Extracted) -> None:
        tried: set[str] = set()
        for use, pattern, tool in self._uses:
            text = part.type.encode("latin-1") if use.by_type else part.name
            if use.tool in tried or text is None or not pattern.matches(text):
                continue
            tried.add(use.tool)
            made = await self._run(scan, tool, part)
            if made is not None:
                extracted.add(part, use.tool, made)

    @staticmethod
    async def _run(scan: Scan, tool: Tool, part: Part) -> bytes | None:
        """The text that a tool makes of a part; `None` where it fails. What it wrote when its time ended counts."""
        deadline = scan.deadline.sooner(TIMEOUT.of(scan.conf)[0])
        ran = await run_program(tool.command, part.decode(), seconds=deadline.left() or 0, env=dict(tool.env))
        if ran.status is None:
            scan.unsure_body = True
        elif ran.status:
            _complain(tool, ran)
            return None
        return ran.output


def _complain(tool: Tool, ran: Ran) -> None:
    misused = ran.status == 127 or _MISUSED.search(ran.error)
    log = logger.warning if misused else logger.info
    log("extracttext: %s ended with status %s: %s", tool.command[0], ran.status, ran.error)
