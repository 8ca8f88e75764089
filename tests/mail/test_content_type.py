"""Content-Type values, well written or not."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspamd.mail.content_type import parse_content_type


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"text/plain; charset=utf-8", "text/plain"),
        (b"TEXT/HTML", "text/html"),
        (b"text/enriched", "text/plain"),
        (b"text/calendar", "text/calendar"),
        (b"text", "text/plain"),
        (b"text/plain charset=x", "text/plain"),
        (b"Image/GIF name=x", "image/gif"),
        (b'"application/pdf"', "application/pdf"),
        (b"(", ""),
        (b"/", "/"),
    ],
)
def test_types(value: bytes, kind: str) -> None:
    assert parse_content_type(value).type == kind


@pytest.mark.parametrize("value", [b"", b"0", b"; charset=utf-8"])
def test_missing_types(value: bytes) -> None:
    assert parse_content_type(value).missing
    assert parse_content_type(value).type == "text/plain"


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        (b'multipart/mixed; boundary="a b"', b"a b"),
        (b"multipart/mixed; boundary=ab; x=y", b"ab"),
        (b"multipart/mixed; boundary = ab", b"ab"),
        (b'multipart/mixed; boundary="ab', b"ab"),
        (b'multipart/mixed; boundary=""', None),
        (b"multipart/mixed; xboundary=ab", None),
        (b'multipart/mixed; boundary=ab"c', None),
    ],
)
def test_boundaries(value: bytes, boundary: bytes | None) -> None:
    assert parse_content_type(value).boundary == boundary


@pytest.mark.parametrize(
    ("value", "charset", "name"),
    [
        (b"text/plain; charset='utf-8'; name=\"a.txt\"", "utf-8", b"a.txt"),
        (b"text/plain; charset=utf-8 ; filename=b", "utf-8 ", b"b"),
        (b'text/plain; charset="utf-8" format=flowed', 'utf-8" format=flowed', None),
        (b"text/plain; charset=", "", None),
        (b"text/plain; name*1=b; name*0=a", None, b"ab"),
    ],
)
def test_parameters(value: bytes, charset: str | None, name: bytes | None) -> None:
    found = parse_content_type(value)
    assert (found.charset, found.name) == (charset, name)


@given(st.binary(max_size=200))
def test_nothing_raises(value: bytes) -> None:
    assert parse_content_type(value).type.isascii()


def test_tedious_values_end() -> None:
    for piece in (b"boundary=", b"charset = ", b"name*1=a", b"name= "):
        assert parse_content_type(b"text/plain; " + piece * 200_000 + b'"\n ').type == "text/plain"
