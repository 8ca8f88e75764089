"""Sends every bomb of the kit to a server and tells what it cost; `scripts/bombs` runs it."""

import argparse
import json
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from .kit import BOMBS
from .requests import request
from .server import Server, ask, running

SIZE = 100_000
PATIENCE = 300.0
_TICKS = os.sysconf("SC_CLK_TCK")


def used(server: Server) -> tuple[float, int]:
    """CPU seconds that the workers have used, and the largest memory any had (MiB)."""
    seconds, peak = 0.0, 0
    for pid in server.workers():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / _TICKS
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) // 1024)
    return seconds, peak


def requests(size: int) -> Iterator[tuple[str, bytes]]:
    """Every bomb as a request."""
    for name, make in BOMBS.items():
        yield name, request("SYMBOLS", make(size))
    packed = zlib.compress(bytes(100_000_000), 9)
    head = b"SYMBOLS SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n" % len(packed)
    yield "zlib: a thousandfold", head + packed
    packed = zlib.compress(HAM * (size // 20), 9)
    head = b"SYMBOLS SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n" % len(packed)
    yield "zlib: of some size", head + packed


HAM = b"Subject: x\n\nwords and words\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bombs", description=__doc__)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how large the bombs are (1: some megabytes)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a bomb")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only those with this in their name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pyspamd-bombs-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with running(folder, 1, "--cache-dir=") as server:
            for name, data in requests(int(SIZE * options.scale)):
                if options.names and not any(word in name for word in options.names):
                    continue
                before = used(server)[0]
                begun = time.monotonic()
                reply = ask(server.port, data, PATIENCE)
                wall = time.monotonic() - begun
                after, peak = used(server)
                status = reply.partition(b"\r\n")[0].decode("latin-1")
                if options.json:
                    told = {
                        "name": name,
                        "bytes": len(data),
                        "cpu": round(after - before, 2),
                        "reply": status,
                    }
                    print(json.dumps(told), flush=True)
                else:
                    size = f"{len(data) / 1e6:5.1f} MB"
                    print(
                        f"{after - before:6.2f} s CPU {wall:6.2f} s  peak {peak:4d} MiB  {size}  {name}: {status}"
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
