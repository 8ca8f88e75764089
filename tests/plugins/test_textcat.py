"""TextCat: invented languages, told apart here and by the original with the same models of our own making."""

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyspamd.engine.assemble import Setup, assemble
from pyspamd.learn.languages import LanguageModels, load_models, profile
from pyspamd.plugins.textcat import bare_text

SYLLABLES = {
    "en": "the and ing of to er on wh sh ough",
    "de": "der und sch ein ich en ung zu pf ä",
    "fr": "le eau que ou et les aient ç un è",
    "fr.utf8": "lé eau que ou et les aient ch un ez",
    "sco": "the and in o tae er on wha sh ocht",
    "ru.koi8-r": "\xcf\xd4 \xd0\xd2 \xc9 \xce\xc1 \xd3\xd4 \xcb\xcf \xd7\xcf moskwa o",
    "zh.big5": "\xa4\xa4 \xa4\xe5 \xac\xb0 \xa6\xb3 \xa4\x40 tei ts",
    "la": "us um ibus que et ae orum non est ad",
}


def words(language: str, count: int, seed: int) -> str:
    """Words of an invented language, latin-1 characters for octets."""
    source = random.Random(f"{language} {seed}")
    syllables = SYLLABLES[language].split()
    return " ".join("".join(source.choices(syllables, k=source.randint(1, 3))) for _ in range(count))


@pytest.fixture
def languages(tmp_path: Path) -> Path:
    """A file of models beside the configuration."""
    lines = []
    for name in SYLLABLES:
        text = words(name, 3000, 0).encode("utf-8" if name in ("de", "fr.utf8") else "latin-1")
        lines += [*profile(text, 400), f"0 {name}".encode()]
    path = tmp_path / "languages"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


RULES = """
loadplugin Mail::SpamAssassin::Plugin::TextCat
body   UNWANTED  eval:check_language()
body   EIGHT     eval:check_body_8bits()
header LANGUAGES X-Languages =~ /\\S/
header ENGLISH   X-Languages =~ /\\ben\\b/
header FRENCH    X-Languages =~ /\\bfr(?:\\s|$)/
header BIG5      X-Languages =~ /zh\\.big5/
header LATIN     X-Languages =~ /\\bla\\b/
header LONG      X-Languages-Length =~ /^10000$/
header SHORT     X-Languages-Length =~ /^\\d\\d?$/
header __COUNTED X-Languages-Length =~ /[02468]$/
"""


def mail(text: str, subject: str = "x", charset: str = "iso-8859-1") -> bytes:
    head = f"Subject: {subject}\nMIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\n\n"
    return head.encode("latin-1") + text.encode("utf-8" if charset == "utf-8" else "latin-1") + b"\n"


MESSAGES = [
    *(mail(words(name, 200, 1)) for name in SYLLABLES),
    *(mail(words(name, 200, 2), charset="utf-8") for name in ("de", "fr", "fr.utf8", "en")),
    *(mail(words(name, 90, 3).upper()) for name in ("de", "en", "sco")),
    *(mail(words(name, 90, 4).title()) for name in ("de", "fr", "en")),
    mail(words("en", 100, 5) + "\n\n" + words("de", 100, 5)),
    mail(words("en", 5000, 6)),
    mail(words("en", 20, 7)),
    mail(""),
    mail(words("en", 60, 8), subject="Re: Fwd: AW: hello"),
    mail(
        " ".join(f"http://link{n}.example/path?x=y joe.long{n}@mail.example" for n in range(40))
        + words("en", 60, 9)
    ),
    mail("a" * 100 + "@example.com " + "@x.example b@ c@1 d@e www.example.com " * 20 + words("en", 60, 10)),
    mail("x@yz" * 200 + " " + words("en", 60, 11)),
    mail("1234 sh 5678 the !!! or...\n" * 40),
    mail("\xe4\xf6\xfc\xe4\xf6\xfc\xe4\xf6\xfc " + words("en", 60, 12), charset="x-unknown"),
]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lines",
    [
        "",
        "ok_languages en\n",
        "ok_languages fr la\ninactive_languages de\n",
        "ok_languages zh ru\ntextcat_max_languages 1\ntextcat_acceptable_score 1.3\n",
        "ok_languages sco\ninactive_languages en\ntextcat_max_ngrams 100\n",
        "ok_languages de\ntextcat_optimal_ngrams 2\n",
    ],
)
def test_against_the_original(agreement: Any, languages: Path, lines: str) -> None:
    replace(agreement, settle=by_score_then_name)(RULES + lines, MESSAGES, tags=("TEXTCATRESULTS",))


def by_score_then_name(verdict: Any) -> Any:
    """The verdict with languages of one score sorted by name; the original has them in no order."""
    results = verdict["tags"]["TEXTCATRESULTS"] or ""
    ordered = sorted(results.split(), key=lambda entry: (int(re.findall(r":(\d+)", entry)[0]), entry))
    return {**verdict, "tags": {"TEXTCATRESULTS": ordered}}


def test_guesses(agreement: Any, languages: Path) -> None:
    english, german = agreement.ours(
        RULES + "ok_languages en\n", [mail(words("en", 200, 1)), mail(words("de", 200, 1))]
    )
    assert "ENGLISH" in english["hits"] and "UNWANTED" not in english["hits"]
    assert german["hits"]["UNWANTED"][4] == ["Languages detected: de"]


def test_without_models_nothing_is_guessed(agreement: Any, caplog: Any) -> None:
    (verdict,) = agreement.ours(RULES + "ok_languages en\n", [mail(words("de", 200, 1))])
    assert verdict["hits"] == {} and "no file of languages" in caplog.text


def test_models_elsewhere(agreement: Any, languages: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    languages.rename(tmp_path / "models" / "mine")
    lines = "ok_languages en\ntextcat_languages_file models/mine\n"
    (verdict,) = agreement.ours(RULES + lines, [mail(words("de", 200, 1))])
    assert "UNWANTED" in verdict["hits"]


def test_stock_rules_use_their_own_models(stock_rules: Path, tmp_path: Path) -> None:
    (tmp_path / "textcat.pre").write_text("loadplugin Mail::SpamAssassin::Plugin::TextCat\n")
    engine = assemble(Setup(config=str(stock_rules), site=str(tmp_path), local_tests_only=True))
    text = b"Subject: hello\n\n" + b"This is what I had to say about the weather, and it was not much. " * 10
    assert engine.check_sync(text).get("X-Languages").strip() == b"en"  # type: ignore[union-attr]


def test_models() -> None:
    models = LanguageModels(
        [("one", [b"a", b"b"]), ("two.utf8", [b"b", b"a"]), ("two", [b"c"]), ("no.x", [b"a"])]
    )
    assert models.rank([b"a", b"b"], 9, {"no"}) == [("one", 2), ("two", 2)]
    assert profile(b"Abb 12 abb", 4) == [b"\0", b"b", b"b\0", b"bb"]


def test_file(tmp_path: Path) -> None:
    (tmp_path / "languages").write_bytes(b"a\n\0b\n0 xx\nc\n0 yy\n")
    assert load_models(tmp_path / "languages").names == ["xx", "yy"]


def test_addresses_cost_no_more_than_their_length() -> None:
    # Quadratic reading would take very long here.
    assert len(bare_text([b"a" * 500_000, b"@" * 500_000, b"x@y" * 200_000])) == 10000
