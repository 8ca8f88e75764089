"""The names of clients' machines, for the log and for `_REMOTEHOSTNAME_`; asked once, remembered a while."""

import asyncio
import socket
import time
from typing import Final

_PATIENCE: Final = 2.0
_REMEMBERED: Final = 3600.0
_MOST: Final = 1024


class PeerNames:
    """Host names by IP address; an address without a name, or whose name takes too long, names itself."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, float]] = {}

    def known(self, address: str) -> str | None:
        """The name, if it is at hand."""
        found = self._names.get(address)
        if found is not None and found[1] > time.monotonic():
            return found[0]
        if address.startswith("127.") or address == "::1":
            return self._remember(address, _name_now(address))
        return None

    async def ask(self, address: str) -> str:
        """The name, asked of the system."""
        name = address
        try:
            asking = asyncio.get_running_loop().getnameinfo((address, 0), socket.NI_NAMEREQD)
            name = (await asyncio.wait_for(asking, _PATIENCE))[0]
        except (OSError, TimeoutError):
            pass
        return self._remember(address, name)

    def _remember(self, address: str, name: str) -> str:
        if len(self._names) >= _MOST:
            self._names.clear()
        self._names[address] = (name, time.monotonic() + _REMEMBERED)
        return name


def _name_now(address: str) -> str:
    try:
        return socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
    except OSError:
        return address
