"""What routes run, plan by plan: for who looks at a file, or at the map of a gateway."""

import json
from collections.abc import Mapping

import msgspec

from gateway.settings.routes import RouteSettings
from gateway.settings.stored import Chosen, StoredSettings

Parts = list[tuple[str, Chosen]]
"""The branches of a route, each after what it is there."""


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """Hold a plan: `label` says what it is to the one above it, `told` what it does, beside its branches.

    It does not hold these: of a tree there would be as many parts as there are ways from a route to its models.
    """

    name: str
    kind: str
    label: str = ""
    told: str = ""


def node_of(chosen: Chosen, routes: Mapping[str, RouteSettings], label: str = "") -> Node:
    """Give a route, a model or a stored answer."""
    if isinstance(chosen, StoredSettings):
        values = ", ".join(f"{name} {json.dumps(value)}" for name, value in chosen.answer.items())
        return Node(chosen.name, "stored", label, values)
    if chosen not in routes:
        return Node(chosen, "model", label)
    route = routes[chosen]
    told, _ = PARTS[route.kind](route)
    return Node(chosen, route.kind, label, told)


def branches_of(name: str, routes: Mapping[str, RouteSettings]) -> list[Node]:
    """Give the branches of a route; of all else there are none."""
    if name not in routes:
        return []
    _, parts = PARTS[routes[name].kind](routes[name])
    return [node_of(part, routes, label) for label, part in parts]


def of_ensemble(route: RouteSettings) -> tuple[str, Parts]:
    """Say how the members become one answer, and which of them may be missing."""
    assert route.ensemble is not None
    told: list[str] = [] if route.aggregate is None else [route.aggregate.by]
    if route.aggregate is not None and route.aggregate.outputs:
        told.append(f"of {' and '.join(route.aggregate.outputs)}")
    if route.terms is not None:
        told.append(f"at least {route.terms.quorum} of {len(route.ensemble)}")
    weights = {} if route.aggregate is None else route.aggregate.weights

    def label(name: str) -> str:
        weight = f"weight {weights[name]:g}" if name in weights else ""
        lax = "may be missing" if route.terms is not None and name not in route.terms.require else ""
        return ", ".join(filter(None, (weight, lax)))

    return " ".join(told), [(label(name), name) for name in route.ensemble]


def of_split(route: RouteSettings) -> tuple[str, Parts]:
    """Say what is split, and who gets how much."""
    assert route.split is not None
    total = sum(route.split.weights.values())
    parts: Parts = [(f"{100 * weight / total:.4g} %", name) for name, weight in route.split.weights.items()]
    return f"by {route.split.by}", parts


def of_shadow(route: RouteSettings) -> tuple[str, Parts]:
    """Say whose answers callers get, and who sees how much besides."""
    assert route.shadow is not None
    sample = f"candidate, sees {100 * route.shadow.sample:.4g} %"
    return "", [("answers", route.shadow.of), (sample, route.shadow.candidate)]


def of_switch(route: RouteSettings) -> tuple[str, Parts]:
    """Say who is asked before, and who answers when."""
    assert route.switch is not None
    asked: Parts = [("asked before", name) for name in route.switch.ask]
    cases: Parts = [(f"if {case.when}", case.then) for case in route.switch.cases]
    return "", [*asked, *cases, ("otherwise", route.switch.otherwise)]


def of_sequence(route: RouteSettings) -> tuple[str, Parts]:
    """Number the steps."""
    assert route.sequence is not None
    return "", [(f"step {number}", name) for number, name in enumerate(route.sequence, 1)]


def of_fallback(route: RouteSettings) -> tuple[str, Parts]:
    """Say who answers where those before cannot, and how soon."""
    assert route.fallback is not None
    first, *others = route.fallback.to
    told = "" if route.fallback.within_s is None else f"within {route.fallback.within_s:g} s each"
    return told, [("first", first), *[("else", one) for one in others]]


PARTS = {
    "ensemble": of_ensemble,
    "split": of_split,
    "shadow": of_shadow,
    "switch": of_switch,
    "sequence": of_sequence,
    "fallback": of_fallback,
}
