"""Charsets: names, tables and malformed text, held against Perl's Encode as SpamAssassin uses it."""

import random
import subprocess
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspamd.mail.charset import to_text, to_utf8
from pyspamd.mail.charset_names import canonical_name
from pyspamd.mail.utf8_strict import utf_8

NAMES = [
    name
    for line in (
        "us-ascii ascii iso-8859-1 ISO8859-15 latin1 windows-1251 windows-1252 cp1253 koi8-r KOI8-U utf-8",
        "UTF8",
        "gb2312 GBK gb18030 euc-cn hz big5 big5-hkscs cp950 euc-jp shift_jis cp932 iso-2022-jp 7bit-jis",
        "johab",
        "iso-2022-kr euc-kr ks_c_5601-1987 cp949 utf-16 utf-16be utf-32 utf-32le ucs-2 utf-7 macintosh",
        "viscii",
        "x-mac-cyrillic MacJapanese MacKorean tis-620 gb2312-raw nonsense cp437 koi8-f MacThai MacHebrew",
        "null cp875 symbol",
    )
    for name in line.split()
]
NAMES += ["", "utf-8 "]
FRAGMENTS = (
    *(text.encode(charset) for charset in ("gb2312", "big5", "euc-jp", "utf-8") for text in ("中文", "日")),
    *(
        b"hello ",
        b"\xe4\xf6",
        b"\x1b$B$3\x1b(B",
        b"\x1b(I1",
        b"\x1b$)C\x0e!!\x0f",
        b"~{VPND~}",
        b"+AGE-",
        b"+",
    ),
    *(b"\x80", b"\xff", b"\x81", b"\x8f\xa1\xa1", b"\x00", b" \x00", b"h\x00i\x00", b"\n", b"\xed\xa0\x80"),
    *(b"\xef\xbf\xbf", b"\xf4\x90\x80\x80", b"\xd8\x00", b"\xff\xfeh\x00", b"\xe2\x82", b"\xc0\x80"),
)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"plain", "utf-8", b"plain"),
        (b"plain", "gb2312", "plain"),
        ("ä".encode(), "koi8-r", "ä"),
        (b"\xe4", "us-ascii", "ä"),
        (b"\x93x\x94 \x80", "iso-8859-1", "\u201cx\u201d €"),
        (b"\xd0\xd2\xc9", "koi8-r", "при"),
        (b"\x81\x8d", "utf-8", "\ufffd\ufffd"),
        (b"h\0i\0 \0", "utf-16", "hi "),
        (b"\x1b$B$3\x1b(B", "iso-2022-jp", "こ"),
    ],
)
def test_text(data: bytes, charset: str, text: str | bytes) -> None:
    assert to_text(data, charset) == text


def test_insisting_uses_the_declared_charset() -> None:
    assert to_utf8("ä".encode(), "koi8-r") == "ä".encode()
    assert to_utf8("ä".encode(), "koi8-r", insist=True) == "ц╓".encode()
    assert to_utf8(b"\xe4", "utf-8", insist=True) == "\ufffd".encode()


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("UTF8", "utf8"),
        ("utf_8", "utf-8-strict"),
        (" ISO_8859-1 ", "iso-8859-1"),
        ("x-mac-roman", "MacRoman"),
        ("gb_2312-80", "euc-cn"),
        ("iso-8859-8-i", None),
        ("x" * 5000, None),
    ],
)
def test_names(name: str, canonical: str | None) -> None:
    assert canonical_name(name) == canonical


@given(st.binary(max_size=60), st.sampled_from(NAMES))
def test_nothing_raises(data: bytes, charset: str) -> None:
    to_text(data, charset)
    to_utf8(data, charset)
    to_utf8(data, charset, insist=True)


@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFDCF), max_size=60))
def test_sound_utf8_is_kept(text: str) -> None:
    assert utf_8(text.encode(), True) == text


def ask(perl: str, lines: list[str]) -> list[str]:
    """The answers of the original's normalizer."""
    script = str(Path(__file__).with_name("original_normalize.pl"))
    answer = subprocess.run(
        [perl, script], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True
    )
    return answer.stdout.split("\n")[:-1]


@pytest.mark.oracle
def test_names_as_the_original(oracle: str) -> None:
    names = [
        variant
        for name in NAMES
        for variant in (
            name,
            name.upper(),
            name.replace("-", "_"),
            name.replace("-", ""),
            "x-" + name,
            name + "-1",
        )
    ]
    answers = ask(oracle, [name.encode().hex() for name in names])
    assert [canonical_name(name) or "" for name in names] == answers


@pytest.mark.oracle
def test_text_as_the_original(oracle: str) -> None:
    chance = random.Random(7)
    cases = []
    for _ in range(6000):
        data = b"".join(chance.choices(FRAGMENTS, k=chance.randint(1, 5))) if chance.random() < 0.7 else b""
        data += chance.randbytes(chance.randint(0, 4))
        characters = chance.random() < 0.5
        cases.append((chance.choice(NAMES), characters, not characters and chance.random() < 0.5, data))
    lines = [
        f"{name.encode().hex()},{int(wide)},{int(insist)},{data.hex()}" for name, wide, insist, data in cases
    ]
    for (name, wide, insist, data), answer in zip(cases, ask(oracle, lines), strict=True):
        ours = to_text(data, name) if wide else to_utf8(data, name, insist=insist)
        octets = ours.encode("utf-8", "surrogatepass") if isinstance(ours, str) else ours
        assert f"{int(isinstance(ours, str))},{octets.hex()}" == answer, (name, wide, insist, data)
