"""Authentication-Results and Received-SPF: the RFCs' examples, malformed fields, writing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.auth import authres, received_spf
from pyspamd.auth.authres import AuthResults, AuthResultsError, MethodResult, read, write
from pyspamd.auth.received_spf import ReceivedSpf


def test_rfc8601_examples() -> None:
    # Appendix B.3 to B.6.
    assert read("example.com; spf=pass smtp.mailfrom=example.net") == AuthResults(
        "example.com", (MethodResult("spf", "pass", "", {"smtp.mailfrom": "example.net"}),)
    )
    found = read(
        "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
        " spf=pass smtp.mailfrom=example.net"
    )
    assert [r.method for r in found.results] == ["auth", "spf"]
    assert found.results[0].properties == {"smtp.auth": "sender@example.net"}
    found = read("example.com; dkim=pass (good signature) header.d=example.com")
    assert found.results == (MethodResult("dkim", "pass", "", {"header.d": "example.com"}),)
    found = read(
        'example.com;\r\n dkim=pass reason="good signature"\r\n header.i=@mail-router.example.net;'
        '\r\n dkim=fail reason="bad signature"\r\n header.i=@newyork.example.com'
    )
    assert [(r.result, r.reason) for r in found.results] == [
        ("pass", "good signature"),
        ("fail", "bad signature"),
    ]
    # Appendix B.7: comments wherever they may stand.
    found = read(
        "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail"
        "\r\n header (A dot can go here) . (like that) d\r\n (surprise) = (as it may (again)) 13624714"
    )
    assert found.results == (MethodResult("dkim", "fail", "", {"header.d": "13624714"}),)


def test_arc() -> None:
    found = read("i=2; mx.example.com; spf=fail smtp.mfrom=example.org; arc=pass", arc=True)
    assert (found.instance, found.server) == (2, "mx.example.com")
    for text in ("mx.example.com; spf=pass", "i=0; mx.example.com; spf=pass", "i=51; x; spf=pass", "i=x; y"):
        with pytest.raises(AuthResultsError):
            read(text, arc=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spf=pass smtp.mailfrom=x",
        "example.com",
        "example.com; none",
        "example.com; unknown=pass",
        "example.com; spf=excellent",
        "example.com; spf=PASS",
        "example.com; spf",
        "example.com; spf=pass smtp.unknown=x",
        "example.com; spf=pass body.mailfrom=x",
        "example.com; spf=pass smtp.mailfrom=",
        "example.com; spf=pass (open",
        "example.com; spf=pass smtp",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(AuthResultsError):
        read(text)


def test_whose_results_are_wanted() -> None:
    assert read("MX.example.com; spf=none", accepts=lambda server: server == "mx.example.com").server
    with pytest.raises(AuthResultsError, match="not wanted"):
        read("mx.example.org; spf=none", accepts=lambda server: server == "mx.example.com")


def test_writing() -> None:
    results = [
        MethodResult("spf", "pass", "", {"smtp.mailfrom": "joe@example.com"}),
        MethodResult("dkim", "fail", 'body "altered"', {"header.d": "example.com", "header.s": "s1"}),
    ]
    text = write("mx.example.com", results)
    assert text == (
        "mx.example.com; spf=pass smtp.mailfrom=joe@example.com; "
        'dkim=fail reason="body \\"altered\\"" header.d=example.com header.s=s1'
    )
    assert [r.properties for r in read(text).results] == [r.properties for r in results]
    assert write("mx.example.com", []) == "mx.example.com; none"
    assert read(write("mx.example.com", results, instance=3), arc=True).instance == 3


def test_received_spf() -> None:
    # RFC 7208 section 9.1.
    found = received_spf.read(
        " pass (mybox.example.org: domain of myname@example.com designates 192.0.2.1 as permitted sender)\r\n"
        '  receiver=mybox.example.org; client-ip=192.0.2.1;\r\n  envelope-from="myname@example.com"; helo=foo'
    )
    assert found == ReceivedSpf(
        "pass",
        {
            "receiver": "mybox.example.org",
            "client-ip": "192.0.2.1",
            "envelope-from": "myname@example.com",
            "helo": "foo",
        },
    )
    assert found.identity == "mfrom"
    for text, identity in (
        ("identity=helo", "helo"),
        ("identity=mailfrom", "mfrom"),
        ("identity=pra", "pra"),
    ):
        found = received_spf.read(f"SoftFail {text}")
        assert found and (found.result, found.identity) == ("softfail", identity)
    assert received_spf.read("excellent") is None


@given(st.text(max_size=200))
def test_never_raises_anything_else(text: str) -> None:
    received_spf.read(text)
    received_spf.read("pass " + text)
    for value in (text, "example.com; spf=pass " + text, "example.com; dkim=pass header.d=" + text):
        for arc in (False, True):
            try:
                authres.read(value, arc=arc)
            except AuthResultsError as error:
                assert str(error)
