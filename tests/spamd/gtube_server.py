"""A server process with a scorer that knows two rules; its command line is that of `pyspamd serve`.

Header fields of a message ask for trouble: `X-Wait: 2` takes seconds as a slow network would, `X-Hang:` loses
itself in a regular expression, `X-Crash:` kills the process, `X-Fault:` raises, `X-Memory:` raises for want of memory.
"""

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyspamd.base.errors import PyspamdError
from pyspamd.cli.serve import refuse_unsupported, server_options
from pyspamd.cli.serve_options import add_options
from pyspamd.spamd.journal import open_journal, take_logging
from pyspamd.spamd.master import Master
from pyspamd.spamd.reading import Reading
from pyspamd.spamd.rehearsal import CHECK
from pyspamd.spamd.service import Judgement, Learned, Lesson, Occasion

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
REPORT = """\
Spam detection software, running on the system "mx.example.com",
looked at this message.

Content preview:  Hello

Content analysis details:   ({score:.1f} points, {required:.1f} required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
{rows}
"""


@dataclass(frozen=True)
class GtubeJudgement:
    """A verdict in which the test string counts 1000 points, a missing subject 1.3."""

    message: bytes
    hits: Mapping[str, float]
    required: float
    autolearn: str = "no autolearn_force=no"
    cache: str = "bypass"
    log_items: Mapping[str, str] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return sum(self.hits.values())

    @property
    def is_spam(self) -> bool:
        return self.score >= self.required

    def test_names(self) -> Sequence[str]:
        return sorted(self.hits)

    def report(self) -> bytes:
        rows = "".join(
            f"{points:4.0f} {name:<22} BODY: a rule\n{'':28}whose description goes on\n"
            if points >= 10
            else f"{points:4.1f} {name:<22} a rule\n"
            for name, points in self.hits.items()
        )
        return REPORT.format(score=self.score, required=self.required, rows=rows).encode()

    def rewritten(self) -> bytes:
        tests = ",".join(self.test_names()) or "none"
        answer = "Yes" if self.is_spam else "No"
        head = f"X-Spam-Flag: {answer.upper()}\n" if self.is_spam else ""
        head += "X-Spam-Checker-Version: SpamAssassin 4.0.1 on mx.example.com\n"
        head += f"X-Spam-Level: {'*' * min(50, int(self.score))}\n"
        head += (
            f"X-Spam-Status: {answer}, score={self.score:.1f} required={self.required:.1f} tests={tests}\n"
        )
        head += "\tautolearn=no autolearn_force=no version=4.0.1\n"
        return head.encode() + self.message


class GtubeScorer:
    """Judges by the test string; preferences may set `required_score`."""

    def __init__(self, time_limit: float | None) -> None:
        self.time_limit = time_limit
        self.reading = Reading()

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def check(self, message: bytes, occasion: Occasion) -> Judgement:
        header = message[:400]
        if b"X-" in header:
            await ask_for_trouble(header)
        hits = {}
        if GTUBE in message:
            hits["GTUBE"] = 1000.0
        if b"Subject:" not in header:
            hits["MISSING_SUBJECT"] = 1.3
        required = re.search(r"^required_score ([0-9.]+)", getattr(occasion.preferences, "text", ""), re.M)
        return GtubeJudgement(message, hits, float(required[1]) if required else 5.0)

    async def learn(self, message: bytes, lesson: Lesson, occasion: Occasion) -> Learned:
        return Learned(
            ("local",) if lesson.set_local else (),
            ("local",) if lesson.remove_local else (),
        )


async def ask_for_trouble(header: bytes) -> None:
    wait = re.search(rb"^X-Wait: ([0-9.]+)", header, re.M)
    if wait:
        await asyncio.sleep(float(wait[1]))
    if b"X-Hang:" in header:
        re.match(rb"(a+)+$", b"a" * 64 + b"!")
    if b"X-Crash:" in header:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"X-Fault:" in header:
        raise RuntimeError("asked for")
    if b"X-Memory:" in header:
        raise MemoryError


def main() -> int:
    parser = argparse.ArgumentParser()
    add_options(parser)
    parser.add_argument("--time-limit", type=float)
    parser.add_argument("--broken-if", metavar="FILE")
    parser.add_argument("--broken-later-if", metavar="FILE", help="broken for the one who is to serve by it")
    parser.add_argument("--build-for", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()

    is_rehearsal = CHECK in os.environ

    def build() -> GtubeScorer:
        time.sleep(options.build_for)
        if options.broken_later_if and Path(options.broken_later_if).exists() and not is_rehearsal:
            raise PyspamdError("the configuration has just been broken")
        if options.broken_if and Path(options.broken_if).exists():
            raise PyspamdError("the configuration is broken")
        return GtubeScorer(options.time_limit)

    try:
        refuse_unsupported(options)
        journal = open_journal(options.syslog, options.syslog_socket or "", None, options.log_format)
        take_logging(journal)
        return Master(server_options(options), build, journal, "test").run()
    except PyspamdError as error:
        print(error, file=sys.stderr)
        return int(getattr(error, "status", 78))


if __name__ == "__main__":
    sys.exit(main())
