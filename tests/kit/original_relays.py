"""Received lines of every format, and what the original makes of lines and of messages with such lines."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1] / "mail"
LINES = [
    line.encode("latin-1")
    for line in (HERE / "received_lines.txt").read_text("latin-1").splitlines()
    if not line.startswith("#")
]


def originals(perl: str, stock_rules: Path, configuration: str, calls: Iterable[list[str]]) -> list[Any]:
    """The driver's answers to `calls`, each the name of a function and its arguments, under directive lines."""
    told = [json.dumps(call) + "\n" for call in ([configuration], *calls)]
    done = subprocess.run(
        [perl, str(HERE / "original_relays.pl"), str(stock_rules / "20_aux_tlds.cf")],
        input="".join(told),
        capture_output=True,
        encoding="latin-1",
        check=True,
    )
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def about_messages(
    perl: str, stock_rules: Path, configuration: str, messages: Iterable[bytes], requests: Iterable[str] = ()
) -> list[Any]:
    """What the original makes of whole messages: relays, correspondents, and the answers to header requests."""
    calls = (["message", message.decode("latin-1"), *requests] for message in messages)
    return originals(perl, stock_rules, configuration, calls)
