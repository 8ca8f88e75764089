"""Quoted-printable and base64, whole and broken."""

import base64
import quopri

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspamd.mail.transfer import decode_base64, decode_quoted_printable


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"a=3Db=3d", b"a=b="),
        (b"soft=\nbreak=\r\n!", b"softbreak!"),
        (b"blanks \t\nkept  x \r\n", b"blanks\nkept  x\r\n"),
        (b"a=ZZ=4", b"a=ZZ=4"),
        (b"==41", b"=A"),
        (b"==\n\nx", b"=\nx"),
        (b"end=", b"end="),
        (b"=\rx", b"=\rx"),
    ],
)
def test_quoted_printable(encoded: bytes, decoded: bytes) -> None:
    assert decode_quoted_printable(encoded) == decoded


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"aGVs\nbG8=\n", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aG!Vs*bG8=", b"hello"),
        (b"QQ==QQ==", b"A\x00\x00A"),
        (b"QQ==QQ==!", b"A\x0f\xffA"),
        (b"QUJDR", b"ABC"),
        (b"A===", b""),
        (b"=", b""),
        (b"", b""),
    ],
)
def test_base64(encoded: bytes, decoded: bytes) -> None:
    assert decode_base64(encoded) == decoded


@given(st.binary(max_size=300))
def test_round_trips(data: bytes) -> None:
    assert decode_base64(base64.encodebytes(data)) == data
    assert decode_quoted_printable(quopri.encodestring(data, quotetabs=True)) == data


@given(st.binary(max_size=300))
def test_nothing_raises(data: bytes) -> None:
    assert len(decode_base64(data)) <= len(data)
    assert len(decode_quoted_printable(data)) <= len(data)
