"""What a new version of a model changes for its callers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from contract.decision import ByThreshold, Decision
from contract.feature import Feature, Output
from contract.interface import Interface
from contract.table import shared_datatype

MOST_SPOKEN = 12
"""Of a longer list only so many are named in a sentence."""


class Change(msgspec.Struct, frozen=True):
    """Say what is changed at one place of the contract, and whether it breaks callers.

    `pointer` is written as a JSON pointer, with names in place of indexes: `/features/width/minimum`, and empty for
    all of it.
    """

    pointer: str
    breaking: bool
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer} {self.detail}".strip()


def changes(old: Interface, new: Interface) -> tuple[Change, ...]:
    """List what a caller of the old contract may notice of the new one, in the order of the contract.

    A caller sends any record that the old one allows, as JSON or as tensors, and knows every answer that it allows. So
    it breaks to take fewer records, to give more answers, or to mean something else by the same value.
    """
    before, after = by_name(old.features), by_name(new.features)
    found = [*text_changes("", old, new), *field_changes("features", before, after)]
    # Only the one tensor of all columns has no names in it.
    if before.keys() == after.keys() and list(before) != list(after) and shared_datatype(old.features):
        found.append(Change("/features", True, f"are in another order: {listed(list(after))}"))
    found += field_changes("outputs", by_name(old.outputs), by_name(new.outputs))
    found += score_changes(scores_of(old), scores_of(new))
    return (*found, *decision_changes(old.decisions, new.decisions))


def by_name(fields: Sequence[Feature] | Sequence[Output]) -> dict[str, Any]:
    """Give fields by their names."""
    return {field.name: field for field in fields}


def field_changes(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the changes of all features, each of which is required, or of all outputs."""
    given = kind == "outputs"
    for name in {**old, **new}:
        at = f"/{kind}/{name}"
        if name not in new:
            yield Change(at, True, "is gone")
        elif name not in old:
            yield Change(at, not given, "is new" if given else "is new, and a record without it is refused")
        else:
            yield from text_changes(at, old[name], new[name])
            yield from meaning_changes(at, old[name], new[name])
            for part, wider, detail in value_changes(old[name], new[name]):
                yield Change(f"{at}/{part}", wider == given, detail)


def text_changes(at: str, old: Any, new: Any) -> Iterator[Change]:
    """Yield the change of a description."""
    if old.description != new.description:
        yield Change(f"{at}/description", False, f"is now {new.description!r}")


def meaning_changes(at: str, old: Any, new: Any) -> Iterator[Change]:
    """Yield what makes the same value another one, or unreadable."""
    for part in ("type", "datatype", "unit"):
        was, now = getattr(old, part), getattr(new, part)
        if was != now:
            yield Change(f"{at}/{part}", True, f"is {now or 'none'}, was {was or 'none'}")


def value_changes(old: Any, new: Any) -> Iterator[tuple[str, bool, str]]:
    """Yield by which part of a field there are more values (True) or fewer, and how."""
    if old.type != new.type:
        return
    for part, wider, was, now in (
        ("minimum", new.limits[0] < old.limits[0], old.limits[0], new.limits[0]),
        ("maximum", new.limits[1] > old.limits[1], old.limits[1], new.limits[1]),
    ):
        if was != now:
            yield part, wider, f"is {bound(now)}, was {bound(was)}"
    if lost := [category for category in old.categories if category not in new.categories]:
        yield "categories", False, f"are without {listed(lost)}"
    if gained := [category for category in new.categories if category not in old.categories]:
        yield "categories", True, f"have {listed(gained)} too"
    if old.nullable != new.nullable:
        yield "nullable", new.nullable, f"is {'true' if new.nullable else 'false'}"


def scores_of(interface: Interface) -> dict[str, str | bool]:
    """Give the value for which each score speaks, such as the class of a probability, where a decision says so."""
    outputs = by_name(interface.outputs)
    return {name: value for decision in interface.decisions for name, value in decision.speaks_for(outputs).items()}


def score_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the scores that speak for another value than before."""
    for name in [name for name in old if name in new]:
        if old[name] != new[name]:
            yield Change(f"/outputs/{name}", True, f"speaks for {new[name]!r}, spoke for {old[name]!r}")


def decision_changes(old: Sequence[Decision], new: Sequence[Decision]) -> Iterator[Change]:
    """Yield how outputs that both have are decided otherwise."""
    before = {decision.output: decision for decision in old}
    for now in new:
        was, at = before.get(now.output), f"/decisions/{now.output}"
        if not isinstance(was, ByThreshold) or not isinstance(now, ByThreshold) or was.score != now.score:
            if was is not None and rule(was) != rule(now):
                yield Change(at, False, f"follows from {rule(now)}, not from {rule(was)}")
            continue
        if was.threshold != now.threshold:
            yield Change(f"{at}/threshold", False, f"is {now.threshold!r}, was {was.threshold!r}")


def rule(decision: Decision) -> str:
    """Say what a decision follows from."""
    return f"the threshold of {decision.score}" if isinstance(decision, ByThreshold) else "the largest score"


def bound(limit: float) -> str:
    """Write a bound, or that there is none."""
    return f"{limit:.15g}" if math.isfinite(limit) else "none"


def listed(names: Sequence[str]) -> str:
    """Name the first of a list."""
    return ", ".join(map(repr, names[:MOST_SPOKEN])) + (", …" if len(names) > MOST_SPOKEN else "")
