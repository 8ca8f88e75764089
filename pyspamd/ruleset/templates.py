"""Named captures and the templates that use them: `(?<NAME>…)` sets a tag, `%{NAME}` waits for one.

Source: perldoc Mail::SpamAssassin::Conf, "CAPTURING TAGS USING REGEX NAMED CAPTURE GROUPS".
"""

import re

_CAPTURE = re.compile(r"\(\?P?[<']([A-Z][A-Z0-9_]*)")
_TEMPLATE = re.compile(r"(?<!\\)%\{([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:\([^)}]*\))?)\}")


def capture_names(pattern: str) -> tuple[str, ...]:
    """The tags that a match of the pattern sets."""
    return tuple(dict.fromkeys(_CAPTURE.findall(pattern))) if "(?" in pattern else ()


def template_name(pattern: str) -> str:
    """The tag whose value the pattern needs before it can be matched, or nothing.

    Of several templates the last one's name counts; the others are plain text, as SpamAssassin takes them.
    """
    found = _TEMPLATE.findall(pattern) if "%{" in pattern else []
    return found[-1] if found else ""


def with_text(pattern: str, name: str, text: str) -> str:
    """The pattern with `text` wherever it waits for the tag `name`; other templates become plain text."""
    return _TEMPLATE.sub(lambda found: text if found[1] == name else f"%\\{{{found[1]}\\}}", pattern)
