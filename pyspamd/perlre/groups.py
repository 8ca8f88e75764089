"""What an opening parenthesis can start: groups, lookarounds, inline modifiers, calls, conditions, verbs.

Source: perlre, Extended Patterns.
"""

import re
from typing import Final, Literal, NamedTuple

from .errors import RegexError
from .syntax import Flag

Kind = Literal[
    "plain",
    "capture",
    "atomic",
    "ahead",
    "not ahead",
    "behind",
    "not behind",
    "reset",
    "condition",
    "flags",
    "call",
    "verb",
    "set",
]


class Opening(NamedTuple):
    """An opening parenthesis with what belongs to it; `flags` are those in force behind it.

    `end` is where the content starts (or, of what has no content, where it ends); `edit` is what PCRE2 needs
    instead.
    """

    kind: Kind
    end: int
    flags: int
    name: str | None = None
    number: int | None = None
    relative: int | None = None
    edit: str | None = None
    unicode: bool = False
    accepts: bool = False
    defines: bool = False


_PLAIN: Final[dict[str, Kind]] = {
    "(?:": "plain",
    "(?=": "ahead",
    "(?!": "not ahead",
    "(?>": "atomic",
    "(?|": "reset",
    "(?<=": "behind",
    "(?<!": "not behind",
}
_FIXED: Final = re.compile(r"\(\?(?:[:=!>|]|<[=!])")
_FLAGS: Final = re.compile(r"\(\?(\^?)([A-Za-z]*)(?:(-)([A-Za-z]*))?([:)])")
_CAPTURE: Final = re.compile(r"\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')", re.ASCII)
_CALL: Final = re.compile(r"\(\?(?:(R)|([+-]\d+)|(\d+)|(?:&|P[>=])([A-Za-z_]\w*))\)", re.ASCII)
_CONDITION: Final = re.compile(
    r"\(\?\((?:(\d+)|<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'|R\d*|R&([A-Za-z_]\w*)|(DEFINE))\)", re.ASCII
)
_SET: Final = re.compile(r"\(\?\[.*?\][ \t\n]*\)", re.DOTALL)
_VERB: Final = re.compile(r"\(\*([A-Za-z_]*)(:[^)]*)?\)")
_WORDED: Final = re.compile(r"\(\*([a-z_]+):")
_WORDS: Final[dict[str, Kind]] = {
    "pla": "ahead",
    "positive_lookahead": "ahead",
    "nla": "not ahead",
    "negative_lookahead": "not ahead",
    "plb": "behind",
    "positive_lookbehind": "behind",
    "nlb": "not behind",
    "negative_lookbehind": "not behind",
    "atomic": "atomic",
    "sr": "atomic",
    "script_run": "atomic",
    "asr": "atomic",
    "atomic_script_run": "atomic",
}
_VERBS: Final = {"ACCEPT", "COMMIT", "F", "FAIL", "MARK", "PRUNE", "SKIP", "THEN", ""}
_LETTERS: Final = {"i": Flag.CASELESS, "m": Flag.MULTILINE, "s": Flag.DOTALL, "n": Flag.NO_CAPTURE}
_ANY_LOOKAROUND: Final = re.compile(r"\(\?(?:[=!]|<[=!])|\(\*[pn]")
_RESET_BY_CARET: Final = ~(
    Flag.CASELESS
    | Flag.MULTILINE
    | Flag.DOTALL
    | Flag.EXTENDED
    | Flag.MORE_EXTENDED
    | Flag.NO_CAPTURE
    | Flag.UNICODE
)


def read_opening(text: str, start: int, flags: int) -> Opening:
    """The opening parenthesis at `start`; raises RegexError."""
    second = text[start + 1 : start + 2]
    if second == "*":
        return _star(text, start, flags)
    if second != "?":
        kind: Kind = "plain" if flags & Flag.NO_CAPTURE else "capture"
        return Opening(kind, start + 1, flags)
    if fixed := _FIXED.match(text, start):
        return Opening(_PLAIN[fixed[0]], fixed.end(), flags)
    if capture := _CAPTURE.match(text, start):
        return Opening("capture", capture.end(), flags, name=capture[1] or capture[2])
    if call := _CALL.match(text, start):
        relative = int(call[2]) if call[2] else None
        number = 0 if call[1] else int(call[3]) if call[3] else None
        return Opening("call", call.end(), flags, name=call[4], number=number, relative=relative)
    if letters := _FLAGS.match(text, start):
        return _modifiers(letters, flags)
    if text.startswith("(?(", start):
        return _condition(text, start, flags)
    if whole := _SET.match(text, start):
        return Opening("set", whole.end(), flags)
    raise RegexError(f"'{text[start : start + 4]}' does not open any kind of group")


def read_flags(letters: str, flags: int) -> int:
    """`flags` with the modifiers `letters` turned on; raises RegexError for what is none."""
    charset = [letter for letter in letters if letter in "adlu"]
    if len(set(charset)) > 1 or len(charset) > (2 if "a" in charset else 1):
        raise RegexError(f"the modifiers '{letters}' do not go together")
    for letter in letters:
        if letter in _LETTERS:
            flags |= _LETTERS[letter]
        elif letter == "x":
            flags |= Flag.EXTENDED
        elif letter == "u":
            flags |= Flag.UNICODE
        elif letter in "adl":
            flags &= ~Flag.UNICODE
        elif letter in "goc":
            raise RegexError(f"the modifier '{letter}' has no use in a rule")
        elif letter != "p":
            raise RegexError(f"there is no modifier '{letter}'")
    if "x" in letters:
        flags = flags | Flag.MORE_EXTENDED if "xx" in letters else flags & ~Flag.MORE_EXTENDED
    return flags


def flags_text(flags: int) -> str:
    """`flags` as PCRE2 writes them for setting all of them: what is on, a minus, what is off."""
    on = "".join(letter for letter, flag in _LETTERS.items() if flags & flag)
    off = "".join(letter for letter, flag in _LETTERS.items() if not flags & flag)
    if flags & Flag.EXTENDED:
        on += "xx" if flags & Flag.MORE_EXTENDED else "x"
    else:
        off += "x"
    return f"{on}-{off}" if off else on


def _modifiers(found: re.Match[str], flags: int) -> Opening:
    caret, letters, minus, dropped, close = found.groups()
    if caret:
        if minus:
            raise RegexError("'(?^' takes no minus")
        flags &= _RESET_BY_CARET
    flags = read_flags(letters, flags)
    for letter in dropped or "":
        if letter in _LETTERS:
            flags &= ~_LETTERS[letter]
        elif letter == "x":
            flags &= ~(Flag.EXTENDED | Flag.MORE_EXTENDED)
        else:
            raise RegexError(f"the modifier '{letter}' cannot be turned off")
    edit = None
    if caret or any(letter not in "imsxn" for letter in letters):
        charset = "-a" if flags & Flag.UNICODE else "a"
        edit = f"(?{charset})(?{flags_text(flags)}{close}" if close == ")" else f"(?{flags_text(flags)}:"
        if close == ":" and ("u" in letters or caret or any(letter in "adl" for letter in letters)):
            edit += f"(?{charset})"
    return Opening(
        "flags" if close == ")" else "plain",
        found.end(),
        flags,
        edit=edit,
        unicode=bool(flags & Flag.UNICODE),
    )


def _condition(text: str, start: int, flags: int) -> Opening:
    found = _CONDITION.match(text, start)
    if found:
        name = found[2] or found[3] or found[4]
        return Opening("condition", found.end(), flags, name=name, defines=bool(found[5]))
    if _ANY_LOOKAROUND.match(text, start + 2):
        return Opening("condition", start + 2, flags)
    raise RegexError("a condition tests neither a group nor a lookaround")


def _star(text: str, start: int, flags: int) -> Opening:
    if worded := _WORDED.match(text, start):
        kind = _WORDS.get(worded[1])
        if kind is not None:
            return Opening(kind, worded.end(), flags)
    verb = _VERB.match(text, start)
    if verb is None or verb[1] not in _VERBS or (verb[1] in ("", "MARK") and not verb[2]):
        raise RegexError(f"'{text[start : start + 12]}' is not a verb that regexes know")
    return Opening("verb", verb.end(), flags, accepts=verb[1] == "ACCEPT")
