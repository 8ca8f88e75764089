"""Fixtures for what stands outside the project: the shared corpus, the recorded protocol, the original.

Each skips with a reason where its subject is absent; `.ci/run` fails if any of these skips happened.
"""

import contextlib
import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from servers import Server, free_port, running

_OWN_FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give this run a folder of its own, so that several runs beside one another do not meet.

    pytest's own default is one folder for all runs of a user, which each run closes to other users anew. `--basetemp`
    names another, which is kept.
    """
    if config.option.basetemp is None:
        config.stash[_OWN_FOLDER] = own = Path(tempfile.mkdtemp(prefix="pyspamd-tests-"))
        own.chmod(0o711)
        config.option.basetemp = str(own / "all")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it."""
    if own := config.stash.get(_OWN_FOLDER, None):
        shutil.rmtree(own, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def passable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let servers that work as another user pass through to the folders that a test opens to them."""
    tmp_path_factory.getbasetemp().chmod(0o711)


SHARED = Path(os.environ.get("PYSPAMD_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def need(path: Path) -> Path:
    """`path`, or a skip that names what is missing."""
    if not path.exists():
        pytest.skip(f"external: {path.name} of the shared material is absent")
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the corpus, the oracle scripts and the recorded protocol."""
    return need(SHARED)


def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `archive` unpacks to, done once a session."""
    target = tmp_path_factory.mktemp(archive.name.split(".")[0])
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target


@pytest.fixture(scope="session")
def corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder below which the corpus' `dev/…` messages stand."""
    return unpacked(need(shared / "corpus" / "messages.tar.xz"), tmp_path_factory)


@pytest.fixture(scope="session")
def signed_corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the signed messages, `zone` and `expected.jsonl`."""
    return unpacked(need(shared / "corpus" / "signed.tar.xz"), tmp_path_factory) / "signed" / "dev"


def _expected(path: Path) -> dict[str, dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return {entry["file"]: entry for entry in map(json.loads, lines)}


@pytest.fixture(scope="session")
def expected_local(shared: Path) -> dict[str, dict[str, Any]]:
    """SpamAssassin's verdicts on the corpus without network, by file."""
    return _expected(need(shared / "corpus" / "expected-local.jsonl.xz"))


@pytest.fixture(scope="session")
def stock_rules() -> Path:
    """The folder of SpamAssassin's own rules on this machine."""
    path = Path("/usr/share/spamassassin")
    if not (path / "50_scores.cf").exists() or not Path("/etc/spamassassin/init.pre").exists():
        pytest.skip("external: SpamAssassin's stock rules are not installed")
    return path


@pytest.fixture(scope="session")
def oracle() -> str:
    """The `perl` that has SpamAssassin 4.0.1."""
    perl = shutil.which("perl")
    probe = [perl or "perl", "-MMail::SpamAssassin", "-e", "print Mail::SpamAssassin::Version()"]
    answer = subprocess.run(probe, capture_output=True, text=True) if perl else None
    if answer is None or not answer.stdout.startswith("4.0.1"):
        pytest.skip("external: SpamAssassin 4.0.1 is not installed")
    assert perl
    return perl


_missing: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember the tests that skipped for want of something outside the project."""
    if report.skipped and isinstance(report.longrepr, tuple) and "external:" in report.longrepr[2]:
        _missing.append(f"{report.nodeid}: {report.longrepr[2]}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a test that could not be held against the original counts as failed."""
    if _missing and os.environ.get("PYSPAMD_REQUIRE_EXTERNAL"):
        print(f"\n{len(_missing)} tests were skipped that must run here:", *_missing[:20], sep="\n  ")
        session.exitstatus = exitstatus or 1


@dataclass(frozen=True)
class Original:
    """Functions of the original, called under a configuration by the names `original_mail.pl` gives them."""

    perl: str

    def __call__(self, configuration: str, calls: list[tuple[str, list[Any], bool]]) -> list[Any]:
        """The answers to `calls`: function, arguments, and whether strings are octets and not characters."""
        lines = [configuration, *({"call": c, "arguments": a, "octets": o} for c, a, o in calls)]
        command = [self.perl, str(Path(__file__).with_name("original_mail.pl"))]
        said = "".join(json.dumps(line) + "\n" for line in lines)
        run = subprocess.run(command, input=said, capture_output=True, text=True, check=True)
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        assert len(answers) == len(calls), run.stderr
        return answers


@pytest.fixture(scope="session")
def original(oracle: str) -> Original:
    """The original's functions that `tests/original_mail.pl` lends."""
    return Original(oracle)


BASE = """
loadplugin Mail::SpamAssassin::Plugin::Check
util_rb_tld com org net example test
"""
"""What every configuration needs before it can judge anything."""


def _as_it_is(verdict: Any) -> Any:
    return verdict


@dataclass(frozen=True)
class Agreement:
    """Judges messages here and with the original, each afresh, and holds the verdicts against one another."""

    perl: str
    folder: Path
    network: bool = False
    """Whether both may ask the DNS server that the configuration names."""
    settle: Callable[[Any], Any] = _as_it_is
    """Brings what the original leaves to the order of its hashes into one order."""
    strict: bool = True
    """Whether a fault in the configuration is a failure."""

    def __call__(self, configuration: str, messages: list[bytes], *, tags: tuple[str, ...] = ()) -> list[Any]:
        """The verdicts both agree on: `hits` {rule: [score, count, area, description, logs]}, `subtests` {rule:
        count}, `score`, `autolearn`, `tags` {name: text}.
        """
        theirs = self._original(BASE + configuration, messages, tags)
        ours = self.ours(configuration, messages, tags)
        for mine, original, message in zip(ours, theirs, messages, strict=True):
            assert self.settle(mine) == self.settle(original), message
        return ours

    def _original(self, configuration: str, messages: list[bytes], tags: tuple[str, ...]) -> list[Any]:
        lines: list[Any] = [
            {
                "configuration": configuration,
                "tags": tags,
                "network": self.network,
                "languages": str(self.folder / "languages"),
            }
        ]
        lines += [message.decode("latin-1") for message in messages]
        run = subprocess.run(
            [self.perl, str(Path(__file__).with_name("original_verdicts.pl"))],
            input="".join(json.dumps(line) + "\n" for line in lines),
            capture_output=True,
            text=True,
            check=True,
        )
        answers = [_plain(json.loads(line)) for line in run.stdout.splitlines()]
        assert len(answers) == len(messages), run.stderr
        return answers

    def ours(self, configuration: str, messages: list[bytes], tags: tuple[str, ...] = ()) -> list[Any]:
        """Our verdicts alone. The original is asked afresh for each, so no tag of another message stays in a rule."""
        from pyspamd.engine.assemble import Setup, assemble, problems_of
        from pyspamd.engine.resolving import make_resolver
        from pyspamd.engine.tags import tag_value

        file = self.folder / "rules.cf"
        file.write_text(f"{BASE}{configuration}\ncapture_templates_once 0\n", "latin-1")
        engine = assemble(Setup(files=[file], local_tests_only=not self.network))
        faults = [str(problem) for problem in problems_of(engine) if problem.severity == "error"]
        assert not (self.strict and faults), faults
        answers = []
        for message in messages:
            engine.resolver = make_resolver(engine.conf) if self.network else None
            verdict = engine.check_sync(message)
            hits = {
                hit.rule: [hit.score, hit.count, hit.area, hit.description, list(hit.logs)]
                for hit in verdict.hits
            }
            answers.append(
                _plain(
                    {
                        "hits": hits,
                        "subtests": dict(verdict.subtests),
                        "score": verdict.score,
                        "tags": {tag: tag_value(verdict, tag) for tag in tags},
                        "autolearn": verdict.autolearn,
                    }
                )
            )
        return answers


def _plain(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict with its numbers to three decimals, and log lines in no order: answers come in any."""
    verdict["score"] = round(verdict["score"], 3) + 0.0
    for hit in verdict["hits"].values():
        hit[0] = round(hit[0], 3) + 0.0
        hit[4] = sorted(hit[4])
    return verdict


@pytest.fixture
def agreement(oracle: str, tmp_path: Path) -> Agreement:
    """Both judges, for verdicts that have to be the same."""
    return Agreement(oracle, tmp_path)


Serve = Callable[..., str]


@pytest.fixture
def dns(shared: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server for a zone (lines `NAME TYPE DATA`); answers the configuration that points at it.

    What it was asked stands in `queries` below the test's folder, a line each.
    """
    servers: list[subprocess.Popen[str]] = []
    program = shared / "oracle" / "fake_dns.py"
    if not program.exists():
        pytest.skip("external: fake_dns.py of the shared material is absent")

    def serve(zone: str, *options: str) -> str:
        file, settings = tmp_path / "zone", tmp_path / "dns.cf"
        file.write_text(zone)
        command = [sys.executable, str(program), "--port", "0", "--zone", str(file), "--cf", str(settings)]
        command += ["--log", str(tmp_path / "queries"), *options]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline().startswith("fake dns on")
        return settings.read_text()

    yield serve
    for server in servers:
        server.kill()
        server.communicate()


@pytest.fixture
def online(agreement: Any) -> Any:
    """Both judges, asking the DNS server that the configuration names."""
    return replace(agreement, network=True)


@pytest.fixture(scope="session")
def servers() -> Callable[[Path, list[str]], contextlib.AbstractContextManager[Server]]:
    """Runs any server in a folder; where to listen is added to its command."""

    def one(folder: Path, line: list[str]) -> contextlib.AbstractContextManager[Server]:
        port = free_port()
        return running(folder, [*line, "-i", "127.0.0.1", "-p", str(port)], port)

    return one


@pytest.fixture(scope="session")
def spamc() -> str:
    """The real client."""
    found = shutil.which("spamc")
    if found is None:
        pytest.skip("external: spamc is not installed")
    return found
