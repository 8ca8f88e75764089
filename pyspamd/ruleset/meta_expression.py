"""The language of meta rules: a Lark LALR grammar and a compiler from its tree to Python code objects.

`A && (B + C > 2) && !D` becomes a function of the rules' values. Values and operators are Perl's: a rule that has
not hit is 0, `&&` and `||` give their last operand, a comparison gives 1 or 0, dividing by zero gives 0 (Perl stops
the scan there). Signs stand apart from numbers: `A -1` is no meta, as SpamAssassin takes `-1` for a word it does not
know. Source: perldoc Mail::SpamAssassin::Conf, "meta SYMBOLIC_TEST_NAME boolean arithmetic expression", and
`is_meta_valid` of Mail::SpamAssassin::Conf::Parser.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from operator import truediv
from types import CodeType, FunctionType

from ..base.errors import PyspamdError

Value = int | float
Evaluate = Callable[[Mapping[str, Value]], Value]

_REFUSED = re.compile(r"::|->|[$@%;{}]")
_MATCHING = re.compile(r"(?<!_)\brules_matching\(\s*[_a-zA-Z*?][_a-zA-Z0-9*?]{0,127}\s*\)", re.ASCII)
_WORD = re.compile(r"[-+\d.]+|\w[\w:]*|[()]|\|\||&&|\^|!(?!=)|>=?|<=?|==|!=|[*/]|[?:]", re.ASCII)
_USABLE = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]{0,127}|\d+(?:\.\d+)?|[-+]|-\+|\+-|[^\w\s.+-]{1,2}", re.ASCII)


class MetaError(PyspamdError):
    """An expression that is not one; `str()` says where it breaks."""


def divide(dividend: Value, divisor: Value) -> Value:
    """Perl's division, with 0 where Perl would stop the scan."""
    return dividend / divisor if divisor else 0


def exclusive(one: Value, other: Value) -> Value:
    """Perl's `^`: of whole numbers, negative ones as they stand in 64 bits."""
    return (int(one) ^ int(other)) & 0xFFFFFFFFFFFFFFFF


_GLOBALS: dict[str, object] = {"__builtins__": {}, "divide": divide, "exclusive": exclusive}
_STRICT: dict[str, object] = {**_GLOBALS, "divide": truediv}


@dataclass(frozen=True, slots=True)
class MetaExpression:
    """A compiled expression: the rules it depends on, in order, and the function of their values."""

    names: tuple[str, ...]
    evaluate: Evaluate
    is_declaration: bool
    """`meta NAME ()`: a rule that only something else can make hit."""
    needs: tuple[str, ...] = ()
    """Rules without any one of which it is 0, whatever the others say."""

    def as_data(self) -> "Data":
        """What `restore_meta` needs, as `marshal` can hold it."""
        return self.names, self.evaluate.__code__, self.is_declaration, self.needs


Data = tuple[tuple[str, ...], CodeType, bool, tuple[str, ...]]


def restore_meta(data: Data) -> MetaExpression:
    """The meta that `as_data` came from."""
    names, code, declared, needs = data
    return MetaExpression(names, FunctionType(code, _GLOBALS), declared, needs)


def compile_meta(
    expression: str, rule: str, known: Iterable[str] = (), *, local_tests_only: bool = False
) -> MetaExpression:
    """Compile a meta's expression; `known` are the rule names that `rules_matching(GLOB)` chooses from.

    Raises MetaError with one plain sentence when it is none.
    """
    if "rules_matching" not in expression:
        return _compile_plain(expression, local_tests_only)

    def expand(glob: str) -> Iterable[str]:
        wanted = re.compile(translate(glob))  # the grammar admits no brackets, so only * and ? are special
        return [name for name in known if wanted.match(name) and name != rule]

    return _checked(_compile(_words_of(expression), expand, local_tests_only))


def compile_sum(expression: str) -> MetaExpression:
    """Compile an expression that Perl itself would read: signs may stand right before numbers. Raises MetaError."""
    return _compile(expression, lambda _: (), local_tests_only=False)


def _words_of(expression: str) -> str:
    """The expression with spaces for what means nothing in metas. Raises MetaError for a word that is none."""
    refused = _REFUSED.search(expression)
    if refused:
        raise MetaError(f"'{refused[0]}' may not stand in a meta: {expression.strip()!r}")
    words = [" "] * len(expression)
    whole = [(found.start(), found.end()) for found in _MATCHING.finditer(expression)]
    for start, end in whole:
        words[start:end] = expression[start:end]
    for found in _WORD.finditer(expression):
        if any(start <= found.start() < end for start, end in whole):
            continue
        if not _USABLE.fullmatch(found[0]):
            raise MetaError(
                f"'{found[0]}' means nothing in a meta (signs stand apart): {expression.strip()!r}"
            )
        words[found.start() : found.end()] = found[0]
    return "".join(words)


def _checked(meta: MetaExpression) -> MetaExpression:
    """The meta, unless it divides by zero where nothing has hit. Raises MetaError."""
    try:
        FunctionType(meta.evaluate.__code__, _STRICT)(dict.fromkeys(meta.names, 0))
    except ZeroDivisionError:
        raise MetaError("the expression divides by zero where no rule has hit") from None
    return meta


@lru_cache(maxsize=8192)
def _compile_plain(expression: str, local_tests_only: bool) -> MetaExpression:
    # Reading checks an expression and the rule set compiles it: twice the same work otherwise.
    return _checked(_compile(_words_of(expression), lambda _: (), local_tests_only))


def _compile(
    expression: str, expand: Callable[[str], Iterable[str]], local_tests_only: bool
) -> MetaExpression:
    # Lark, where not all metas are known from an earlier start.
    from .meta_grammar import UnreadableError, to_python

    try:
        body, names = to_python(expression, expand, local_tests_only)
    except UnreadableError as problem:
        raise MetaError(f"the expression {problem}") from None
    arguments = ast.arguments([], [ast.arg("v")], None, [], [], None, [])
    function = ast.FunctionDef("meta", arguments, [ast.Return(body)], [], None, None)
    try:
        needs = tuple(sorted(_needs(body)))
        compiled = compile(ast.fix_missing_locations(ast.Module([function], [])), "<meta>", "exec")
    except (RecursionError, MemoryError, ValueError):
        raise MetaError("the expression is nested too deeply") from None
    code = next(constant for constant in compiled.co_consts if isinstance(constant, CodeType))
    declared = isinstance(body, ast.Constant) and not names and not expression.strip().strip("( )")
    return MetaExpression(names, FunctionType(code, _GLOBALS), declared, needs)


def _needs(tree: ast.expr) -> set[str]:
    """Rules of which each must have hit for the expression not to be 0; some, not always all."""
    match tree:
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return {name}
        case ast.BoolOp(op=ast.And(), values=sides):
            return set().union(*map(_needs, sides))
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return _needs(left) | _needs(right)
        case ast.BoolOp(op=ast.Or(), values=sides):
            return set.intersection(*map(_needs, sides))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _needs(inner)
        case ast.Compare(
            left=left, ops=[operator], comparators=[ast.Constant(value=int() | float() as bound)]
        ):
            # What is 0 is not above this bound, or is not what it must equal.
            refuses_zero = (
                (isinstance(operator, ast.Gt) and bound >= 0)
                or (isinstance(operator, ast.GtE) and bound > 0)
                or (isinstance(operator, ast.Eq) and bound != 0)
            )
            return _needs(left) if refuses_zero else set()
        case _:
            return set()
