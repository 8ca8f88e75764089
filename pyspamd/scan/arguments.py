"""Eval tests' arguments read as Perl reads them: text as numbers, and comparisons such as `> 5`."""

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from math import inf, nan

from ..ruleset.meta_expression import MetaError, compile_sum

Number = int | float
_NUMBER = re.compile(r"[ \t\n\r\f\v]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_INFINITY = re.compile(r"[ \t\n\r\f\v]*([+-]?)inf(?:inity)?", re.IGNORECASE)
_COMPARISON = re.compile(r"[<>=!\-+ 0-9]+")
_PLAIN = re.compile(r" *([<>]=?|[=!]=) *(0|[1-9][0-9]{0,9}) *")  # nothing that needs a parser
_OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@lru_cache(maxsize=4096)
def number(text: str | None, default: float = 0) -> float:
    """What Perl makes of text in a sum: its leading number, 0 where there is none; `default` for a missing one."""
    if text is None:
        return default
    found = _NUMBER.match(text)
    if found:
        return float(found.group(1))
    infinite = _INFINITY.match(text)
    if infinite:
        return -inf if infinite.group(1) == "-" else inf
    return nan if text.strip().lower() == "nan" else 0.0


@lru_cache(maxsize=1024)
def comparison(text: str) -> Callable[[Number], bool] | None:
    """The test that a comparison such as `> 5` or `!= 0` stands for, or `None` where it is none."""
    if plain := _PLAIN.fullmatch(text):
        compare, bound = _OPERATORS[plain[1]], int(plain[2])
        return lambda value: compare(value, bound)
    if not _COMPARISON.fullmatch(text):
        return None
    try:
        expression = compile_sum(f"V {text}")
    except MetaError:
        return None
    return lambda value: bool(expression.evaluate({"V": value}))
