"""The resolver that a configuration asks for: servers, options, ports, what must not be asked."""

from ..conf.conf import Conf
from ..conf.core_network import (
    DNS_AVAILABLE,
    DNS_OPTIONS,
    DNS_QUERY_RESTRICTION,
    DNS_SERVERS,
    LOCAL_PORTS,
)
from ..conf.ports import HIGHEST
from ..net.dns import DnsOptions, DnsResolver
from ..net.nameservers import read_server


def make_resolver(conf: Conf) -> DnsResolver | None:
    """A resolver as `conf` says, or `None` where it says `dns_available no`; one for each worker process.

    Without `dns_server` it asks the system's name servers. `dns_available test` is taken for yes: a resolver
    that gets no answers costs no more than the test would.
    """
    if DNS_AVAILABLE.of(conf) == "no":
        return None
    options = DNS_OPTIONS.of(conf)
    ports = LOCAL_PORTS.of(conf)
    allowed = None
    if ports.mask:
        allowed = tuple(port for port in range(1, HIGHEST + 1) if ports.allows(port))
    servers = [read_server(server) for server in DNS_SERVERS.of(conf)]
    return DnsResolver(
        servers or None,
        DnsOptions(
            edns=options.get("edns", 0),
            dns0x20=bool(options.get("dns0x20")),
            rotate=bool(options.get("rotate")),
            v4=bool(options.get("v4", 1)),
            v6=bool(options.get("v6", 1)),
            local_ports=allowed,
            denied=DNS_QUERY_RESTRICTION.of(conf),
        ),
    )
