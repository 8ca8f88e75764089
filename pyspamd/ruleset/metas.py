"""The graph of meta rules: in what order they resolve, and which need evaluating for a given set of hits.

A meta that evaluates to false when nothing below it has hit needs no evaluation until something below it does.
So each message costs what its hits reach, not what the rule set holds. Sets of metas are bits of an `int`, numbered
in topological order, so that the lowest number is always that of a meta whose dependencies are settled.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from .meta_expression import Evaluate, MetaExpression, Value


@dataclass(frozen=True, slots=True)
class MetaOrder:
    """What can be said of metas before any message: who can run, who never can, and in what order."""

    order: tuple[str, ...]
    cyclic: frozenset[str]
    """Metas that need one another, and those that need such: evaluated once, after the first priority, whatever is
    known then, as in the original (whose order among them is that of its hashes)."""
    dead: frozenset[str]
    """Metas that wait for a meta whose score is 0 and which therefore never resolves."""


def order_metas(metas: Mapping[str, MetaExpression], active: Callable[[str], bool]) -> MetaOrder:
    """Sort metas so that each comes after those it depends on; `active` tells whether a rule's score is not 0."""
    waiting = {name: {dep for dep in meta.names if dep in metas} for name, meta in metas.items()}
    dependents: dict[str, list[str]] = {}
    for name, deps in waiting.items():
        for dep in deps:
            dependents.setdefault(dep, []).append(name)
    ready = [name for name, deps in waiting.items() if not deps]
    solved: list[str] = []
    while ready:
        name = ready.pop()
        solved.append(name)
        for dependent in dependents.get(name, ()):
            waiting[dependent].discard(name)
            if not waiting[dependent]:
                ready.append(dependent)
    cyclic = frozenset(metas) - frozenset(solved)
    dead: set[str] = set()
    for name in solved:
        if not active(name) or any(dep in dead for dep in metas[name].names):
            dead.add(name)
    order = tuple(name for name in solved if name not in dead)
    return MetaOrder(order, cyclic, frozenset(dead))


class MetaGraph:
    """The metas of one rule set, ready to be resolved message by message.

    `levels` says of every rule that is not a meta at which step of the scan (0, 1, 2 …) its answer is known; a rule
    that is not in it is known only at the last step. A meta is resolved at the first step at which all it depends on
    is known, so that rules of a later priority see its hit. `first_level` is the step after which metas resolve that
    need one another.
    """

    def __init__(
        self,
        metas: Mapping[str, MetaExpression],
        active: Callable[[str], bool],
        levels: Mapping[str, int],
        last_level: int,
        first_level: int = 0,
    ) -> None:
        arranged = order_metas(metas, active)
        rootless = tuple(sorted(name for name in arranged.cyclic if active(name)))
        self.names: tuple[str, ...] = arranged.order + rootless
        self.cyclic = arranged.cyclic
        self.dead = arranged.dead
        index = {name: number for number, name in enumerate(self.names)}
        self._evaluate: list[Evaluate] = [metas[name].evaluate for name in self.names]
        self._dependents: dict[str, int] = {}
        mentions = Counter(dep for name in self.names for dep in metas[name].names)
        level_of: dict[str, int] = {}
        self._upto = [0] * (last_level + 1)
        self._always = 0
        for number, name in enumerate(self.names):
            deps = () if name in arranged.cyclic else metas[name].names
            known = [level_of[d] if d in index else levels.get(d, last_level) for d in deps]
            level = last_level if metas[name].is_declaration else max(known, default=0)
            level = level_of[name] = first_level if name in arranged.cyclic else level
            bit = 1 << number
            for later in range(level, last_level + 1):
                self._upto[later] |= bit
            # One rule without which it is 0 will do to wait for: that which fewest metas mention hits least.
            needs = metas[name].needs if deps else ()
            for dep in (min(needs, key=lambda rule: (mentions[rule], rule)),) if needs else deps:
                self._dependents[dep] = self._dependents.get(dep, 0) | bit
            if name in arranged.cyclic or self._evaluate[number](dict.fromkeys(deps, 0)):
                self._always |= bit
        self._names_of = {name: metas[name].names for name in self.names}

    def dependencies_of(self, name: str) -> tuple[str, ...]:
        """The rules a meta mentions, in order."""
        return self._names_of.get(name, ())

    def resolution(self) -> "Resolution":
        """The state of one message's metas."""
        return Resolution(self)


class Resolution:
    """How far the metas of one message are resolved."""

    __slots__ = ("_done", "_graph", "_reached")

    def __init__(self, graph: MetaGraph) -> None:
        self._graph = graph
        self._reached = graph._always
        self._done = 0

    def resolve(
        self,
        level: int,
        new_hits: Iterable[str],
        values: Mapping[str, Value],
        hit: Callable[[str, Value], object],
    ) -> None:
        """Evaluate what is decidable at `level` and reached by `new_hits`; `hit(name, value)` is told of each hit.

        `values` maps every rule to its value so far and must already show what `hit` has recorded.
        """
        graph = self._graph
        dependents = graph._dependents
        evaluate, names = graph._evaluate, graph.names
        reached = self._reached
        for name in new_hits:
            reached |= dependents.get(name, 0)
        allowed = graph._upto[level]
        done = self._done
        work = reached & allowed & ~done
        done |= work
        pending = _numbers(work)
        while pending:
            number = heappop(pending)
            result = evaluate[number](values)
            if result:
                name = names[number]
                hit(name, result)
                more = dependents.get(name, 0)
                if more:
                    reached |= more
                    fresh = more & allowed & ~done
                    if fresh:
                        done |= fresh
                        for later in _numbers(fresh):
                            heappush(pending, later)
        self._done = done
        self._reached = reached


def _numbers(bits: int) -> list[int]:
    """The places of the bits that are set, rising."""
    found, text = [], bin(bits)[:1:-1]
    at = text.find("1")
    while at >= 0:
        found.append(at)
        at = text.find("1", at + 1)
    return found


def missing_dependencies(
    metas: Mapping[str, MetaExpression], known: Callable[[str], bool]
) -> Sequence[tuple[str, str]]:
    """Pairs (meta, name it mentions that is no rule), for `lint`."""
    return [(name, dep) for name, meta in metas.items() for dep in meta.names if not known(dep)]
