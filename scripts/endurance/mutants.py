"""Judges mutated messages and sends mutated requests by the hundred thousand; `scripts/mutants` runs it."""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from . import mutant_requests
from .corpora import corpus, messages_below, signed
from .judges import PATIENCE, Cost, Judge
from .mutations import mutated
from .requests import Load, Outcome, answers_in_peace
from .server import Server, need_ps, running

BATCH = 500
SLOW = 0.3
"""CPU seconds from which a mutant of less than `SMALL` octets is worth a look."""
SMALL = 100_000
TOO_SLOW = 2.0
"""CPU seconds that no mutant may take."""
HARMLESS = ("slow",)
AT_ONCE = 4
ROUND = 1_000
"""Requests after which it is looked whether the server still is as it was."""


class Mutants:
    """Mutants by their numbers, each the same for the same seed and corpus."""

    def __init__(self, seed: int, ordinary: Sequence[bytes], signed: Sequence[bytes]) -> None:
        self._seed = seed
        self._ordinary = ordinary
        self._signed = signed

    def __getitem__(self, number: int) -> bytes:
        """Every fourth is made from a signed message."""
        dice = random.Random(f"{self._seed}:{number}")
        return mutated(dice, dice.choice(self._signed if number % 4 == 3 else self._ordinary), self._ordinary)


def networked(number: int) -> bool:
    """Whether a mutant is judged by all plugins over the lying DNS."""
    return number % 2 == 1


class Tally:
    """What was found so far, kept in a folder so that a run can go on where it was broken off."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._file = folder / f"tally-{seed}.json"
        self._seed = seed
        self.done: dict[str, int] = {"messages": 0, "requests": 0}
        self.counts: Counter[str] = Counter()
        self.cpu = 0.0
        self.longest = 0.0
        if self._file.exists():
            told = json.loads(self._file.read_text())
            self.done, self.cpu, self.longest = told["done"], told["cpu"], told["longest"]
            self.counts = Counter(told["counts"])

    def save(self) -> None:
        """Write it down, whole or not at all."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self.told()))
        fresh.replace(self._file)

    def told(self) -> dict[str, Any]:
        """All figures."""
        return {
            "done": self.done,
            "cpu": round(self.cpu, 3),
            "longest": round(self.longest, 3),
            "counts": dict(sorted(self.counts.items())),
        }

    def note(self, number: int, message: bytes, cost: Cost) -> None:
        """Count a message that was judged."""
        self.cpu += cost.cpu
        self.longest = max(self.longest, cost.cpu)
        for fault in cost.faults:
            self.found("faults", number, message, fault)
        if cost.cpu > TOO_SLOW:
            self.found("too slow", number, message, f"{cost.cpu:.2f} s CPU, {len(message)} octets")
        elif cost.cpu > SLOW and len(message) < SMALL:
            self.found("slow", number, message, f"{cost.cpu:.2f} s CPU, {len(message)} octets")

    def found(self, kind: str, number: int, data: bytes, what: str) -> None:
        """Count a find and keep what led to it."""
        self.counts[kind] += 1
        name = f"{self._seed}-{number}-{kind.replace(' ', '-')}"
        (self._folder / f"{name}.eml").write_bytes(data)
        with (self._folder / "found.txt").open("a") as file:
            file.write(f"{name}: {what.rstrip()}\n")


def _judge_all(judge: Judge, mutants: Mutants, numbers: range, pipe: Connection) -> None:
    for number in numbers:
        pipe.send((number, judge(mutants[number], networked=networked(number))))
    pipe.close()
    os._exit(0)


def judge_messages(judge: Judge, mutants: Mutants, tally: Tally, count: int) -> None:
    """Judge mutants up to `count` in processes of their own, so that none can take the counting with it."""
    fork = multiprocessing.get_context("fork")
    while (begin := tally.done["messages"]) < count:
        numbers = range(begin, min(begin + BATCH, count))
        inlet, outlet = fork.Pipe(duplex=False)
        child = fork.Process(target=_judge_all, args=(judge, mutants, numbers, outlet))
        child.start()
        outlet.close()
        for number in numbers:
            ending = ""
            try:
                if inlet.poll(2 * PATIENCE):
                    told, cost = inlet.recv()
                    assert told == number
                    tally.note(number, mutants[number] if cost.faults or cost.cpu > SLOW else b"", cost)
                else:
                    ending = "hang"
            except EOFError:
                ending = "crash"
            tally.done["messages"] = number + 1
            if ending:
                child.kill()
                child.join()
                tally.found(ending, number, mutants[number], f"exit {child.exitcode}")
                break
        child.join()
        inlet.close()
        tally.save()


async def _send_round(
    server: Server, numbers: range, messages: Sequence[bytes], tally: Tally, seed: int
) -> None:
    waiting = iter(numbers)

    async def client() -> None:
        for number in waiting:
            request = mutant_requests.mutant(seed, number, messages)
            try:
                reply = await mutant_requests.send(server.port, request)
            except TimeoutError:
                tally.found("request hang", number, request.data, "no answer in time")
                continue
            except OSError as error:
                tally.found("request refused", number, request.data, str(error))
                continue
            tally.counts["requests answered" if reply is not None else "requests left alone"] += 1
            if reply is not None and (fault := mutant_requests.fault_of(request, reply)):
                tally.found("request fault", number, request.data, fault)

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


def send_requests(messages: Sequence[bytes], tally: Tally, count: int, seed: int, scratch: Path) -> None:
    """Send mutated requests up to `count` to a server, with good ones between that must be answered rightly."""
    small = [message for message in messages if len(message) < mutant_requests.SMALL]
    good = small[:: max(1, len(small) // 50)]
    with running(scratch, 2, "--max-conn-per-child=100000000", "--allow-tell") as server:
        expected = asyncio.run(answers_in_peace(server.port, good, 2))
        workers, descriptors = server.workers(), server.descriptors()
        faults = 0
        while (begin := tally.done["requests"]) < count:
            numbers = range(begin, min(begin + ROUND, count))
            asyncio.run(_send_round(server, numbers, small, tally, seed))
            load = Load(server.port, good, expected)
            asyncio.run(load.run(2, len(good)))
            tally.counts["good requests"] += load.outcomes[Outcome.RIGHT]
            if load.outcomes[Outcome.RIGHT] < len(good):
                tally.found("wrong answer", begin, b"", str(load.samples))
            if server.workers() != workers:
                tally.found("request crash", begin, b"", f"workers {workers}, then {server.workers()}")
                workers = server.workers()
            if (now := server.count("] error: ")) > faults:
                tally.found(
                    "request fault", begin, server.log.read_bytes()[-100_000:], f"{now - faults} in the log"
                )
                faults = now
            tally.done["requests"] = numbers.stop
            tally.save()
        if server.descriptors() > descriptors:
            tally.found("descriptors", count, b"", f"{descriptors} before, {server.descriptors()} after")


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument(
        "--messages", type=int, default=100_000, metavar="N", help="messages to judge (100000)"
    )
    parser.add_argument(
        "--requests", type=int, default=100_000, metavar="N", help="requests to send (100000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="other seeds give other mutants (1)")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="where finds are kept and a run goes on")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="only write this mutated message out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pyspamd-mutants-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        signatures = signed(scratch)
        ordinary = messages_below(corpus(scratch))
        mutants = Mutants(
            options.seed, ordinary, [path.read_bytes() for path in sorted(signatures.glob("*.eml"))]
        )
        if options.show is not None:
            sys.stdout.buffer.write(mutants[options.show])
            return 0
        folder: Path = options.state or scratch / "state"
        folder.mkdir(parents=True, exist_ok=True)
        tally = Tally(folder, options.seed)
        if tally.done["messages"] < options.messages:
            zone = (signatures / "zone").read_text("latin-1")
            judge_messages(Judge(zone, folder / "compiled"), mutants, tally, options.messages)
        if tally.done["requests"] < options.requests:
            need_ps()
            send_requests(ordinary, tally, options.requests, options.seed, scratch)
        tally.save()
        print(json.dumps(tally.told()))
        found = folder / "found.txt"
        if found.exists() and options.state is None:
            print(found.read_text(), file=sys.stderr)
    return 1 if any(tally.counts[kind] for kind in tally.counts if kind not in HARMLESS) else 0


if __name__ == "__main__":
    sys.exit(main())
