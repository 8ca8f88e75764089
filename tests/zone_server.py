"""A name server for tests: knows the TXT and A records given as arguments, prints its port, answers NXDOMAIN else."""

import asyncio
import sys
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

RECORDS: dict[tuple[str, str], str] = {}
for line in sys.argv[1:]:
    name, kind, data = line.split(" ", 2)
    if kind == "TXT":
        data = " ".join(f'"{data[at : at + 200]}"' for at in range(0, len(data), 200))
    RECORDS[name.lower() + ".", kind] = data


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, packet: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(packet)
        answer = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text()
        kind = dns.rdatatype.to_text(question.rdtype)
        data = RECORDS.get((name.lower(), kind))
        if data is not None:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
        elif not any(known == name.lower() for known, _ in RECORDS):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
