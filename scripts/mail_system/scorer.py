"""pyspamd on the port that amavisd-new asks, and what its log says of each message."""

import contextlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import HOST, PATIENCE, eventually

from .programs import TopologyError, listens, running

PORT = 783
"""amavisd-new's client of spamd knows no other."""

UNWANTED = "nobody wants these words"
REFUSED = "and least of all these"

LOCAL_SCORES = r"""\
required_score 5
score DKIM_VERIFIED -1.5
score DK_VERIFIED -1.25
score DKIM_BROKEN 0.75
body LOCAL_UNWANTED /\b{unwanted}\b/
describe LOCAL_UNWANTED Words that nobody wants
score LOCAL_UNWANTED 9
body LOCAL_REFUSED /\b{refused}\b/
describe LOCAL_REFUSED Words that are not even taken
score LOCAL_REFUSED 30
trust_truncation_mark 1
dns_available yes
dns_server [127.0.0.1]:{dns}
"""

_RESULT = re.compile(
    r"spamd: result: (?P<is_spam>[Y.]) +(?P<score>-?\d+) - (?P<tests>\S*) (?P<facts>\S+)$", re.M
)
_BELOW = re.compile(r"(?:clean message|identified spam) \((?P<score>-?[\d.]+)/[\d.]+\) for ")


@dataclass(frozen=True)
class Verdict:
    """What the log tells of one message."""

    score: float
    tests: tuple[str, ...]
    cache: str
    size: int


class Log:
    """pyspamd's log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def verdicts(self, message_id: str) -> list[Verdict]:
        """The verdicts on a message, oldest first."""
        found = []
        score = 0.0
        for line in self._path.read_text("latin-1").splitlines():
            if told := _BELOW.search(line):
                score = float(told["score"])
            if told := _RESULT.search(line):
                facts = dict(fact.partition("=")[::2] for fact in told["facts"].split(","))
                if facts.get("mid") == message_id:
                    tests = tuple(filter(None, told["tests"].split(",")))
                    found.append(Verdict(score, tests, facts["cache"], int(facts["size"])))
        return found

    def wait_for(self, message_id: str, count: int) -> list[Verdict]:
        """The verdicts on a message, once there are `count`. Raises `TopologyError` where there are not."""
        if not eventually(lambda: len(self.verdicts(message_id)) >= count, PATIENCE):
            raise TopologyError(f"{len(self.verdicts(message_id))} and not {count} verdicts on {message_id}")
        return self.verdicts(message_id)


@contextlib.contextmanager
def running_pyspamd(folder: Path, dns_port: int) -> Iterator[Log]:
    """pyspamd with its own rules and the site's scores, up; its log."""
    if listens(PORT):
        raise TopologyError(f"somebody listens on {HOST}:{PORT} already")
    folder.mkdir()
    site = folder / "site"
    site.mkdir()
    (site / "local.cf").write_text(LOCAL_SCORES.format(dns=dns_port, unwanted=UNWANTED, refused=REFUSED))
    command = [
        *(sys.executable, "-m", "pyspamd", "serve"),
        *("-i", "localhost", "-p", str(PORT), "-u", "nobody", "-x", "-m", "1", "-s", "stderr"),
        *("--siteconfigpath", str(site), "--cache-dir", str(folder / "cache")),
    ]
    log = folder / "log"
    with running(command, folder, log, [PORT]):
        yield Log(log)
