"""Conditions of `if` and `ifplugin`: a small LALR grammar, and what a condition says about a configuration.

Source: `handle_conditional` of Mail::SpamAssassin::Conf::Parser.
Known are `version`, `perl_version`, `local_tests_only`, `plugin(X)`, `can(A::b)`, `has(A::b)`, numbers (octal ones
where they begin with 0), brackets and Perl's operators. Characters that belong to none of these are passed over, as
in SpamAssassin, so quotes around a name do no harm.

Example::

    >>> condition = parse_condition("version >= 3.004 && !plugin(My::Plugin)")
    >>> condition.holds(Facts(plugin=lambda name: False))
    True
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..base.errors import PyspamdError

VERSION: Final = "4.000001"
"""The SpamAssassin version that rules see."""

PERL_VERSION: Final = "5.036000"
"""The Perl version that rules see: one that has every construct the stock rules ask about."""

Value = float | str | None

_GRAMMAR: Final = r"""
?start: choice
?choice: either | either "?" choice ":" choice      -> choose
?either: both | either "||" both                    -> either
?both: differ | both "&&" differ                    -> both
?differ: equal | differ "^" equal                   -> differ
?equal: order (EQUALITY order)*                     -> chain
?order: sum (ORDER sum)*                            -> chain
?sum: product | sum SIGN product                    -> compare
      | sum tail                                    -> append
      | sum DOT product                             -> join
?tail: SIGNED                                       -> number
     | tail TIMES unary                             -> compare
?product: unary | product TIMES unary               -> compare
?unary: atom | NOT unary                            -> negate
      | SIGN unary                                  -> signed
?atom: (NUMBER | SIGNED)                            -> number
     | NAME                                         -> name
     | FUNCTION ("(" choice? ")")?                  -> call
     | "(" choice ")"

FUNCTION.3: /(?:plugin|can|has)(?![A-Za-z0-9_:])/
SIGNED.2: /[+-][0-9]+(?:\.[0-9]+)?(?![-+0-9.])/
NUMBER.2: /[0-9]+(?:\.[0-9]+)?(?![-+0-9.])/
NAME: /[A-Za-z0-9_][A-Za-z0-9_:]*/
NOT: /!(?!=)/
EQUALITY: "==" | "!="
ORDER: ">=" | "<=" | ">" | "<"
SIGN: /[-+](?![-+0-9.])/
DOT: /\.(?![-+0-9.])/
TIMES: "*" | "/"
%ignore /[^-+*\/.()|&^!<>=?:A-Za-z0-9_]+|(?<![!<>=])=(?!=)|\|(?!\|)|&(?!&)/
"""

_TOKENS: Final = re.compile(
    r"[-+0-9.]+|[A-Za-z0-9_][A-Za-z0-9_:]*|[()]|\|\||&&|\^|!(?!=)|>=?|<=?|==|!=|[-+*/]|[?:]"
)
_PLAIN: Final = re.compile(r"[^A-Za-z0-9_]{1,5}|[+-]?[0-9]+(?:\.[0-9]+)?")
_OCTAL: Final = re.compile(r"([+-]?0[0-9]+)(?:\.([0-9]+))?")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_]+::){0,10}[A-Za-z0-9_]+")
_RENAMED: Final = {
    "Mail::SpamAssassin::Plugin::Dmarc": "Mail::SpamAssassin::Plugin::DMARC",
    "Mail::SpamAssassin::Plugin::WhiteListSubject": "Mail::SpamAssassin::Plugin::WelcomeListSubject",
}


def current_name(package: str) -> str:
    """The package's present name, where SpamAssassin 4 has renamed it."""
    return _RENAMED.get(package, package)


class UnreadableConditionError(PyspamdError):
    """A word of the condition means nothing at all; the line is then no condition."""


class BrokenConditionError(PyspamdError):
    """The condition does not parse or cannot be worked out; it counts as false."""


def _no(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition may ask: loaded plugins and features by full Perl name."""

    plugin: Callable[[str], bool] = _no
    can: Callable[[str], bool] = _no
    has: Callable[[str], bool] = _no
    local_tests_only: bool = False
    complain: Callable[[str], object] = _no
    """Told of a part that cannot be answered and counts as false."""


Node = tuple[Any, ...]
"""A part of a condition: what it is, then its parts: nodes, and tokens as text."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition; its tree is plain data, so that a cache of parsed configurations can keep it."""

    tree: Node

    def holds(self, facts: Facts) -> bool:
        """Whether the condition is true. Raises BrokenConditionError where it cannot be worked out."""
        try:
            return _truth(_value(self.tree, facts))
        except ZeroDivisionError as error:
            raise BrokenConditionError("it divides by zero") from error


def _truth(value: Value) -> bool:
    return value not in (None, "", "0", 0.0)


def _number(value: Value) -> float:
    if isinstance(value, str):
        found = re.match(r"[ \t]*[+-]?[0-9]+(?:\.[0-9]*)?", value)
        return float(found[0]) if found else 0.0
    return value or 0.0


def _text(value: Value) -> str:
    return f"{value:.15g}" if isinstance(value, float) else value or ""


_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _value(node: Node, facts: Facts) -> Value:
    """Work out a part of the condition; what `&&`, `||` and `?:` do not need stays unasked, as in Perl."""
    kind, *parts = node
    match kind:
        case "choose":
            return _value(parts[1 if _truth(_value(parts[0], facts)) else 2], facts)
        case "either" | "both":
            left = _value(parts[0], facts)
            return left if _truth(left) == (kind == "either") else _value(parts[1], facts)
        case "differ":
            return _exclusive(_value(parts[0], facts), _value(parts[1], facts))
        case "chain":
            return _chain(parts, facts)
        case "compare":
            left, right = _number(_value(parts[0], facts)), _number(_value(parts[2], facts))
            return float(_OPERATORS[parts[1]](left, right))
        case "negate":
            return float(not _truth(_value(parts[1], facts)))
        case "signed":
            value = _value(parts[1], facts)
            if parts[0] == "+":
                return value
            return f"-{value}" if isinstance(value, str) else -_number(value)
        case "join":
            return _text(_value(parts[0], facts)) + _text(_value(parts[2], facts))
        case "append":
            return _number(_value(parts[0], facts)) + _number(_value(parts[1], facts))
        case "call":
            return _call(parts[0], _value(parts[1], facts) if len(parts) > 1 else None, facts)
        case "name":
            return _name(parts[0], facts)
        case _:
            return _literal(parts[0])


def _literal(number: str) -> float:
    """What a number stands for."""
    try:
        return float(int(number, 8)) if _OCTAL.fullmatch(number) else float(number)
    except OverflowError:
        return -math.inf if number.startswith("-") else math.inf


def _chain(parts: list[Any], facts: Facts) -> Value:
    """Comparisons in a row all have to hold (Perl 5.32); what stands alone is itself."""
    if len(parts) == 1:
        return _value(parts[0], facts)
    left = _number(_value(parts[0], facts))
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        right = _number(_value(part, facts))
        if not _OPERATORS[sign](left, right):
            return 0.0
        left = right
    return 1.0


def _exclusive(left: Value, right: Value) -> Value:
    if isinstance(left, float) or isinstance(right, float):
        return float(_bits(left) ^ _bits(right))
    return float(bool(left or right))  # byte by byte, which leaves text that counts as true


def _bits(value: Value) -> int:
    number = _number(value)
    if math.isfinite(number):
        return int(number) & 0xFFFF_FFFF_FFFF_FFFF
    return 0xFFFF_FFFF_FFFF_FFFF if number > 0 else 0


def _name(word: str, facts: Facts) -> Value:
    known = {
        "version": float(VERSION),
        "perl_version": float(PERL_VERSION),
        "local_tests_only": float(facts.local_tests_only),
    }
    return known.get(word, current_name(word))


def _call(function: str, argument: Value, facts: Facts) -> Value:
    if function == "plugin":
        return 1.0 if facts.plugin(str(argument)) else None
    if argument is None or "::" not in str(argument):
        facts.complain(f"{function}({argument or ''}) needs a name with '::' in it")
        return None
    return 1.0 if (facts.can if function == "can" else facts.has)(str(argument)) else None


@lru_cache(maxsize=1)
def _parser() -> Callable[[str], Node]:
    """Made when first needed, Lark itself too: where all conditions are known from an earlier start, it is not."""
    from lark import Lark, Token, Tree
    from lark.exceptions import LarkError

    lark = Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)

    def plain(tree: Tree[Token]) -> Node:
        parts = (str(part) if isinstance(part, Token) else plain(part) for part in tree.children)
        return str(tree.data), *parts

    def parse(text: str) -> Node:
        try:
            return plain(lark.parse(text))
        except LarkError as error:
            raise BrokenConditionError("it does not parse") from error

    return parse


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition:
    """Parse a condition. Raises UnreadableConditionError or BrokenConditionError."""
    for token in _TOKENS.findall(text):
        if not _PLAIN.fullmatch(token) and not (len(token) > 1 and _NAME.fullmatch(token)):
            raise UnreadableConditionError(f"'{token}' means nothing in a condition")
    text = _TOKENS.sub(_with_octals_apart, text)
    return Condition(_parser()(text))


def _with_octals_apart(token: re.Match[str]) -> str:
    """A word of a condition, its dot made an operator if it begins with an octal number, which has no fraction."""
    found = _OCTAL.fullmatch(token[0])
    if found is None:
        return token[0]
    parts = [part for part in found.groups() if part is not None]
    for part in parts:
        if _OCTAL.fullmatch(part) and re.search("[89]", part):
            raise BrokenConditionError(f"'{part}' begins with 0, but is no octal number")
    return " . ".join(parts)
