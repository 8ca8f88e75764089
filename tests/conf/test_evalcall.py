"""Eval calls: quoted, bare and odd arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.conf.evalcall import parse_eval
from pyspamd.conf.rules import EvalCall


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("f()", ()),
        ("f(  )", ()),
        ("f('')", ("",)),
        ("f('a', \"b c\" ,1.5,zen.example.net, ::1)", ("a", "b c", "1.5", "zen.example.net", "::1")),
        ("f('it's', 'x)')", ("it's", "x)")),
        ("f('a' 'b')", ("a' 'b",)),
        ("f('a',)", ("a",)),
        ("f('\\d+(?i:x)')", ("\\d+(?i:x)",)),
        ("f(')', \"'\")", (")", "'")),
    ],
)
def test_arguments(text: str, args: tuple[str, ...]) -> None:
    assert parse_eval(text) == EvalCall("f", args)


@pytest.mark.parametrize(
    "text", ["f", "f(a_b)", "f(,)", "f('a' x)", "f('a',,)", "f('a", "f)(", "()", "f() x", "f(/a/)"]
)
def test_no_call(text: str) -> None:
    assert parse_eval(text) is None


@given(st.lists(st.text(alphabet="abc 12().-'\\", max_size=6), max_size=4))
def test_quoted_arguments_come_back(args: list[str]) -> None:
    wanted = tuple(arg for arg in args if '"' not in arg)
    text = "f(" + ", ".join(f'"{arg}"' for arg in wanted) + ")"
    assert parse_eval(text) == EvalCall("f", wanted)


@given(st.text())
def test_no_text_fails(text: str) -> None:
    call = parse_eval(text)
    assert call is None or call.function
