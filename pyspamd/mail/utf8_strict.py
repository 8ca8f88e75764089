"""UTF-8 as Perl's Encode reads it: no surrogates, no noncharacters, and repairs of its own."""

import re

# What an accepted sequence needs to hold a noncharacter; the tests for these cost next to nothing.
_NONCHARACTER_TAILS = (b"\xbf\xbe", b"\xbf\xbf", b"\xef\xb7")
_NONCHARACTER = re.compile(
    rb"\xef\xb7[\x90-\xaf]|\xef\xbf[\xbe\xbf]|[\xf0-\xf4][\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf]"
)
_VALID = re.compile(
    rb"(?:[\x00-\x7f]++|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xef(?:[\x80-\xb6\xb8-\xbe][\x80-\xbf]|\xb7[\x80-\x8f\xb0-\xbf]|\xbf[\x80-\xbd])"
    rb"|(?![\xf0-\xf4][\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf])"
    rb"(?:\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}))++"
)
# What one U+FFFD stands for: a first byte with the continuations it may have, or one that cannot start a
# character. Perl 5.26 and later go on from the latter one class off and so may swallow a whole sequence more.
_FAULT = re.compile(
    rb"[\x80-\xc1\xed\xf5-\xff](?:[\xc0\xc1\xed\xf5-\xff][\x80-\xbf]|[\xc2-\xdf][\x80-\xbf]{2}"
    rb"|[\xe1-\xec\xee](?:[\x80-\xb6\xb8-\xbe][\x80-\xbf]|\xb7[\x80-\x8f\xb0-\xbf]|\xbf[\x80-\xbd])"
    rb"|\xef(?:[\x80-\x8e][\x80-\xbf]{2}|\x8f(?:[\x80-\xbe][\x80-\xbf]|\xbf[\x80-\xbd]))"
    rb"|\xf4(?![\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf])[\x80-\xbf]{3}"
    rb"|[\xf1-\xf3][\xa0-\xbf][\x80-\xbf]"
    rb"|\xe0(?![\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf])[\x90-\xbf][\x80-\xbf]{2})"
    rb"|[\xc0-\xdf][\x80-\xbf]?|[\xe0-\xef][\x80-\xbf]{0,2}|[\xf0-\xf7][\x80-\xbf]{0,3}"
    rb"|[\xf8-\xfb][\x80-\xbf]{0,4}|[\xfc\xfd][\x80-\xbf]{0,5}|\xfe[\x80-\xbf]{0,6}|\xff[\x80-\xbf]{0,12}"
    rb"|[\x80-\xbf]"
)


def utf_8(data: bytes, strict: bool) -> str | None:
    """The text of `data` (RFC 3629); malformed, `None` if `strict`, else with U+FFFD where Perl has it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        if strict:
            return None
    else:
        if not any(tail in data for tail in _NONCHARACTER_TAILS) or not _NONCHARACTER.search(data):
            return text
        if strict:
            return None
    pieces: list[str] = []
    at = 0
    while at < len(data):
        found = _VALID.match(data, at)
        if found:
            pieces.append(found[0].decode())
        else:
            found = _FAULT.match(data, at)
            pieces.append("\ufffd")
        at = found.end() if found else at + 1
    return "".join(pieces)
