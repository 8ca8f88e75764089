"""Where a body stopped being what was signed: each change made to a body, found again."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import body_fault
from pyspamd.auth.body_fault import find_fault
from pyspamd.auth.canonical import relaxed_body, simple_body

PLAIN = b"Hello,\r\n\r\nFrom here on\r\n.. it goes\r\nAnn\r\n"
MULTIPART = b"--x\r\n\r\nHello\r\n--x\r\n\r\nBye\r\n--x--\r\n"
FOOTER = b"____\r\nthe list\r\n"


def fault(signed: bytes, now: bytes, length: int | None = None, before: bytes = b"") -> tuple[object, ...]:
    wanted = hashlib.sha256(before + signed[:length]).digest()
    found = find_fault(now, wanted, "sha256", length=length, before=before)
    assert found.words
    return found.change, found.first_byte, found.line, found.size


def test_appended() -> None:
    assert fault(PLAIN, PLAIN + FOOTER) == ("appended", len(PLAIN), 6, len(FOOTER))
    assert fault(PLAIN, PLAIN + b"\r\n\r\n" + FOOTER) == ("appended", len(PLAIN), 6, len(FOOTER) + 4)
    # An empty body, as relaxed and simple have it.
    assert fault(b"", FOOTER) == ("appended", 0, 1, len(FOOTER))
    assert fault(b"\r\n", FOOTER) == ("appended", 0, 1, len(FOOTER))


def test_prepended() -> None:
    assert fault(PLAIN, FOOTER + PLAIN) == ("prepended", 0, 1, len(FOOTER))
    assert fault(PLAIN, FOOTER + PLAIN, 20) == ("prepended", 0, 1, len(FOOTER))


def test_inserted_before_a_boundary() -> None:
    at = MULTIPART.index(b"--x\r\n\r\nBye")
    assert fault(MULTIPART, MULTIPART[:at] + FOOTER + MULTIPART[at:]) == ("inserted", at, 4, len(FOOTER))
    assert fault(MULTIPART, MULTIPART[:at] + FOOTER + MULTIPART[at:], 30) == ("inserted", at, 4, len(FOOTER))
    # A part of its own, as lists add it.
    at = MULTIPART.index(b"--x--")
    assert fault(MULTIPART, MULTIPART[:at] + b"--x\r\n\r\n" + FOOTER + MULTIPART[at:])[:2] == ("inserted", at)


def test_rewritten() -> None:
    at = PLAIN.index(b"From")
    assert fault(PLAIN, PLAIN.replace(b"From", b">From")) == ("quoted", at, 3, 1)
    at = PLAIN.index(b"..")
    once = PLAIN.replace(b"..", b".")
    assert fault(once, PLAIN) == ("dots", at, 4, 1)


def test_shortened() -> None:
    assert fault(PLAIN, PLAIN[:10], 20)[0] == "shortened"


def test_behind_a_header() -> None:
    assert fault(PLAIN, PLAIN + FOOTER, before=b"From:a\r\n\r\n") == ("appended", len(PLAIN), 6, len(FOOTER))


def test_unknown() -> None:
    assert fault(PLAIN, PLAIN.replace(b"Ann", b"Bob")) == ("unknown", None, None, None)


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_fault, "MOST_BYTES", 100_000)
    hashed = 0

    class Counting(body_fault._Search):
        def fits(self, rest: bytes | memoryview, *args: object) -> bool:
            nonlocal hashed
            if not self.ended:
                hashed += len(rest)
            return super().fits(rest, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(body_fault, "_Search", Counting)
    body = b"--\r\n" * 10_000
    assert find_fault(body, b"no such hash", "sha256").change == "unknown"
    assert hashed < 100_000 + len(body)


LINES = st.lists(st.sampled_from([b"", b"a", b"--x", b">From b", b"..", b" c  d "]), max_size=12)


@given(LINES, LINES, st.integers(0, 40))
def test_what_is_found_is_so(lines: list[bytes], more: list[bytes], length: int) -> None:
    for form in (simple_body, relaxed_body):
        signed, now = (form(b"".join(line + b"\r\n" for line in part)) for part in (lines, lines + more))
        found = find_fault(now, hashlib.sha1(signed).digest(), "sha1")
        if signed != now:
            # Lines at the end are always found.
            assert found.first_byte is not None
            if found.change == "appended":
                assert form(now[: found.first_byte]) == signed
        find_fault(now, hashlib.sha1(signed[:length]).digest(), "sha1", length=length)
