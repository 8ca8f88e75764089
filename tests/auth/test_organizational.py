"""Organizational domains: the published vectors of the Public Suffix List, and what Mail::DMARC makes of the rest."""

from pathlib import Path

import publicsuffixlist
import pytest

from pyspamd.auth.organizational import organizational_domain


@pytest.mark.parametrize(
    ("domain", "organizational"),
    [
        ("example.com", "example.com"),
        ("a.b.Example.COM", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        # Private registries count.
        ("a.b.github.io", "b.github.io"),
        # A wildcard, and its exception.
        ("a.b.c.ck", "b.c.ck"),
        ("a.www.ck", "www.ck"),
        # A public suffix is an organization of its own.
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("a.b.xn--p1ai", "b.xn--p1ai"),
        ("shop.invalid", None),
        ("localhost", None),
        ("a..com", None),
        ("", None),
    ],
)
def test_domains(domain: str, organizational: str | None) -> None:
    assert organizational_domain(domain) == organizational


def test_the_published_vectors() -> None:
    vectors = Path(publicsuffixlist.__file__).parent / "test_psl.txt"
    if not vectors.exists():
        pytest.skip("this release of publicsuffixlist comes without test_psl.txt")
    seen = 0
    for line in vectors.read_text("utf-8").splitlines():
        if not line.startswith("checkPublicSuffix('"):
            continue
        domain, _, expected = line.removeprefix("checkPublicSuffix(").removesuffix(");").partition(", ")
        if expected != "null" and "example" not in expected.rpartition(".")[2]:
            assert organizational_domain(domain.strip("'")) == expected.strip("'")
            seen += 1
    assert seen > 40
