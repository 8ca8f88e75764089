"""The Authentication-Results fields of the message being judged, as far as its hosts are believed."""

import logging
import re
from collections.abc import Callable

from ..auth.authres import AuthResults, AuthResultsError, read
from .scan import Scan

logger = logging.getLogger(__name__)

_FIELD = re.compile(rb"((?:arc-)?authentication-results):\s*(.+)", re.IGNORECASE)


def authentication_results(
    scan: Scan, request: str | None = None, accepts: Callable[[str], bool] | None = None
) -> tuple[AuthResults, ...]:
    """The fields that could be read, from top to bottom, ARC's included; none until somebody has said where to look.

    `request` names the fields to look at (`ALL-INTERNAL` …), `accepts` the servers to believe; the first call
    with a request decides for the whole message.
    """
    if request is None:
        return scan.once("authres", tuple)
    return scan.once("authres", lambda: _read_all(scan, request, accepts))


def _read_all(scan: Scan, request: str, accepts: Callable[[str], bool] | None) -> tuple[AuthResults, ...]:
    found = []
    for line in (scan.get(request) or b"").split(b"\n"):
        match = _FIELD.match(line)
        if match is None:
            continue
        try:
            arc = match[1].lower().startswith(b"arc-")
            found.append(read(match[2].decode("latin-1"), arc=arc, accepts=accepts))
        except AuthResultsError as error:
            logger.debug("authres: %s", error)
    return tuple(found)
