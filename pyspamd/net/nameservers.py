"""Which name servers to ask: addresses as directives write them, or the system's own list.

Source: `dns_server` in Mail::SpamAssassin::Conf; resolv.conf(5).
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

SYSTEM_LIST = Path("/etc/resolv.conf")
DNS_PORT = 53
MOST_SERVERS = 3

_WRITTEN = re.compile(
    r"\s*(?:\[([^\]]+)\]|([^\[\]:\s]+)|([0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*(?:%\S+)?))(?::(\d+))?\s*"
)


@dataclass(frozen=True, slots=True)
class NameServer:
    """Where to send questions: an IPv4 or IPv6 address (with its zone, if any) and a port."""

    host: str
    port: int = DNS_PORT

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is an IPv6 one."""
        return ":" in self.host

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}"


def read_server(text: str) -> NameServer:
    """The server written as `192.0.2.1`, `192.0.2.1:53`, `[2001:db8::1]:53` or `fe80::1%lo0`.

    Anything that is no address and port raises `ValueError`.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"not an address and port: {text}")
    host = match[1] or match[2] or match[3]
    port = int(match[4]) if match[4] else DNS_PORT
    address, _, zone = host.partition("%")
    if zone and not re.fullmatch(r"[\w.:-]+", zone):
        raise ValueError(f"not an interface name: {zone}")
    ipaddress.ip_address(address)
    if not 0 < port < 65536:
        raise ValueError(f"not a port: {port}")
    return NameServer(host, port)


def system_servers(path: Path = SYSTEM_LIST) -> tuple[NameServer, ...]:
    """The name servers of resolv.conf(5): the first three, or the local one where the file names none."""
    servers: list[NameServer] = []
    try:
        lines = path.read_text("latin-1").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                servers.append(read_server(words[1] if ":" not in words[1] else f"[{words[1]}]"))
            except ValueError:
                continue
    return tuple(servers[:MOST_SERVERS]) or (NameServer("127.0.0.1"),)
