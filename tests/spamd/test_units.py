"""The systemd units under docs: their options are ones that `pyspamd serve` takes, and systemd can read them."""

import argparse
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pyspamd.cli.serve import refuse_unsupported, server_options
from pyspamd.cli.serve_options import add_options
from pyspamd.spamd.options import ServerOptions

DOCS = Path(__file__).parents[2] / "docs"
SERVICE = (DOCS / "pyspamd.service").read_text()
ENVIRONMENT = (DOCS / "pyspamd.env").read_text()


def served(variables: dict[str, str]) -> ServerOptions:
    """The options that the unit's command line amounts to."""
    command = re.search(r"^ExecStart=(\S+) serve (.*)$", SERVICE, re.M)
    assert command
    words = re.sub(r"\$(\w+)", lambda found: variables[found[1]], command[2]).split()
    parser = argparse.ArgumentParser()
    add_options(parser)
    options = parser.parse_args(words)
    refuse_unsupported(options)
    return server_options(options)


def test_the_environment_files_options() -> None:
    lines = [line for line in ENVIRONMENT.splitlines() if line and not line.startswith("#")]
    variables = dict(shlex.split(line)[0].partition("=")[::2] for line in lines)
    options = served(variables)
    assert options.listen == ("localhost",)
    assert options.port == "783"
    assert (options.max_children, options.min_children) == (4, 2)
    assert options.allowed.contains("127.0.0.1")
    assert not options.users.user_config


def test_the_units_own_options() -> None:
    found = re.search(r"^Environment=(.*)$", SERVICE, re.M)
    assert found
    variables = dict(word.partition("=")[::2] for word in shlex.split(found[1]))
    assert served(variables).port == "783"


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd here")
    (tmp_path / "pyspamd.service").write_text(re.sub(r"/opt/pyspamd/bin/pyspamd", "/bin/true", SERVICE))
    shutil.copy(DOCS / "pyspamd.socket", tmp_path)
    units = [str(tmp_path / name) for name in ("pyspamd.service", "pyspamd.socket")]
    checked = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, timeout=60)
    about_us = [line for line in checked.stderr.splitlines() if "pyspamd" in line and "User" not in line]
    assert about_us == []
