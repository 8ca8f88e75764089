"""The meta graph: resolving only what hits reach gives what resolving everything gives."""

import random

from pyspamd.ruleset.meta_expression import MetaExpression, compile_meta
from pyspamd.ruleset.metas import MetaGraph, missing_dependencies


def graph(
    texts: dict[str, str],
    inactive: set[str] | None = None,
    levels: dict[str, int] | None = None,
    last: int = 0,
) -> MetaGraph:
    metas = {name: compile_meta(text, name) for name, text in texts.items()}
    return MetaGraph(metas, lambda name: name not in (inactive or set()), levels or {}, last)


def resolve(built: MetaGraph, hits: dict[str, int], level: int = 0) -> dict[str, float]:
    values: dict[str, float] = {dep: 0 for name in built.names for dep in built.dependencies_of(name)}
    values.update(hits)
    found: dict[str, float] = {}

    def hit(name: str, value: float) -> None:
        found[name] = value
        values[name] = values.get(name, 0) + value

    built.resolution().resolve(level, list(hits), values, hit)
    return found


def test_a_meta_hits_when_what_it_needs_has_hit() -> None:
    built = graph({"M": "A && B"})
    assert resolve(built, {"A": 1}) == {}
    assert set(resolve(built, {"A": 1, "B": 1})) == {"M"}


def test_metas_on_metas_resolve_in_one_pass() -> None:
    built = graph({"TOP": "MID && !OTHER", "MID": "LOW + B > 1", "LOW": "A", "OTHER": "Z"})
    assert set(resolve(built, {"A": 1, "B": 1})) == {"LOW", "MID", "TOP"}


def test_a_meta_that_is_true_of_nothing_hits_without_any_hit() -> None:
    built = graph({"QUIET": "!A && !B", "ON_QUIET": "QUIET"})
    assert set(resolve(built, {})) == {"QUIET", "ON_QUIET"}
    assert resolve(built, {"A": 1}) == {}


def test_rules_that_need_one_another_are_evaluated_once() -> None:
    built = graph({"A": "B", "B": "A || RULE", "ON_A": "!A"})
    assert built.cyclic == {"A", "B", "ON_A"}
    assert set(resolve(built, {})) == {"ON_A"}
    assert set(resolve(built, {"RULE": 1})) == {"B", "ON_A"}


def test_a_meta_on_a_meta_without_score_never_resolves() -> None:
    built = graph({"ZERO": "X", "NEEDS": "ZERO || Y", "FREE": "Y"}, inactive={"ZERO"})
    assert built.dead == {"ZERO", "NEEDS"}
    assert set(resolve(built, {"X": 1, "Y": 1})) == {"FREE"}


def test_a_meta_waits_for_the_level_at_which_it_is_decidable() -> None:
    built = graph({"EARLY": "A", "LATE": "A && NET"}, levels={"A": 0}, last=1)
    assert set(resolve(built, {"A": 1, "NET": 1}, level=0)) == {"EARLY"}
    assert set(resolve(built, {"A": 1, "NET": 1}, level=1)) == {"EARLY", "LATE"}


def test_resolving_twice_does_not_hit_twice() -> None:
    built = graph({"M": "A"}, levels={"A": 0}, last=1)
    values: dict[str, float] = {"A": 1, "M": 0}
    hits: list[str] = []
    resolution = built.resolution()
    for level in (0, 1):
        resolution.resolve(level, ["A"], values, lambda name, _: hits.append(name))
    assert hits == ["M"]


def test_what_hits_reach_is_all_there_is() -> None:
    rng = random.Random(7)
    base = [f"R{number}" for number in range(12)]
    for _ in range(60):
        texts: dict[str, str] = {}
        for number in range(25):
            pool = base + list(texts)
            terms = [rng.choice(["", "", "!"]) + rng.choice(pool) for _ in range(rng.randint(1, 4))]
            texts[f"M{number}"] = rng.choice([" && ", " || ", " + "]).join(terms).replace("+ !", "+ ")
        built = graph(texts)
        hits = {name: rng.randint(1, 3) for name in base if rng.random() < 0.3}
        assert resolve(built, hits) == everything(texts, hits)


def nested(rng: random.Random, pool: list[str], depth: int = 3) -> str:
    """An expression of every operator that metas have."""
    if not depth or rng.random() < 0.25:
        return rng.choice(pool) if rng.random() < 0.9 else rng.choice(["0", "1", "2"])
    one, other = (nested(rng, pool, depth - 1) for _ in range(2))
    bound = rng.choice(["0", "1", "2", "(0 - 1)"])
    return rng.choice(
        [
            f"({one} && {other})",
            f"({one} && {other})",
            f"({one} || {other})",
            f"!{one}" if one[0] in "RM(" else one,
            f"({one} {rng.choice(['>', '>=', '==', '!=', '<', '<='])} {bound})",
            f"({bound} {rng.choice(['>', '>=', '==', '!=', '<', '<='])} {one})",
            f"({one} {rng.choice(['+', '-', '*'])} {other})",
            f"({one} ? {other} : {rng.choice(pool)})",
            f"({one} ^ {other})",
        ]
    )


def test_whatever_a_meta_waits_for_it_hits_as_if_it_waited_for_all() -> None:
    rng = random.Random(11)
    base = [f"R{number}" for number in range(10)]
    waiting_for_one = 0
    for _ in range(150):
        texts: dict[str, str] = {}
        for number in range(15):
            texts[f"M{number}"] = nested(rng, base + list(texts))
        built = graph(texts)
        waiting_for_one += sum(bool(compile_meta(text, name).needs) for name, text in texts.items())
        for share in (0.1, 0.3, 0.7):
            hits = {name: rng.randint(1, 3) for name in base if rng.random() < share}
            assert resolve(built, hits) == everything(texts, hits)
    assert waiting_for_one > 500


def everything(texts: dict[str, str], hits: dict[str, int]) -> dict[str, float]:
    """Every meta evaluated, in an order that suits: each mentions only earlier ones."""
    metas: dict[str, MetaExpression] = {name: compile_meta(text, name) for name, text in texts.items()}
    values: dict[str, float] = {}
    for meta in metas.values():
        values.update(dict.fromkeys(meta.names, 0))
    values.update(hits)
    found = {}
    for name, meta in metas.items():
        result = meta.evaluate(values)
        if result:
            found[name] = values[name] = result
    return found


def test_missing_dependencies_are_named() -> None:
    metas = {"M": compile_meta("A && NOWHERE", "M")}
    assert missing_dependencies(metas, {"A", "M"}.__contains__) == [("M", "NOWHERE")]
