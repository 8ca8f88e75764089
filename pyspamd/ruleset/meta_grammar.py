"""The grammar of meta rules, and what stands for an expression of it in Python. `meta_expression` has the rest.

Source: as for `meta_expression`.
"""

import ast
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from ..base.errors import PyspamdError

GRAMMAR = r"""
?start: ternary
?ternary: either
        | either "?" ternary ":" ternary -> choose
?either: both | either "||" both   -> either
?both: bitxor | both "&&" bitxor   -> both
?bitxor: equality | bitxor "^" equality -> bitxor
?equality: relation (EQUALS relation)*  -> chain
?relation: shift (ORDERS shift)*        -> chain
?shift: product
      | shift "+" product          -> add
      | shift "-" product          -> sub
?product: unary
        | product "*" unary        -> mul
        | product "/" unary        -> div
?unary: power
      | "!" unary                  -> negation
      | "-" unary                  -> minus
      | "+" unary                  -> plus
?power: NUMBER                     -> number
      | NAME                       -> rule
      | MATCHING                   -> matching
      | "(" ternary ")"
      | "(" ")"                    -> nothing

EQUALS: "==" | "!="
ORDERS: "<=" | ">=" | "<" | ">"
NUMBER: /\d+(\.\d+)?|\.\d+/
NAME.1: /[_a-zA-Z][_a-zA-Z0-9]*/
MATCHING.2: /rules_matching\(\s*[_a-zA-Z*?][_a-zA-Z0-9*?]*\s*\)/
%ignore /\s+/
"""

_OCTAL = re.compile(r"0[0-9]")


class UnreadableError(PyspamdError):
    """What the grammar has no place for; `str()` is a predicate."""


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def _call(function: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), list(args), [])


_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}


def _arithmetic(operator: type[ast.operator]) -> Callable[[object, list[ast.expr]], ast.expr]:
    def build(_self: object, sides: list[ast.expr]) -> ast.expr:
        return ast.BinOp(sides[0], operator(), sides[1])

    return build


def _called(function: str) -> Callable[[object, list[ast.expr]], ast.expr]:
    def build(_self: object, sides: list[ast.expr]) -> ast.expr:
        return _call(function, *sides)

    return build


class _ToPython(Transformer[Token, ast.expr]):
    """Parse tree to Python expression over one argument, `v`, the mapping of rule values."""

    def __init__(self, expand: Callable[[str], Iterable[str]], local_tests_only: bool) -> None:
        super().__init__()
        self.expand = expand
        self.local_tests_only = local_tests_only
        self.names: dict[str, None] = {}

    def _value(self, name: str) -> ast.expr:
        self.names[name] = None
        return ast.Subscript(ast.Name("v", ast.Load()), ast.Constant(name), ast.Load())

    def nothing(self, _: list[ast.expr]) -> ast.expr:
        return ast.Constant(0)

    def number(self, tokens: list[Token]) -> ast.expr:
        text = str(tokens[0])
        if not _OCTAL.match(text):
            return ast.Constant(float(text) if "." in text else int(text))
        return ast.Constant(int(text, 8))

    def rule(self, tokens: list[Token]) -> ast.expr:
        name = str(tokens[0])
        if name == "local_tests_only":
            return ast.Constant(int(self.local_tests_only))
        return self._value(name)

    def matching(self, tokens: list[Token]) -> ast.expr:
        total: ast.expr = ast.Constant(0)
        for name in sorted(self.expand(str(tokens[0]).split("(")[1].rstrip(" )\t").strip())):
            total = ast.BinOp(total, ast.Add(), self._value(name))
        return total

    def either(self, sides: list[ast.expr]) -> ast.expr:
        return ast.BoolOp(ast.Or(), sides)

    def both(self, sides: list[ast.expr]) -> ast.expr:
        return ast.BoolOp(ast.And(), sides)

    def negation(self, sides: list[ast.expr]) -> ast.expr:
        return ast.UnaryOp(ast.Not(), sides[0])

    def minus(self, sides: list[ast.expr]) -> ast.expr:
        return ast.UnaryOp(ast.USub(), sides[0])

    def plus(self, sides: list[ast.expr]) -> ast.expr:
        return sides[0]

    def choose(self, parts: list[ast.expr]) -> ast.expr:
        return ast.IfExp(parts[0], parts[1], parts[2])

    def chain(self, parts: list[ast.expr | Token]) -> ast.expr:
        # Perl chains comparisons as Python does: `A < B < C` is `A < B && B < C`.
        sides = [part for part in parts if isinstance(part, ast.expr)]
        operators = [_COMPARISONS[str(part)]() for part in parts if isinstance(part, Token)]
        return ast.Compare(sides[0], operators, sides[1:]) if operators else sides[0]

    add, sub, mul = _arithmetic(ast.Add), _arithmetic(ast.Sub), _arithmetic(ast.Mult)
    bitxor, div = _called("exclusive"), _called("divide")


def to_python(
    expression: str, expand: Callable[[str], Iterable[str]], local_tests_only: bool
) -> tuple[ast.expr, tuple[str, ...]]:
    """The expression as one of Python over `v`, and the rules that it names; `expand` gives those of a glob.

    Raises UnreadableError.
    """
    builder = _ToPython(expand, local_tests_only)
    try:
        body = builder.transform(_parser().parse(expression))
    except UnexpectedInput as problem:
        column = getattr(problem, "column", -1)
        where = f"at column {column}" if isinstance(column, int) and column > 0 else "at its end"
        raise UnreadableError(f"breaks {where}: {expression.strip()!r}") from None
    except (VisitError, RecursionError):
        raise UnreadableError(f"cannot be read: {expression.strip()[:80]!r}") from None
    return body, tuple(builder.names)
