"""The line grammar of configuration files: one LALR parse of a file into statements that know their place.

Source: `parse` of Mail::SpamAssassin::Conf::Parser.
Each line is a directive and its value, perhaps behind `lang xx`. `#` begins a comment and `\\#` stands for
`#`; there are no continuation lines. Nothing in a file fails to parse here: what a line means is decided
later, line by line, so that a bad one loses only itself.

Example::

    >>> parse_lines("score  FOO 1.5  # heavy\\n")
    [Statement(keyword='score', value='FOO 1.5', line=1, column=8, language='')]
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from .ascii import SPACE, lower

if TYPE_CHECKING:
    from lark import Token

_GRAMMAR: Final = r"""
start: _END? (statement _END)*
statement: KEYWORD VALUE?                   -> plain
         | LANG LANGUAGE KEYWORD VALUE?     -> worded

LANG.2: /lang[ \t\r\f\v]+(?=[^ \t\r\f\v\n#]+(?:(?<=\\)#[^ \t\r\f\v\n#]*)*[ \t\r\f\v]+(?![ \t\r\f\v\n#]))/
LANGUAGE: /[^ \t\r\f\v\n#]+(?:(?<=\\)#[^ \t\r\f\v\n#]*)*[ \t\r\f\v]+/
KEYWORD: /[^ \t\r\f\v\n#]+(?:(?<=\\)#[^ \t\r\f\v\n#]*)*[ \t\r\f\v]*/
VALUE: /[^\n#]+(?:(?<=\\)#[^\n#]*)*/
_END: /(?:[ \t\r\f\v]*(?:#[^\n]*)?\n[ \t\r\f\v]*)+/
%ignore /[ \t\r\f\v]+/
"""


class Statement(NamedTuple):
    """One line of configuration.

    `keyword` is in lower case with `_` for `-`; `line` and `column` count from 1, the column being that of
    the value where there is one; `language` is what `lang` restricts the line to, or empty.
    """

    keyword: str
    value: str
    line: int
    column: int
    language: str = ""


_KEYWORDS: Final[dict[str, str]] = {}


def _keyword(token: str) -> str:
    known = _KEYWORDS.get(token)
    if known is None:
        known = lower(token.rstrip(SPACE).replace("\\#", "#")).replace("-", "_")
        if len(_KEYWORDS) < 10_000:
            _KEYWORDS[str(token)] = known
    return known


def _statement(word: "Token", value: "Token | None", language: str) -> Statement:
    if value is None:
        return Statement(_keyword(word), "", word.line or 0, word.column or 0, language)
    text = value.rstrip(SPACE)
    if "\\#" in text:
        text = text.replace("\\#", "#")
    return Statement(_keyword(word), text, value.line or 0, value.column or 0, language)


@lru_cache(maxsize=1)
def _parser() -> Callable[[str], list[Statement]]:
    """Made when first needed, Lark itself too: where all lines are known from an earlier start, it is not."""
    from lark import Lark, Token, Transformer

    class Statements(Transformer[Token, list[Statement]]):
        """Builds statements while the parser runs, so that no tree is ever held."""

        def plain(self, parts: list[Token]) -> Statement:
            return _statement(parts[0], parts[-1] if len(parts) > 1 else None, "")

        def worded(self, parts: list[Token]) -> Statement:
            language = parts[1].rstrip(SPACE).replace("\\#", "#")
            return _statement(parts[2], parts[3] if len(parts) > 3 else None, language)

        def start(self, parts: list[Statement]) -> list[Statement]:
            return parts

    lark = Lark(
        _GRAMMAR, parser="lalr", lexer="contextual", transformer=Statements(), maybe_placeholders=False
    )
    return lark.parse  # type: ignore[return-value]


def parse_lines(text: str) -> list[Statement]:
    """The statements of a file's text (latin-1, any line ends that Perl takes for white space)."""
    if not text.endswith("\n"):
        text += "\n"
    return _parser()(text)
