"""What plans answer, row by row on dictionaries: a second reading of their settings, which shares no code with them."""

import contextlib
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b
from typing import Any, NamedTuple

Row = dict[str, Any]
"""Values by the names of outputs, with a dot for each level."""

Ways = dict[str, Counter[str]]


class Failed(Exception):
    """A plan cannot answer."""


class Said(NamedTuple):
    """What a plan answers: how many rows each branch of a plan gave, and who is missing, None where nobody may be."""

    rows: Sequence[Row]
    ways: Ways
    missing: frozenset[str] | None = None


class Reference:
    """Answer by the settings of `routes`.

    `types` has those of the outputs of each model, and then of each route; `say` gives what a model says of a record,
    and raises Failed. `keys` are what a request may be split by, but for the features. `holds` says whether a condition
    holds of values by their names.
    """

    def __init__(
        self,
        types: Mapping[str, Mapping[str, str]],
        say: Callable[[str, Row], Row],
        keys: Mapping[str, str],
        holds: Callable[[str, Row], bool],
    ) -> None:
        self.types, self.say, self.keys, self.holds = dict(types), say, keys, holds
        self.routes: dict[str, Any] = {}

    def add(self, name: str, route: Mapping[str, Any]) -> None:
        """Take a route above those that are there."""
        self.routes[name] = route
        kind = self.kind(name)
        self.types[name] = getattr(self, f"{kind}_types")(name, route)

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

    def split_types(self, name: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what any side gives, and which side it was."""
        sides = route["split"]["weights"]
        return {name: "category", **{output: kind for side in sides for output, kind in self.types[side].items()}}

    def split(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Ask the side of each record."""
        what, _, field = route["split"].get("by", "request").partition(" ")
        sides = [
            side_of(name, route["split"]["weights"], str(record[field]) if what == "feature" else self.keys[what])
            for record in records
        ]
        places = {side: [index for index, one in enumerate(sides) if one == side] for side in sides}
        found = {side: self.ask(side, [records[index] for index in its]) for side, its in places.items()}
        rows: list[Row] = [{name: side} for side in sides]
        for side, its in places.items():
            for index, row in zip(its, found[side].rows, strict=True):
                rows[index] |= row
        return Said(rows, {name: Counter(sides), **ways_of(found.values())}, missing_of(found.values()))

    def shadow_types(self, _: str, route: Mapping[str, Any]) -> Mapping[str, str]:
        """Give what callers get."""
        return self.types[route["shadow"]["of"]]

    def shadow(self, _: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Answer without the candidate."""
        return self.ask(route["shadow"]["of"], records)

    def fallback_types(self, name: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what any of them gives, and who it was."""
        return {
            name: "category",
            **{key: kind for one in route["fallback"]["to"] for key, kind in self.types[one].items()},
        }

    def fallback(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Answer by the first that can."""
        *others, last = route["fallback"]["to"]
        for one in others:
            with contextlib.suppress(Failed):
                return self.by_one(name, one, records)
        return self.by_one(name, last, records)

    def by_one(self, name: str, one: str, records: Sequence[Row]) -> Said:
        """Say who answered."""
        said = self.ask(one, records)
        ways = {name: Counter({one: len(records)}), **said.ways}
        return Said([{name: one, **row} for row in said.rows], ways, said.missing)

    def switch_types(self, name: str, route: Mapping[str, Any]) -> dict[str, str]:
        """Give what any branch gives, and which branch it was; stored answers give nothing else."""
        its = route["switch"]
        takers = [one for one in (*[case["then"] for case in its["cases"]], its["otherwise"]) if isinstance(one, str)]
        return {name: "category", **{output: kind for one in takers for output, kind in self.types[one].items()}}

    def switch(self, name: str, route: Mapping[str, Any], records: Sequence[Row]) -> Said:
        """Give each record what the first case says that holds of it and of what is asked first."""
        its = route["switch"]
        first = {one: self.ask(one, records) for one in its.get("ask", ())}
        takers = []
        for index, record in enumerate(records):
            values = record | {
                f"{one}.{key}": value for one, s in first.items() for key, value in s.rows[index].items()
            }
            held = [case["then"] for case in its["cases"] if self.holds(case["when"], values)]
            takers.append([*held, its["otherwise"]][0])
        names = [one if isinstance(one, str) else one["as"] for one in takers]
        then: dict[str, Said] = {}
        rows: list[Row] = [{name: one} for one in names]
        for taker in {one: taker for one, taker in zip(names, takers, strict=True) if one not in first}.values():
            if isinstance(taker, str):
                then[taker] = self.ask(taker, [one for one, of in zip(records, names, strict=True) if of == taker])
        turns = {one: iter(said.rows) for one, said in then.items()}
        for index, (row, taker) in enumerate(zip(rows, takers, strict=True)):
            if not isinstance(taker, str):
                row.update(taker["answer"])
            else:
                row.update(first[taker].rows[index] if taker in first else next(turns[taker]))
        asked = [*first.values(), *then.values()]
        return Said(rows, {name: Counter(names), **ways_of(asked)}, missing_of(asked))


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
        row[output] = float(statistics.median(values)) if values else None
    else:
        total = sum(Fraction(weights[member]) for member in there)
        mean = sum(Fraction(weights[member]) * Fraction(value) for member, value in there.items())
        row[output] = float(mean / total) if total else None


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
