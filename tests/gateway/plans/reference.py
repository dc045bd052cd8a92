"""What plans answer, row by row on dictionaries: a second reading of their settings, which shares no code with them."""

import contextlib
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from hashlib import blake2b
from typing import Any, NamedTuple

Row = dict[str, Any]
"""Values by the names of outputs, with a dot for each level."""

Ways = dict[str, Counter[str]]


class Failed(Exception):
    """A plan cannot answer."""


class Close(Exception):
    """The last bits of a mean of means decide, and these are of how it was rounded."""


class Rounded(float):
    """A mean of means: its last bits are not said by the settings."""


class Said(NamedTuple):
    """What a plan answers: how many rows each branch of a plan gave, and who is missing, None where nobody may be."""

    rows: Sequence[Row]
    ways: Ways
    missing: frozenset[str] | None = None


class Reference:
    """Answer by the settings of `routes`.

    `types` has those of the outputs of each model, and then of each route, and `reads` what features it reads. `say`
    gives what a model says of a record, and raises Failed. `keys` are what a request may be split by, but for the
    features. `holds` says whether a condition holds of values by their names, and `takes` whether a feature may have a
    value.
    """

    def __init__(
        self,
        types: Mapping[str, Mapping[str, str]],
        reads: Mapping[str, AbstractSet[str]],
        *,
        say: Callable[[str, Row], Row],
        keys: Mapping[str, str],
        holds: Callable[[str, Row], bool],
        takes: Callable[[str, Any], bool],
    ) -> None:
        self.types, self.reads = dict(types), dict(reads)
        self.say, self.keys, self.holds, self.takes = say, keys, holds, takes
        self.routes: dict[str, Any] = {}

    def add(self, name: str, route: Mapping[str, Any], members: Iterable[str]) -> None:
        """Take a route above those that are there, of which it asks some."""
        self.routes[name] = route
        self.types[name] = getattr(self, f"{self.kind(name)}_types")(name, route)
        given: set[str] = set()
        self.reads[name] = set()
        for member in members:
            self.reads[name] |= self.reads[member] - given
            given |= self.types[member].keys() if "sequence" in route else set()

    def kind(self, name: str) -> str:
        """Give the word for what a route runs."""
        route = self.routes[name]
        return "aggregate" if "aggregate" in route else next(kind for kind in route if hasattr(self, f"{kind}_types"))

    def ask(self, name: str, records: Sequence[Row]) -> Said:
        """Answer records."""
        if name not in self.routes:
            return Said([self.say(name, record) for record in records], {})
        said: Said = getattr(self, self.kind(name))(name, self.routes[name], records)
        return said

    def members(
        self, route: Mapping[str, Any], records: Sequence[Row]
    ) -> tuple[dict[str, Said], frozenset[str] | None]:
        """Ask those of an ensemble; gives those that answered, and who is missing."""
        found = {}
        for member in route["ensemble"]:
            try:
                found[member] = self.ask(member, records)
            except Failed:
                if member in route.get("require", ()) or not {"partial", "require", "quorum"} & route.keys():
                    raise
        if len(found) < route.get("quorum", 1):
            raise Failed
        own = frozenset(route["ensemble"]) - found.keys() if {"partial", "require", "quorum"} & route.keys() else None
        return found, own

    def ensemble_types(self, _: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Put outputs below names."""
        return {f"{one}.{name}": kind for one in route["ensemble"] for name, kind in self.types[one].items()}

    def ensemble(self, _: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Put answers below names."""
        found, missing = self.members(route, records)
        rows = [
            {f"{member}.{name}": value for member, said in found.items() for name, value in said.rows[index].items()}
            for index in range(len(records))
        ]
        return Said(rows, ways_of(found.values()), missing_of(found.values(), missing))

    def aggregate_types(self, _: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what is aggregated: between whole numbers there are others, and a vote has shares."""
        how, members = route["aggregate"], [self.types[member] for member in route["ensemble"]]
        shared = [name for name in members[0] if all(name in one for one in members) and name not in self.routes]
        kinds = {name: members[0][name] for name in how.get("outputs", shared)}
        shares = {f"{name}_share": "number" for name in kinds if how["by"] == "vote"}
        between = {name: "number" for name, kind in kinds.items() if kind == "integer" and how["by"] != "max"}
        return {**kinds, **between, **shares}

    def aggregate(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Take each output of those who say something of it."""
        how = route["aggregate"]
        found, missing = self.members(route, records)
        weights = {member: how.get("weights", {}).get(member, 1) for member in found}
        if not any(weights.values()):
            raise Failed
        rows: list[Row] = [{} for _ in records]
        for index, row in enumerate(rows):
            for output in sorted(self.types[name], key="label".__eq__):  # what is decided comes last
                its = {member: said.rows[index].get(output) for member, said in found.items()}
                there = {member: value for member, value in its.items() if value is not None}
                aggregated(row, output, how["by"], there, weights)
        return Said(rows, ways_of(found.values()), missing_of(found.values(), missing))

    def sequence_types(self, _: str, route: Mapping[str, Any]) -> Mapping[str, str]:
        """Give what the last step gives."""
        return self.types[route["sequence"][-1]]

    def sequence(self, _: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Ask step by step, each with what those before it say in place of what the caller does."""
        given: list[Row] = [{} for _ in records]
        done = []
        for step in route["sequence"]:
            names = [name for name in self.reads[step] if name in given[0]]
            if not all(self.takes(name, row[name]) for row in given for name in names):
                raise Failed
            done.append(self.ask(step, [record | row for record, row in zip(records, given, strict=True)]))
            for row, its in zip(given, done[-1].rows, strict=True):
                row |= {name: its.get(name) for name in self.types[step]}
        return Said(done[-1].rows, ways_of(done), missing_of(done))

    def shadow_types(self, _: str, route: Mapping[str, Any]) -> Mapping[str, str]:
        """Give what callers get."""
        return self.types[route["shadow"]["of"]]

    def shadow(self, _: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Answer without the candidate."""
        return self.ask(route["shadow"]["of"], records)

    def either_types(self, name: str, takers: Iterable[Any]) -> dict[str, str]:
        """Give what any branch gives, and which branch it was; stored answers give nothing else."""
        asked = [one for one in takers if isinstance(one, str)]
        return {name: "category", **{output: kind for one in asked for output, kind in self.types[one].items()}}

    def row_by_row(
        self, name: str, takers: Sequence[Any], records: Sequence[Row], first: Mapping[str, Said] | None = None
    ) -> Said:
        """Give each record what its taker says, which may have been asked all records first, or be a stored answer."""
        first = first or {}
        names = [one if isinstance(one, str) else one["as"] for one in takers]
        asked = dict.fromkeys(one for one in takers if isinstance(one, str) and one not in first)
        then = {
            one: self.ask(one, [record for record, its in zip(records, takers, strict=True) if its == one])
            for one in asked
        }
        turns = {one: iter(said.rows) for one, said in then.items()}
        rows = []
        for index, (its, taker) in enumerate(zip(names, takers, strict=True)):
            if isinstance(taker, str):
                rows.append({name: its, **(first[its].rows[index] if its in first else next(turns[its]))})
            else:
                rows.append({name: its, **taker["answer"]})
        said = [*first.values(), *then.values()]
        return Said(rows, {name: Counter(names), **ways_of(said)}, missing_of(said))

    def split_types(self, name: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what any side gives."""
        return self.either_types(name, route["split"]["weights"])

    def split(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Ask the side of each record."""
        what, _, field = route["split"].get("by", "request").partition(" ")
        keys = [str(exact(record[field])) if what == "feature" else self.keys[what] for record in records]
        return self.row_by_row(name, [side_of(name, route["split"]["weights"], key) for key in keys], records)

    def fallback_types(self, name: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what any of them gives."""
        return self.either_types(name, route["fallback"]["to"])

    def fallback(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Answer by the first that can."""
        for one in route["fallback"]["to"]:
            with contextlib.suppress(Failed):
                return self.row_by_row(name, [one] * len(records), records)
        raise Failed

    def switch_types(self, name: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what any branch gives."""
        its = route["switch"]
        return self.either_types(name, [*[case["then"] for case in its["cases"]], its["otherwise"]])

    def switch(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Ask for each record the first case that holds of it and of what is asked first."""
        its = route["switch"]
        first = {one: self.ask(one, records) for one in its.get("ask", ())}
        takers = []
        for index, record in enumerate(records):
            known = {f"{one}.{key}": value for one, said in first.items() for key, value in said.rows[index].items()}
            held = [case["then"] for case in its["cases"] if self.holds(case["when"], record | known)]
            takers.append([*held, its["otherwise"]][0])
        return self.row_by_row(name, takers, records, first)


def aggregated(row: Row, output: str, by: str, there: Mapping[str, Any], weights: Mapping[str, float]) -> None:
    """Put an output into a row: what the members who are there say of it, or what follows from the others."""
    values = list(there.values())
    if by == "vote":
        if output.endswith("_share"):
            return
        counts = Counter(values)
        row[output] = max(values, key=lambda value: counts[value], default=None)
        row[f"{output}_share"] = float(Fraction(counts[row[output]], len(values))) if values else None
    elif output == "label":
        row[output] = None if row["probability"] is None else "high" if row["probability"] >= 0.5 else "low"
    elif by in ("any", "max"):
        row[output] = max(values, default=None)
    elif by == "median":
        is_rounded = any(isinstance(value, Rounded) for value in values)
        row[output] = average(statistics.median(values), is_rounded=is_rounded) if values else None
    else:
        total = sum(Fraction(weights[member]) for member in there)
        mean = sum(Fraction(weights[member]) * Fraction(value) for member, value in there.items())
        is_rounded = any(Fraction(value).denominator > 2**20 for value in values)
        row[output] = average(mean / total, is_rounded=is_rounded) if total else None


def average(value: float | Fraction, *, is_rounded: bool) -> float:
    """Give an average; raises Close where rounding may decide, which is at some multiples of a quarter."""
    if is_rounded and abs(4 * value - round(4 * value)) < Fraction(1, 10**9):
        raise Close
    return Rounded(value) if is_rounded else float(value)


def exact(value: Any) -> Any:
    """Give a value of which each bit counts; raises Close."""
    if isinstance(value, Rounded):
        raise Close
    return value


def side_of(route: str, weights: Mapping[str, float], key: str) -> str:
    """Give the first side whose share reaches beyond the place of the key."""
    place = int.from_bytes(blake2b(f"{route}\n{key}".encode(), digest_size=8).digest()) / 2**64
    reached = 0.0
    for side, weight in weights.items():
        reached += weight
        if place < reached / sum(weights.values()):
            return side
    raise AssertionError(key)


def ways_of(said: Iterable[Said]) -> Ways:
    """Count the rows of all."""
    ways: Ways = {}
    for one in said:
        for plan, counts in one.ways.items():
            ways[plan] = ways.get(plan, Counter()) + counts
    return ways


def missing_of(said: Iterable[Said], own: frozenset[str] | None = None) -> frozenset[str] | None:
    """Name all that are missing."""
    known = [one for one in (own, *[its.missing for its in said]) if one is not None]
    return frozenset().union(*known) if known else None
