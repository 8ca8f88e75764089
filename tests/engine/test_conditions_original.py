"""Conditions, each with a rule on either side of its `else`, held against what the original makes of them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
CONDITIONS = (FOLDER / "conditions.txt").read_text().splitlines()
NESTED = (FOLDER / "conditions_nested.cf").read_text()
PLUGIN = "Mail::SpamAssassin::Plugin::"
LOADED = "".join(
    f"loadplugin {PLUGIN}{name}\n"
    for name in ("HeaderEval", "WelcomeListSubject", "DMARC", "MIMEHeader", "DKIM", "BodyEval", "MIMEEval")
)
NAMES = (
    *(f"{PLUGIN}HeaderEval", f"{PLUGIN}Nope", "HeaderEval", f"!{PLUGIN}Nope", f"{PLUGIN}HeaderEval extra"),
    *(f"{PLUGIN}HeaderEval # comment", f"({PLUGIN}HeaderEval)", f"{PLUGIN}HeaderEval) || plugin(X"),
    *(f"'{PLUGIN}HeaderEval'", f"{PLUGIN}Dmarc"),
)
ORIGINALS = Path("/usr/share/perl5/Mail/SpamAssassin/Plugin")
FEATURE = re.compile(r"^sub ((?:has|check|html|feature)_\w+)", re.MULTILINE)


def both_sides(number: int, line: str) -> str:
    return f"{line}\nheader IF_{number} X-H =~ /a/\nelse\nheader ELSE_{number} X-H =~ /a/\nendif\n"


@pytest.mark.oracle
def test_every_condition(agreement: Any) -> None:
    lines = [f"if {condition}" for condition in CONDITIONS] + [f"ifplugin {name}" for name in NAMES]
    text = "".join(both_sides(number, line) for number, line in enumerate(lines))
    (verdict,) = replace(agreement, strict=False)(LOADED + text + NESTED, [b"X-H: a\n\n"])
    assert 120 < len(verdict["hits"]) < 160


@pytest.mark.oracle
def test_features_and_eval_tests(agreement: Any) -> None:
    """`can()` asks the function itself, which no eval test answers without a message; `has()` only looks for it."""
    text = ""
    for plugin in ("HeaderEval", "DMARC", "MIMEHeader", "DKIM", "BodyEval", "MIMEEval"):
        source = (ORIGINALS / f"{plugin}.pm").read_text("latin-1")
        for name in dict.fromkeys(FEATURE.findall(source)):
            if name.startswith("check_") and name not in ("check_for_missing_to_header", "check_dkim_signed"):
                continue
            for word in ("can", "has"):
                text += both_sides(text.count("endif"), f"if {word}({PLUGIN}{plugin}::{name})")
    (verdict,) = agreement(LOADED + text, [b"X-H: a\n\n"])
    assert {name.partition("_")[0] for name in verdict["hits"]} == {"IF", "ELSE"}
