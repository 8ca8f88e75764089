"""The URIs of a whole message: text, HTML and signing domains together."""

import json
from pathlib import Path
from typing import Any

import pytest

from pyspamd.base.registry import Registry
from pyspamd.mail.headers import Headers
from pyspamd.mail.message import Message
from pyspamd.mail.uri_canon import Redirectors
from pyspamd.mail.uris import (
    MAX_URI_LENGTH,
    HtmlUri,
    UriDetails,
    UriSettings,
    add_signers,
    body_uris,
    uri_details,
    uri_list,
    uri_subjects,
)
from pyspamd.perlre.delimited import compile_delimited

TLDS = ("com", "org", "net")
CONFIGURATION = f"util_rb_tld {' '.join(TLDS)}\n"
REGISTRY = Registry(TLDS)
SETTINGS = UriSettings(REGISTRY)

BODY = ["Offer", "see www.example.com/a and me@example.org or http://example.com/é now"]
PAGES: list[dict[str, tuple[list[str], list[str]]]] = [
    {
        "http://example.com/é": (["a"], ["here", "there", "here"]),
        "http://www.example.com/a": (["img", "a"], []),
        "relative.html": (["form"], []),
        "": ([], ["no link"]),
        "mailto:me@example.net?subject=x": (["a"], ["write"]),
        "http://例え.example.org/": (["a"], []),
    },
    {"http://example.com/é": (["area"], ["here"])},
]
SIGNATURES = ["v=1; d=Example.NET; s=d; b=d=x", "a=b; d = mail. example.org ;d=nosuch"]
HEAD = "".join(f"DKIM-Signature: {signature}\n" for signature in SIGNATURES)


def in_perl(page: dict[str, tuple[list[str], list[str]]]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for uri, (types, anchors) in page.items():
        entry: dict[str, Any] = {"types": dict.fromkeys(types, 1)} if types else {}
        if anchors:
            entry["anchor_text"] = anchors
        entries[uri] = entry
    return {"uri_detail": entries}


def signed_by(*signatures: str) -> Headers:
    headers = Headers()
    for signature in signatures:
        headers.add(b"DKIM-Signature", signature.encode() + b"\n")
    return headers


def test_details_as_the_original_has_them(original) -> None:
    octets = [text.encode().decode("latin-1") for text in BODY]
    pages = [in_perl(page) for page in PAGES]
    [answer] = original(CONFIGURATION, [("uris", [octets, pages, HEAD], False)])
    html = [[HtmlUri(uri, tuple(t), tuple(a)) for uri, (t, a) in page.items()] for page in PAGES]
    details = uri_details([text.encode() for text in BODY], html, SETTINGS)
    # What is written down and read back is the same, and signing domains come on top of it.
    details = UriDetails.from_data(json.loads(json.dumps(details.as_data())), SETTINGS)
    add_signers(details, signed_by(*SIGNATURES))
    ours = {
        uri: {
            "cleaned": sorted(detail.cleaned),
            "domains": sorted(detail.domains),
            "hosts": detail.hosts,
            "types": sorted(detail.types),
            "anchor_text": detail.anchor_text,
        }
        for uri, detail in details.items()
    }
    assert ours == answer["details"]
    assert sorted(uri_list(details)) == answer["list"]
    assert details["domainkeys:Example.NET"].hosts == {"example.net": "example.net"}


def test_signing_domains_can_be_left_out() -> None:
    without = UriSettings(REGISTRY, parse_dkim_uris=False)
    for settings, expected in ((without, []), (SETTINGS, ["domainkeys:example.com"])):
        details = UriDetails(settings)
        add_signers(details, signed_by("d=example.com"))
        assert list(details) == expected
        assert uri_list(details) == []


def test_long_uris_are_cut_and_it_is_noted() -> None:
    details = UriDetails(SETTINGS)
    assert details.add("http://example.com/" + "a" * 100) is not None
    assert not details.truncated
    details.add("http://example.com/" + "a" * MAX_URI_LENGTH)
    assert details.truncated
    assert max(map(len, uri_list(details))) == MAX_URI_LENGTH


def test_what_names_no_domain_is_refused_where_one_is_needed() -> None:
    details = UriDetails(SETTINGS)
    assert details.add("http://example.nosuch/", valid_domain=True) is None
    assert details == {}
    assert details.add("http://example.nosuch/") is not None


def test_rules_match_octets() -> None:
    details = UriDetails(SETTINGS)
    details.add("http://example.com/\u2603", wide=True)
    details.add("http://example.com/\xe9", wide=True)
    assert sorted(uri_subjects(details)) == [b"http://example.com/\x9d", b"http://example.com/\xe9"]


def stock_settings(rules: Path) -> UriSettings:
    """The settings that the stock rules make, read without the configuration's own reader."""
    lines = [
        line.split(None, 1)
        for name in ("20_aux_tlds.cf", "20_uri_tests.cf", "72_active.cf")
        for line in (rules / name).read_text("latin-1").splitlines()
        if line.startswith(("util_rb_", "redirector_pattern"))
    ]
    words = {
        setting: [word for name, text in lines if name == setting for word in text.split()]
        for setting in ("util_rb_tld", "util_rb_2tld", "util_rb_3tld")
    }
    patterns = [compile_delimited(text) for name, text in lines if name == "redirector_pattern"]
    return UriSettings(Registry(*words.values()), Redirectors(patterns))


@pytest.mark.oracle
def test_corpus_uris_as_recorded(
    corpus: Path, expected_local: dict[str, dict[str, Any]], stock_rules: Path
) -> None:
    settings = stock_settings(stock_rules)
    differing = []
    for file, expected in sorted(expected_local.items())[::7]:
        message = Message((corpus / file).read_bytes())
        details = body_uris(message, settings)
        add_signers(details, message.headers)
        if sorted(uri_list(details)) != sorted(expected["uris"]):
            differing.append(file)
    assert differing == []
