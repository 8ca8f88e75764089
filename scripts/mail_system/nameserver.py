"""A name server on loopback that knows one zone text and nothing else; UDP and TCP on the same port."""

import asyncio
import contextlib
import socketserver
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from processes import HOST
from pyspamd.net.zone import ZoneResolver

RCODES = {"ok": dns.rcode.NOERROR, "nodata": dns.rcode.NOERROR, "nxdomain": dns.rcode.NXDOMAIN}


def answer(zone: ZoneResolver, question: bytes) -> bytes:
    """The answer to a question, both in wire form."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked)
    reply.flags |= dns.flags.AA | dns.flags.RA
    for one in asked.question:
        kind = dns.rdatatype.to_text(one.rdtype)
        found = asyncio.run(zone.query(one.name.to_text(omit_final_dot=True), kind))
        reply.set_rcode(RCODES.get(found.status, dns.rcode.SERVFAIL))
        for record in found.found:
            text = record.data
            if record.type == "TXT":
                text = " ".join('"' + piece.decode("ascii") + '"' for piece in record.strings)
            reply.answer.append(dns.rrset.from_text(one.name, 300, dns.rdataclass.IN, record.type, text))
    return reply.to_wire()


@contextlib.contextmanager
def serving(zone: ZoneResolver, port: int) -> Iterator[None]:
    """A name server for `zone` on `port`."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, line = self.request
            line.sendto(answer(zone, data), self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while len(size := self.rfile.read(2)) == 2:
                reply = answer(zone, self.rfile.read(int.from_bytes(size, "big")))
                self.wfile.write(len(reply).to_bytes(2, "big") + reply)

    class Threaded(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with (
        socketserver.ThreadingUDPServer((HOST, port), Datagram) as udp,
        Threaded((HOST, port), Stream) as tcp,
    ):
        udp.daemon_threads = True
        servers = (udp, tcp)
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield
        finally:
            for server in servers:
                server.shutdown()
