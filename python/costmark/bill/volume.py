"""Why the bill has more or fewer tokens than the ledger.

::

    surplus and deficit of a key that differ in one field   ->  a move, in the order of `_STEPS`
    what is left of cached and written tokens               ->  causes of the cache
    what is left of a surplus                               ->  untagged, other clients, uncertain
    what is left of a deficit                               ->  not billed yet, or the residual

Each token is in one of these once. Where two of them fit, both are named and neither is chosen.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from . import causes
from .causes import Bounds, Detail, Found
from .invariants import BrokenInvariantError
from .keys import Cells, Evidence, coarse_place
from .lines import CACHE_WRITE, UNTAGGED, Key, Place

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class _Edge:
    """Tokens that the ledger has at one key and the bill has at another."""

    name: str
    ledger: Key
    bill: Key
    most: int


class Volume:
    """The surplus (more than 0) and deficit (less) of each key, as causes take it away."""

    def __init__(self, cells: Cells, found: Found) -> None:
        self.cells = {key: cell for key, cell in cells.items() if cell.is_priced}
        self.found = found
        self.left = {
            key: cell.bill - cell.ledger
            for key, cell in self.cells.items()
            if cell.bill != cell.ledger
        }
        self.taken: dict[Key, int] = defaultdict(int)
        """What was taken away from `left`, all steps together."""

    def cost(self, key: Key, tokens: int) -> Fraction:
        """What tokens cost by the book."""
        return tokens * self.cells[key].price

    def take(self, key: Key, tokens: int, name: str = "") -> None:
        """Take tokens away that have a cause now: each token once. Without a name: the residual."""
        if name:
            self.found.change(key, name, self.cost(key, tokens))
        left = self.left[key]
        if abs(left - tokens) > abs(left) or (left - tokens) * left < 0:
            raise BrokenInvariantError(
                "moved once", f"{tokens} of {left} tokens of {key} have a cause"
            )
        self.taken[key] += tokens
        self.left[key] = left - tokens
        if not self.left[key]:
            del self.left[key]

    # --- Moves ----------------------------------------------------------------------------------

    def move(self) -> None:
        """Match deficits with surpluses, one step after the other."""
        for step in _STEPS:
            for edges in _components(step(self)):
                self._resolve(edges)

    def _resolve(self, edges: list[_Edge]) -> None:
        if self._is_unambiguous(edges):
            for edge in edges:
                self._move(edge)
        elif self._is_saturated(edges):
            self._move_all(edges)
        else:
            self._move_jointly(edges)

    def _is_unambiguous(self, edges: list[_Edge]) -> bool:
        """Whether every move can be as large as possible at once."""
        sums: dict[Key, int] = defaultdict(int)
        for edge in edges:
            sums[edge.ledger] += edge.most
            sums[edge.bill] += edge.most
        return all(tokens <= abs(self.left[key]) for key, tokens in sums.items())

    def _is_saturated(self, edges: list[_Edge]) -> bool:
        """Whether one kind of move takes all of both sides, whichever token went where."""
        deficits, surpluses = _sides(edges)
        is_complete = len(edges) == len(deficits) * len(surpluses)
        is_unbounded = all(
            edge.most == min(-self.left[edge.ledger], self.left[edge.bill]) for edge in edges
        )
        total = sum(self.left[key] for key in deficits | surpluses)
        return (
            len({edge.name for edge in edges}) == 1 and is_complete and is_unbounded and not total
        )

    def _move(self, edge: _Edge) -> None:
        cost = self.cost(edge.bill, edge.most) - self.cost(edge.ledger, edge.most)
        self.take(edge.bill, edge.most, edge.name)
        self.take(edge.ledger, -edge.most, edge.name)
        self.found.add(edge.name, Detail(edge.ledger, edge.most, cost, to=edge.bill))

    def _move_all(self, edges: list[_Edge]) -> None:
        deficits, surpluses = _sides(edges)
        moved = sum(self.left[key] for key in surpluses)
        cost, keys = self._take_all(deficits | surpluses, edges[0].name)
        self.found.add(edges[0].name, Detail(keys[0], moved, cost, others=tuple(keys[1:])))

    def _move_jointly(self, edges: list[_Edge]) -> None:
        deficits, surpluses = _sides(edges)
        more = sum(self.left[key] for key in surpluses)
        fewer = -sum(self.left[key] for key in deficits)
        bounds = [
            self._bounds(name, [edge for edge in edges if edge.name == name], min(more, fewer))
            for name in sorted({edge.name for edge in edges})
        ]
        names = {*(edge.name for edge in edges), causes.REST}
        cost, keys = self._take_all(deficits | surpluses, causes.joint_name(names))
        # What is not moved is the rest of the whole.
        low = cost - sum(bound.high for bound in bounds)
        high = cost - sum(bound.low for bound in bounds)
        bounds.append(Bounds(causes.REST, low, high))
        detail = Detail(keys[0], max(more, fewer), cost, others=tuple(keys[1:]))
        self.found.add_joint(detail, bounds)

    def _bounds(self, name: str, edges: list[_Edge], most: int) -> Bounds:
        steps = [self.cells[e.bill].price - self.cells[e.ledger].price for e in edges]
        sums = [step * edge.most for step, edge in zip(steps, edges, strict=True)]
        zero = Fraction(0)
        low = max(sum((min(zero, each) for each in sums), zero), min(zero, min(steps) * most))
        high = min(sum((max(zero, each) for each in sums), zero), max(zero, max(steps) * most))
        return Bounds(name, low, high)

    def _take_all(self, keys: Iterable[Key], name: str) -> tuple[Fraction, list[Key]]:
        ordered = sorted(keys, key=repr)
        cost = sum((self.cost(key, self.left[key]) for key in ordered), Fraction(0))
        for key in ordered:
            self.take(key, self.left[key], name)
        return cost, ordered

    # --- The cache ------------------------------------------------------------------------------

    def explain_cache(self) -> None:
        """Name what became of cached and written tokens, one call's kinds side by side."""
        written: dict[Key, list[Key]] = defaultdict(list)
        for key in self.cells:
            if key.kind == CACHE_WRITE:
                written[key._replace(kind="input", time="")].append(key)
        bases = {
            key._replace(kind="input", time="")
            for key in self.left
            if key.kind in ("input", "cached", CACHE_WRITE)
        }
        for base in sorted(bases, key=repr):
            self._explain_cache_of(base, [base._replace(kind="cached")], written[base])

    def _explain_cache_of(self, base: Key, cached: list[Key], written: list[Key]) -> None:
        more = self.left.get(base, 0)
        parts = [self._present(cached), self._present(written)]
        both = [*parts[0], *parts[1]]
        candidates = [part for part in (*parts, both) if part]
        for part in candidates:
            if more > 0 and more == self._ledger(part):
                if all(key not in self.left for key in part):
                    self._explain(causes.CACHE_TWICE, [base], more)
                    return
                if self._surplus(part) == -more:
                    self._explain(causes.CACHE_AS_INPUT, [base, *part], more)
                    return
        missing = [key for key in cached if self.left.get(key, 0) < 0]
        if missing and more == 0 and base in self.cells:
            self._explain(causes.CACHE_NOT_BILLED, missing, -self._surplus(missing))
        elif missing and more > 0:
            self._explain_jointly(base, missing)

    def _present(self, keys: Iterable[Key]) -> list[Key]:
        return [key for key in keys if key in self.cells and self.cells[key].ledger]

    def _ledger(self, keys: Iterable[Key]) -> int:
        return sum(self.cells[key].ledger for key in keys)

    def _surplus(self, keys: Iterable[Key]) -> int:
        return sum(self.left.get(key, 0) for key in keys)

    def _explain(self, name: str, keys: list[Key], tokens: int) -> None:
        """The first key is where the tokens are, or are missing."""
        first, *rest = (key for key in keys if key in self.left)
        cost, _ = self._take_all([first, *rest], name)
        self.found.add(name, Detail(first, tokens, cost, others=tuple(sorted(rest, key=repr))))

    def _explain_jointly(self, base: Key, missing: list[Key]) -> None:
        """Cached tokens are missing, and there is some input too many: both may be the same."""
        more, fewer = self.left[base], -self._surplus(missing)
        most = min(more, fewer)
        (cached,) = missing
        as_input = most * (self.cells[base].price - self.cells[cached].price)
        not_billed = -self.cost(cached, fewer)
        surplus = self.cost(base, more)
        zero = Fraction(0)
        bounds = [
            Bounds(causes.CACHE_AS_INPUT, min(zero, as_input), max(zero, as_input)),
            Bounds(causes.CACHE_NOT_BILLED, not_billed, zero),
            Bounds(causes.OTHER_CLIENTS, zero, surplus),
        ]
        name = causes.joint_name(bound.name for bound in bounds)
        cost, _ = self._take_all([base, cached], name)
        self.found.add_joint(Detail(base, max(more, fewer), cost, others=(cached,)), bounds)

    # --- What is left ---------------------------------------------------------------------------

    def explain_surpluses(self, places: dict[Place, Evidence], fields: dict[str, set[str]]) -> None:
        """Name tokens that the bill alone has."""
        missing = {(key.day, -left) for key, left in self.left.items() if left < 0}
        for key in sorted((key for key, left in self.left.items() if left > 0), key=repr):
            tokens = self.left[key]
            cost = self.cost(key, tokens)
            detail = Detail(key, tokens, cost)
            place = coarse_place(
                Place(key.day, key.account, key.region, key.tag, key.model), fields
            )
            at = places.get(place, Evidence())
            name = _surplus_name(key, at, is_missing=(key.day, tokens) in missing)
            if name is None:
                continue
            if name == causes.joint_name(_UNCERTAIN_OR_OTHERS):
                bounds = [Bounds(each, Fraction(0), cost) for each in _UNCERTAIN_OR_OTHERS]
                self.found.add_joint(detail, bounds)
            else:
                self.found.add(name, detail)
            self.take(key, tokens, name)

    def explain_deficits(self, is_young: Callable[[dt.date], bool]) -> None:
        """Name tokens that the ledger alone has, where the bill may still get them."""
        for key in sorted((key for key, left in self.left.items() if left < 0), key=repr):
            if is_young(key.day) and self.cells[key].bill >= 0:  # no correction of what was billed
                tokens = self.left[key]
                detail = Detail(key, -tokens, self.cost(key, tokens))
                self.found.add(causes.NOT_BILLED_YET, detail)
                self.take(key, tokens, causes.NOT_BILLED_YET)

    def give_up(self) -> None:
        """Leave what has no name to the residual."""
        for key in list(self.left):
            self.found.residuals[key] += self.cost(key, self.left[key])
            self.take(key, self.left[key])


_UNCERTAIN_OR_OTHERS = (causes.UNCERTAIN, causes.OTHER_CLIENTS)


def _surplus_name(key: Key, at: Evidence, *, is_missing: bool) -> str | None:
    """What tokens are called that the bill alone has; None leaves them to the residual."""
    if key.tag == UNTAGGED:
        return causes.UNTAGGED_USAGE
    if at.seen is not None and at.seen == at.attempts:
        # Every call is known; without an uncertain one, so is what each used.
        return causes.UNCERTAIN if at.uncertain else None
    if at.seen is None and is_missing:
        return None  # exactly what is missing elsewhere, moved in a way that no step knows
    return causes.joint_name(_UNCERTAIN_OR_OTHERS) if at.uncertain else causes.OTHER_CLIENTS


# --- Steps: which keys a token may have been billed under -----------------------------------------


def _days(volume: Volume) -> Iterator[_Edge]:
    for key, left in volume.left.items():
        if left >= 0:
            continue
        cell = volume.cells[key]
        for step, near in ((_DAY, cell.near_end), (-_DAY, cell.near_begin)):
            other = key._replace(day=key.day + step)
            more = volume.left.get(other, 0)
            most = min(-left, more, near)
            if most > 0:
                yield _Edge(causes.OTHER_DAY, key, other, most)


def _other(names: dict[str, str]) -> Callable[[Volume], Iterator[_Edge]]:
    """Keys that differ in one of some fields; the values are what the cause is called."""

    def step(volume: Volume) -> Iterator[_Edge]:
        for field, name in names.items():
            yield from _differing(volume, field, name, lambda _deficit, _surplus: True)

    return step


def _untagged(volume: Volume) -> Iterator[_Edge]:
    yield from _differing(
        volume, "tag", causes.WITHOUT_TAG, lambda _deficit, surplus: surplus.tag == UNTAGGED
    )


def _differing(
    volume: Volume, field: str, name: str, fits: Callable[[Key, Key], bool]
) -> Iterator[_Edge]:
    alike: dict[Key, list[Key]] = defaultdict(list)
    for key in volume.left:
        alike[key._replace(**{field: None})].append(key)  # type: ignore[arg-type]
    for keys in alike.values():
        for deficit in keys:
            for surplus in keys:
                most = min(-volume.left[deficit], volume.left[surplus])
                if most > 0 and fits(deficit, surplus):
                    yield _Edge(name, deficit, surplus, most)


_STEPS: tuple[Callable[[Volume], Iterator[_Edge]], ...] = (
    _days,
    _other(
        {
            "tier": causes.OTHER_TIER,
            "serving": causes.OTHER_SERVING,
            "context": causes.OTHER_CONTEXT,
        }
    ),
    _other({"time": causes.OTHER_TIME}),
    _untagged,
)


def _components(edges: Iterable[_Edge]) -> list[list[_Edge]]:
    """Edges that share keys, directly or by others, together; sorted."""
    leader: dict[Key, Key] = {}

    def find(key: Key) -> Key:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    ordered = sorted(edges, key=repr)
    for edge in ordered:
        leader[find(edge.ledger)] = find(edge.bill)
    groups: dict[Key, list[_Edge]] = defaultdict(list)
    for edge in ordered:
        groups[find(edge.ledger)].append(edge)
    return list(groups.values())


def _sides(edges: list[_Edge]) -> tuple[set[Key], set[Key]]:
    return {edge.ledger for edge in edges}, {edge.bill for edge in edges}
