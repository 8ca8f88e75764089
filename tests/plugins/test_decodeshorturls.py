"""DecodeShortURLs: which links are short ones, and where a web server of our own sends those who follow them."""

import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

RULES = """
loadplugin Mail::SpamAssassin::Plugin::DecodeShortURLs
body SHORT    eval:short_url()
body REDIR    eval:short_url_redir()
body OK       eval:short_url_200()
body MISSING  eval:short_url_404()
body CODE_410 eval:short_url_code('410')
body CODE_500 eval:short_url_code('500')
body CODE_BAD eval:short_url_code('4')
body CHAINED  eval:short_url_chained()
body MAXCHAIN eval:short_url_maxchain()
body LOOP     eval:short_url_loop()
uri  TARGET   /target/
url_shortener short.example .links.example gone.example
url_shortener_get GET.example
clear_url_shortener gone.example
"""
LINKS = [
    "http://short.example/abc",
    "https://SHORT.example/abc?x=1#y",
    "http://short.example/",
    "http://short.example",
    "http://short.example/-",
    "http://short.example:8080/abc",
    "http://user:pw@short.example/abc",
    "http://www.short.example/abc",
    "http://www.short.example/",
    "http://other.short.example/abc",
    "http://a.links.example/abc",
    "http://a.links.example/",
    "http://www.links.example/abc",
    "http://links.example/abc",
    "http://a.b.links.example/abc",
    "http://gone.example/abc",
    "http://get.example/abc",
    "ftp://short.example/abc",
    "mailto:joe@short.example",
    "short.example/abc",
    "http://short.example?a=/b",
]


def mail(*links: str) -> bytes:
    return ("Subject: x\n\n" + "".join(f"see {link} here\n" for link in links)).encode()


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines",
    ["", "clear_url_shortener\n", "clear_url_shortener\nurl_shortener links.example\n", "max_short_urls 0\n"],
)
def test_short_links(agreement: Any, lines: str) -> None:
    verdicts = agreement(RULES + lines, [mail(link) for link in LINKS] + [mail()])
    assert any(verdict["hits"] for verdict in verdicts) == (lines != "clear_url_shortener\n")


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says: `/301/PLACE` sends to PLACE, `/404` is not there."""

    def do_HEAD(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers["User-Agent"]))  # type: ignore[attr-defined]
        status, _, place = self.path.removeprefix("/").partition("/")
        self.send_response(int(status) if status.isdigit() else 404)
        if place:
            base = f"http://127.0.0.1:{self.server.server_address[1]}"  # type: ignore[attr-defined]
            self.send_header("Location", place.replace("~", "/").replace("HERE", base))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[ThreadingHTTPServer]:
    """A web server on the loopback interface."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


PATHS = [
    "200",
    "404",
    "410",
    "500",
    "301/http:~~target.example~x",
    "301/HERE~301~HERE~200",
    "302/HERE~404",
    "301/HERE~301~http:~~end.example",
    "301/~target~a",
    "301/target~b",
    "301/mailto:joe@target.example",
    "301",
    "307/http:~~short.example~loop",
]
NETWORK = (
    "dns_available yes\ndns_server 127.0.0.1:9\nurl_shortener 127.0.0.1\nclear_url_shortener short.example\n"
)


@pytest.mark.oracle
@pytest.mark.parametrize("lines", ["", "max_short_url_redirections 1\n"])
def test_where_links_lead(agreement: Any, web: Any, lines: str) -> None:
    both = type(agreement)(agreement.perl, agreement.folder, network=True)
    links = [f"http://127.0.0.1:{web.server_address[1]}/{path}" for path in PATHS]
    messages = [mail(link) for link in links] + [mail(*links[:4]), mail("http://127.0.0.1:9/x")]
    both(RULES + NETWORK + lines, messages)


def test_loops_and_methods(agreement: Any, web: Any) -> None:
    both = type(agreement)(agreement.perl, agreement.folder, network=True)
    base = f"http://127.0.0.1:{web.server_address[1]}"
    lines = "url_shortener_get 127.0.0.1\nurl_shortener_user_agent Tester/1\n"
    (verdict,) = both.ours(RULES + NETWORK + lines, [mail(f"{base}/301/HERE~200")])
    assert set(verdict["hits"]) == {"SHORT", "REDIR", "OK"}
    assert web.asked == [("GET", "/301/HERE~200", "Tester/1"), ("GET", "/200", "Tester/1")]


def test_cache(agreement: Any, web: Any, tmp_path: Path) -> None:
    both = type(agreement)(agreement.perl, agreement.folder, network=True)
    link = f"http://127.0.0.1:{web.server_address[1]}/301/http:~~target.example~x"
    lines = f"url_shortener_cache_type dbi\nurl_shortener_cache_dsn dbi:SQLite:dbname={tmp_path}/links.db\n"
    for _ in range(2):
        (verdict,) = both.ours(RULES + NETWORK + lines, [mail(link)])
        assert set(verdict["hits"]) == {"SHORT", "REDIR", "TARGET"}
    assert len(web.asked) == 1
    with sqlite3.connect(tmp_path / "links.db") as table:
        rows = table.execute("select short_url, decoded_url, hits from short_url_cache").fetchall()
    table.close()
    assert rows == [(link, "http://target.example/x", 2)]


def test_nothing_is_asked_without_network(agreement: Any, web: Any) -> None:
    link = f"http://127.0.0.1:{web.server_address[1]}/200"
    (verdict,) = agreement.ours(RULES + NETWORK, [mail(link)])
    assert set(verdict["hits"]) == {"SHORT"} and web.asked == []
