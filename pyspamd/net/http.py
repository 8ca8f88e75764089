"""One HTTP exchange, redirections not followed: what short links lead to.

    answer = await fetch("http://short.example/abc", "HEAD", agent="…", seconds=5)
    answer.status, answer.location        # 301, "https://example.com/long"

It runs in a thread of its own, as the standard library's client does not know asyncio; proxies are taken from the
environment.
"""

import asyncio
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO, Any, Final

FAILED: Final = 500
"""The status where no answer came, as LWP has it."""
LONGEST_LINE: Final = 8192
"""Bytes a header line may have, as LWP has it."""
_ADVERSE = (OSError, http.client.HTTPException, ValueError, UnicodeError)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer's status, and where it sends those who asked (text as sent, latin-1)."""

    status: int
    location: str = ""

    @property
    def is_redirect(self) -> bool:
        """Whether the status is one of the 300s."""
        return 300 <= self.status < 400


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


async def fetch(url: str, method: str, agent: str, seconds: float) -> HttpAnswer:
    """Ask for an `http:` or `https:` URL; never raises, and takes no longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(_exchange, url, method, agent, seconds)
    except TimeoutError:
        return HttpAnswer(FAILED)


def _exchange(url: str, method: str, agent: str, seconds: float) -> HttpAnswer:
    if not url.lower().startswith(("http://", "https://")):
        return HttpAnswer(FAILED)
    opener = urllib.request.build_opener(_Stay)
    try:
        request = urllib.request.Request(url, method=method, headers={"User-Agent": agent})  # noqa: S310
        with opener.open(request, timeout=seconds) as answer:
            return _answer(answer.status, answer.headers.get("Location"))
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers.get("Location"))
    except _ADVERSE:
        return HttpAnswer(FAILED)


def _answer(status: int, location: str | None) -> HttpAnswer:
    if len("Location: ") + len(location or "") > LONGEST_LINE:
        return HttpAnswer(FAILED)
    return HttpAnswer(status, location or "")
