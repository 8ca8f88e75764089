"""Eval calls, `function(arguments)`: a small LALR grammar and the record it gives.

Arguments are quoted with ' or ", or bare (letters, digits, dots, colons, dashes). A quoted argument ends at
its quote only where a comma or the end follows, so quotes may stand inside it, as SpamAssassin reads them.

Example::

    >>> parse_eval("check_rbl('zen-lastexternal', 127.0.0.2)")
    EvalCall(function='check_rbl', args=('zen-lastexternal', '127.0.0.2'))
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from .rules import EvalCall

_GRAMMAR: Final = r"""
start: NAME "(" [argument ("," argument)* [","]] ")"
?argument: QUOTED | BARE
NAME: /[A-Za-z0-9_]+(?=\()/
QUOTED: /'[^\n]*?'(?=[ \t\r\f\v]*(?:,|\)\Z))|"[^\n]*?"(?=[ \t\r\f\v]*(?:,|\)\Z))/
BARE: /[0-9A-Za-z.:-]+(?=[ \t\r\f\v]*(?:,|\)\Z))/
%ignore /[ \t\r\f\v]+/
"""


@lru_cache(maxsize=1)
def _parser() -> Callable[[str], EvalCall | None]:
    """Made when first needed, Lark itself too: where all calls are known from an earlier start, it is not."""
    from lark import Lark, Token
    from lark.exceptions import LarkError

    lark = Lark(_GRAMMAR, parser="lalr", lexer="contextual")

    def parse(text: str) -> EvalCall | None:
        try:
            name, *args = [part for part in lark.parse(text).children if isinstance(part, Token)]
        except LarkError:
            return None
        return EvalCall(str(name), tuple(a[1:-1] if a.type == "QUOTED" else str(a) for a in args))

    return parse


@lru_cache(maxsize=4096)
def parse_eval(text: str) -> EvalCall | None:
    """The call that `text` writes, or `None` where it is not one."""
    return _parser()(text)
