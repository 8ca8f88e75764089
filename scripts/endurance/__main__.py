"""Runs the phases one after the other and reports; `scripts/soak` calls it."""

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from processes import eventually

from .corpora import corpus, messages_below
from .requests import Load, Outcome, answers_in_peace
from .rudeness import misbehave
from .server import Server, need_ps, running

FINE = (Outcome.RIGHT, Outcome.TEMPORARY)
GROWTH_ALLOWED = 0.05
"""By how much a worker's memory may grow after it has warmed up."""


async def _disturb(
    server: Server, kill_every: float, reload_every: float, done: asyncio.Event
) -> dict[str, int]:
    """Kill a worker and reload, again and again, until `done`; how often."""
    counts = {"killed": 0, "reloads asked for": 0}

    async def again(every: float, act: Any) -> None:
        while every:
            try:
                await asyncio.wait_for(done.wait(), every)
                return
            except TimeoutError:
                act()

    def kill() -> None:
        if workers := server.workers():
            server.signal(signal.SIGKILL, random.choice(workers))
            counts["killed"] += 1

    def reload() -> None:
        server.signal(signal.SIGHUP)
        counts["reloads asked for"] += 1

    await asyncio.gather(again(kill_every, kill), again(reload_every, reload))
    return counts


async def under_fire(
    server: Server, load: Load, messages: Sequence[bytes], options: argparse.Namespace
) -> dict[str, Any]:
    """The load with everything against it."""
    done = asyncio.Event()
    rude = options.clients // 10
    disturbing = asyncio.create_task(_disturb(server, options.kill_every, options.reload_every, done))
    misbehaving = [asyncio.create_task(misbehave(server.port, messages, done)) for _ in range(rude)]
    begun = time.monotonic()
    try:
        await load.run(options.clients - rude, options.requests)
    finally:
        done.set()
    seconds = time.monotonic() - begun
    counts = await disturbing
    acts = sum(await asyncio.gather(*misbehaving))
    return {
        **{outcome.value: load.outcomes[outcome] for outcome in Outcome},
        "given up": load.given_up,
        "rude acts": acts,
        "seconds": round(seconds, 1),
        **counts,
    }


async def in_peace(server: Server, load: Load, clients: int, requests: int) -> dict[str, Any]:
    """The load with nothing against it: does memory grow after the first thousand requests?"""
    await load.run(clients, min(1000, requests // 3))
    first = {pid: server.memory_of(pid) for pid in server.children()}
    begun = time.monotonic()
    await load.run(clients, requests)
    seconds = time.monotonic() - begun
    last = {pid: server.memory_of(pid) for pid in server.children()}
    growth = (
        max((last[pid] - first[pid]) / first[pid] for pid in first) if last.keys() == first.keys() else 9.0
    )
    return {
        "requests": requests,
        "a second": round(requests / seconds, 1),
        "MiB of the workers, warm": [round(size / 1024, 1) for size in first.values()],
        "MiB of the workers, at the end": [round(size / 1024, 1) for size in last.values()],
        "growth": round(growth, 4),
        "not right": sum(count for outcome, count in load.outcomes.items() if outcome is not Outcome.RIGHT),
    }


def soak(options: argparse.Namespace, messages: Sequence[bytes], folder: Path) -> dict[str, Any]:
    """All phases; figures by name."""
    with running(folder, options.workers, "--max-conn-per-child=1000000") as server:
        expected = asyncio.run(answers_in_peace(server.port, messages, 8))
        told: dict[str, Any] = {"messages": len(messages)}
        load = Load(server.port, messages, expected)
        told["in peace"] = asyncio.run(in_peace(server, load, 8, options.calm))
        before = {"descriptors": server.descriptors(), "processes": len(server.children())}
        load = Load(server.port, messages, expected)
        told["under fire"] = asyncio.run(under_fire(server, load, messages, options))
        told["samples of wrong answers"] = [str(sample) for sample in load.samples]
        told["came to rest"] = server.settle()
        # Clients that a killed worker left behind are heard out for some seconds.
        eventually(lambda: server.descriptors() <= before["descriptors"], 15)
        told["before"] = before
        told["after"] = {"descriptors": server.descriptors(), "processes": len(server.children())}
        told["reloads done"] = server.count("restarting with the new configuration")
        told["stuck scans"] = server.count("is stuck in a scan")
        told["internal errors"] = server.count(", continuing")
        calm_again = Load(server.port, messages, expected)
        asyncio.run(calm_again.run(8, min(200, options.calm)))
        told["right afterwards"] = calm_again.outcomes[Outcome.RIGHT] == min(200, options.calm)
    return told


def faults(told: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    fire = told["under fire"]
    found = [
        f"{fire[outcome.value]} {outcome.value}"
        for outcome in Outcome
        if outcome not in FINE and fire[outcome.value]
    ]
    if fire["given up"]:
        found.append(f"{fire['given up']} requests never came to an answer")
    if told["in peace"]["not right"]:
        found.append(f"{told['in peace']['not right']} answers in peace were not right")
    # Fewer requests leave a worker that is not warm yet.
    if told["in peace"]["requests"] >= 3000 and told["in peace"]["growth"] > GROWTH_ALLOWED:
        found.append(f"a worker's memory grew by {told['in peace']['growth']:.1%}")
    # A master that took over by a reload has fewer descriptors than one that was started.
    if not told["came to rest"] or any(told["after"][what] > told["before"][what] for what in told["before"]):
        found.append(f"before {told['before']}, after {told['after']}")
    if not told["right afterwards"]:
        found.append("not all answers were right afterwards")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="requests under fire (20000)")
    parser.add_argument("--calm", type=int, default=3_000, help="requests in peace, for the memory (3000)")
    parser.add_argument("--clients", type=int, default=50, help="clients, a tenth of them rude (50)")
    parser.add_argument("--workers", type=int, default=4, help="worker processes (4)")
    parser.add_argument("--kill-every", type=float, default=0.5, metavar="SECONDS", help="0: never (0.5)")
    parser.add_argument("--reload-every", type=float, default=1.0, metavar="SECONDS", help="0: never (1)")
    parser.add_argument("--messages", type=Path, metavar="FOLDER", help="where the messages are")
    parser.add_argument("--most", type=int, default=3_000, metavar="N", help="use at most N of them (3000)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="leave the server's log there")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    need_ps()
    with tempfile.TemporaryDirectory(prefix="pyspamd-soak-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        source = options.messages
        if source is None:
            source = corpus(folder)
        try:
            told = soak(options, messages_below(source, options.most), folder)
        finally:
            if options.log is not None and (folder / "log").exists():
                shutil.copy(folder / "log", options.log)
    told["faults"] = faults(told)
    if options.json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            if isinstance(value, dict):
                print(f"{name}:", *(f"    {key}: {figure}" for key, figure in value.items()), sep="\n")
            else:
                print(f"{name}: {value}")
    return 1 if told["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
