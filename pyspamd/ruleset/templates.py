"""Named captures and the templates that use them: `(?<NAME>…)` sets a tag, `%{NAME}` waits for one.

Source: perldoc Mail::SpamAssassin::Conf, "CAPTURING TAGS USING REGEX NAMED CAPTURE GROUPS".
"""

import re

_CAPTURE = re.compile(r"\(\?P?[<']([A-Z][A-Z0-9_]*)")
_TEMPLATE = re.compile(r"(?<!\\)%\{([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:\([^)}]*\))?)\}")


def capture_names(pattern: str) -> tuple[str, ...]:
    """The tags that a match of the pattern sets."""
    return tuple(dict.fromkeys(_CAPTURE.findall(pattern))) if "(?" in pattern else ()


def template_names(pattern: str) -> tuple[str, ...]:
    """The tags whose values the pattern needs before it can be matched."""
    return tuple(dict.fromkeys(_TEMPLATE.findall(pattern))) if "%{" in pattern else ()
