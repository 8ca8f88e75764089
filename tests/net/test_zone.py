"""The resolver that reads its answers from text."""

import asyncio
import time

import pytest

from pyspamd.base.clock import Deadline
from pyspamd.net.resolver import Answer, Resolver
from pyspamd.net.zone import ZoneResolver

ZONE = """
# a comment
example.com      A      192.0.2.1
Example.COM.     A      192.0.2.2
example.com      MX     10 mail.example.com.
example.com      TXT    v=spf1  -all
www.example.com  CNAME  example.com
loop.example     CNAME  loop.example
gone.example     NXDOMAIN
sick.example     SERVFAIL
shut.example     REFUSED
cut.example      ERROR
silent.example   TIMEOUT
"""


def ask(name: str, kind: str = "A", deadline: Deadline | None = None) -> Answer:
    return asyncio.run(ZoneResolver(ZONE).query(name, kind, deadline))


def test_records() -> None:
    assert ask("EXAMPLE.com.").records == ["192.0.2.1", "192.0.2.2"]
    assert ask("example.com", "mx").records == ["10 mail.example.com"]
    assert ask("example.com", "TXT").texts == [b"v=spf1  -all"]
    answer = ask("www.example.com")
    assert (answer.ok, answer.rcode, answer.aliases, len(answer.found)) == (True, "NOERROR", 1, 2)


@pytest.mark.parametrize(
    ("name", "status", "passing"),
    [
        ("gone.example", "nxdomain", False),
        ("unknown.example", "nxdomain", False),
        ("loop.example", "nxdomain", False),
        ("sick.example", "servfail", True),
        ("shut.example", "refused", True),
        ("cut.example", "error", True),
        ("silent.example", "timeout", True),
    ],
)
def test_failures(name: str, status: str, passing: bool) -> None:
    answer = ask(name)
    assert (answer.status, answer.passing, answer.records) == (status, passing, [])


def test_no_data() -> None:
    assert (ask("example.com", "AAAA").status, ask("example.com", "AAAA").rcode) == ("nodata", "NOERROR")
    assert (ask("www.example.com", "AAAA").status, ask("www.example.com", "AAAA").aliases) == ("nodata", 1)


def test_silence_lasts_until_the_deadline() -> None:
    started = time.monotonic()
    assert ask("silent.example", deadline=Deadline.after(0.05)).status == "timeout"
    assert time.monotonic() - started >= 0.05


def test_long_texts_are_cut_into_strings_and_joined() -> None:
    resolver = ZoneResolver([f"long.example TXT {'x' * 600}", "empty.example TXT"])
    answer = asyncio.run(resolver.query("long.example", "TXT"))
    assert answer.texts == [b"x" * 600]
    assert [len(piece) for piece in answer.found[0].strings] == [255, 255, 90]
    assert asyncio.run(resolver.query("empty.example", "TXT")).texts == [b""]


def test_questions_are_kept() -> None:
    resolver = ZoneResolver(ZONE)
    asyncio.run(resolver.query("Example.com.", "txt"))
    assert resolver.asked == [("example.com", "TXT")]
    assert isinstance(resolver, Resolver)


def test_malformed_line() -> None:
    with pytest.raises(ValueError, match="not a record"):
        ZoneResolver("example.com")
