"""Plans of random shape above models of random contracts answer as a reference interpreter does."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

from contract import Feature, union_of_features
from contract.table import DTYPES, from_column, pack_rows
from gateway.errors import GatewayError
from gateway.plans import Answer, Asked, Plan, make_plans, needs_of
from gateway.reports import Reports
from gateway.settings import RouteSettings
from tests.contract.strategies import records
from tests.gateway.plans.reference import Close, Failed, Reference, Row, Said, exact
from tests.gateway.plans.stubs import OUTPUTS, backend, said

HEADER = "x-key"
TYPES = {output.name: output.type for output in OUTPUTS}
STORED: Row = {"probability": 0.5, "label": "high", "flag": True, "kind": "b", "count": 3}
TAKEN_OF = {"vote": {"category", "boolean"}, "any": {"boolean"}}
FEATURES = {
    "x": Feature(name="x", type="number", description="A number", example=1.0),
    "n": Feature(name="n", type="integer", description="A whole number", example=1, minimum=-5, maximum=5),
    "b": Feature(name="b", type="boolean", description="True or not", example=True),
    "c": Feature(name="c", type="category", description="One of two", example="u", categories=("u", "v w")),
    "probability": Feature(name="probability", type="number", description="A share", example=0.5, minimum=0, maximum=1),
    "label": Feature(name="label", type="category", description="A word", example="low", categories=("low", "high")),
    "flag": Feature(name="flag", type="boolean", description="True or not", example=True),
    "kind": Feature(name="kind", type="category", description="A word", example="a", categories=("a", "b", "c")),
    "count": Feature(name="count", type="number", description="Not any", example=1.0, minimum=0, maximum=3),
}
"""What models read. The outputs that steps of a sequence give are among it, but for the largest count."""

CONDITIONS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "x": ("> 0", lambda value: value > 0),
    "n": ("* 2 <= 3", lambda value: value * 2 <= 3),
    "b": ("= true", lambda value: value is True),
    "c": ("<> 'u'", lambda value: value != "u"),
    "probability": ("between 0.25 and 0.75", lambda value: 0.25 <= value <= 0.75),
    "label": ("= 'high'", lambda value: value == "high"),
    "flag": ("= false", lambda value: value is False),
    "kind": ("in ('a', 'c')", lambda value: value in ("a", "c")),
    "count": ("> 2", lambda value: value > 2),
}
"""What a switch may ask of a feature or an output, and what that means."""


class Model(NamedTuple):
    """What a model reads and gives, and whether it fails."""

    features: tuple[Feature, ...]
    outputs: frozenset[str]
    ill: bool


class World(NamedTuple):
    """Models, the routes above them, which of these is asked, and what asks."""

    models: dict[str, Model]
    reference: Reference
    top: str
    asked: dict[str, str]
    rows: list[Row]


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Draw a model; one that decides gives the score too."""
    names = draw(st.lists(st.sampled_from([*FEATURES]), min_size=1, unique=True))
    features = tuple(
        msgspec.structs.replace(FEATURES[name], nullable=name in TYPES or draw(st.booleans())) for name in names
    )
    scored = draw(st.sampled_from([["probability", "label"], ["probability", "label"], ["probability"], []]))
    others = draw(st.lists(st.sampled_from(["flag", "kind", "count"]), min_size=not scored, unique=True))
    return Model(features, frozenset([*scored, *others]), draw(st.integers(0, 7)) == 7)


def weights(draw: st.DrawFn, members: Sequence[str]) -> dict[str, float]:
    """Draw weights, of which one at least is not 0."""
    drawn = {member: float(draw(st.integers(0, 3))) for member in members}
    return drawn if any(drawn.values()) else dict.fromkeys(members, 1.0)


def ensembles(draw: st.DrawFn, _reference: Reference, members: list[str], _: Iterable[str]) -> dict[str, Any]:
    """Draw an ensemble, and how complete its answer must be."""
    needs: list[dict[str, Any]] = [{}, {"partial": True}, {"require": members[:1]}, {"quorum": len(members)}]
    return {"ensemble": members, **draw(st.sampled_from(needs))}


def aggregates(draw: st.DrawFn, reference: Reference, members: list[str], _: Iterable[str]) -> dict[str, Any]:
    """Draw one with an aggregate of outputs that it can be taken of; it may have no such."""
    by = draw(st.sampled_from(["mean", "weighted", "median", "max", "vote", "any"]))
    types = [reference.types[member] for member in members]
    shared = [name for name in types[0] if all(one.get(name) == types[0][name] for one in types) and "." not in name]
    shared = [name for name in shared if name not in reference.routes]
    can = [name for name in shared if types[0][name] in TAKEN_OF.get(by, {"number", "integer"})]
    if by not in TAKEN_OF and "probability" in can and "label" in shared:
        can.append("label")
    route = ensembles(draw, reference, members, ())
    if not can:
        return route
    chosen = draw(st.lists(st.sampled_from(can), min_size=1, unique=True))
    if by not in TAKEN_OF and "label" in chosen and "probability" not in chosen:
        chosen.append("probability")
    more = {"weights": weights(draw, members)} if by == "weighted" else {}
    every = {name for name in types[0] if all(name in one for one in types)} - reference.routes.keys()
    whole = set(chosen) == every and draw(st.booleans())
    return {**route, "aggregate": {"by": by, **more, **({} if whole else {"outputs": chosen})}}


def fitting(reference: Reference, members: Sequence[str]) -> list[str]:
    """Give the members that mean the same by what they give, as the first does."""
    found = [*members[:1]]
    for member in members[1:]:
        known = {name: kind for one in found for name, kind in reference.types[one].items()}
        its = reference.types[member]
        names = [f"{name}." for name in (*known, *its)]
        levels = any(one.startswith(other) for one in names for other in names if one != other)
        if not levels and all(known.get(name, kind) == kind for name, kind in its.items()):
            found.append(member)
    return found


def splits(draw: st.DrawFn, reference: Reference, members: list[str], features: Iterable[str]) -> dict[str, Any]:
    """Draw a split."""
    by = ["request", "caller", f"header {HEADER}", *[f"feature {name}" for name in features]]
    return {"split": {"weights": weights(draw, fitting(reference, members)), "by": draw(st.sampled_from(by))}}


def switches(draw: st.DrawFn, reference: Reference, members: list[str], features: Iterable[str]) -> dict[str, Any]:
    """Draw a switch by features and by outputs of who is asked first; any may have a stored answer."""
    takers = fitting(reference, members)
    first = draw(st.lists(st.sampled_from(members), max_size=1))
    known = [*features, *[f"{one}.{name}" for one in first for name in reference.types[one] if name in CONDITIONS]]
    names = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
    stored = stored_answers(draw, reference, takers[0])
    whens = [f"{name} {CONDITIONS[name.rpartition('.')[2]][0]}" for name in names]
    cases = [{"when": when, "then": draw(st.sampled_from([*takers, *stored]))} for when in whens]
    otherwise = takers[:1] if takers[0] not in [case["then"] for case in cases] else [takers[0], *stored]
    last = draw(st.sampled_from(otherwise))
    needed = [last, *[case["then"] for case in cases], *[name.partition(".")[0] for name in names if "." in name]]
    return {"switch": {"ask": [one for one in first if one in needed], "cases": cases, "otherwise": last}}


def stored_answers(draw: st.DrawFn, reference: Reference, beside: str) -> list[dict[str, Any]]:
    """Draw an answer of the outputs that a plan gives, if there is one of a single level."""
    answer = {name: draw(st.sampled_from([None, STORED[name]])) for name in reference.types[beside] if name in TYPES}
    if answer.get("count") and reference.types[beside]["count"] == "number":  # of an average, whose mean is no integer
        answer["count"] = 3.0
    return [{"answer": answer, "as": "abstain"}] if answer else []


def shadows(draw: st.DrawFn, reference: Reference, members: list[str], _: Iterable[str]) -> dict[str, Any]:
    """Draw a shadow, if there is a second plan for a candidate."""
    if len(members) == 1:
        return ensembles(draw, reference, members, ())
    return {"shadow": {"of": members[0], "candidate": members[1]}}


def fallbacks(draw: st.DrawFn, reference: Reference, members: list[str], _: Iterable[str]) -> dict[str, Any]:
    """Draw a fallback, if there is somebody to fall back to."""
    to: list[Any] = fitting(reference, members)
    to += draw(st.sampled_from([[], stored_answers(draw, reference, to[0])]))
    return {"fallback": {"to": to}} if len(to) > 1 else ensembles(draw, reference, members, ())


def sequences(draw: st.DrawFn, reference: Reference, members: list[str], _: Iterable[str]) -> dict[str, Any]:
    """Draw steps, each of which reads something that the one before it gives, if there are any such."""

    def behind(*steps: str) -> list[str]:
        given = reference.types[steps[-1]].keys()
        return [name for name, read in reference.reads.items() if name not in steps and read & given]

    pairs = [[one, other] for one in reference.types for other in behind(one)]
    if not pairs:
        return ensembles(draw, reference, members, ())
    steps = draw(st.sampled_from(pairs))
    third = draw(st.sampled_from([[], *[[name] for name in behind(*steps)]]))
    return {"sequence": [*steps, *third]}


def takes(name: str, value: Any) -> bool:
    """Say whether the models that read a feature take a value: null too, if it may come from a step."""
    low, high = FEATURES[name].limits
    return not isinstance(value, int | float) or low <= value <= high


def holds(when: str, values: Row) -> bool:
    """Say whether a drawn condition holds: never of null."""
    name = when.partition(" ")[0]
    return values.get(name) is not None and CONDITIONS[name.rpartition(".")[2]][1](values[name])


KINDS: Sequence[Callable[[st.DrawFn, Reference, list[str], Iterable[str]], dict[str, Any]]] = (
    ensembles,
    aggregates,
    aggregates,
    splits,
    splits,
    switches,
    switches,
    shadows,
    fallbacks,
    fallbacks,
    sequences,
    sequences,
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw models, and routes above them, each above any that come before it."""
    its = {f"m{index}": one for index, one in enumerate(draw(st.lists(models(), min_size=1, max_size=4)))}
    asked = {"request": draw(st.text(max_size=3)), "caller": "caller", "header": draw(st.sampled_from(["", "k", "l"]))}
    types = {name: {output: TYPES[output] for output in TYPES if output in one.outputs} for name, one in its.items()}

    def say(model: str, record: Row) -> Row:
        if its[model].ill:
            raise Failed
        read = {feature.name: as_read(feature, exact(record[feature.name])) for feature in its[model].features}
        return {name: value for name, value in said(model, read).items() if name in its[model].outputs}

    reads = {name: {feature.name for feature in one.features} for name, one in its.items()}
    keys = {**asked, "header": asked["header"] or "caller"}
    reference = Reference(types, reads, say=say, keys=keys, holds=holds, takes=takes)
    top = ""
    for index in range(draw(st.integers(1, 5))):
        members = draw(st.lists(st.sampled_from([*reference.types]), min_size=1, max_size=3, unique=True))
        top = f"r{index}"
        route = draw(st.sampled_from(KINDS))(draw, reference, members, sorted(reference.reads[members[0]]))
        reference.add(top, route, below(route)[:1] if "shadow" in route else below(route))
    known = union_of_features(one.features for one in its.values())
    return World(its, reference, top, asked, draw(st.lists(records(known), min_size=1, max_size=6)))


def as_read(feature: Feature, value: Any) -> Any:
    """Give a value as the type of a feature: one that a step gives may be a whole number."""
    return float(value) if feature.type == "number" and value is not None else value


def below(route: Mapping[str, Any]) -> list[str]:
    """Name the plans that a route asks."""
    return [name for _, name in RouteSettings.model_validate(route).named()]


async def ask(plan: Plan, rows: list[dict[str, Any]], asked: Mapping[str, str]) -> Answer:
    """Ask a plan as a request does."""
    features = plan.features
    table = pack_rows(features, [[row[feature.name] for feature in features] for row in rows])
    headers = {HEADER.encode(): asked["header"].encode()} if asked["header"] else {}
    deadline = asyncio.get_running_loop().time() + 60
    request = Asked(asked["request"], asked["caller"], deadline, headers)
    return await plan.answer(table, request, needs_of(plan.models, plan.terms, None))


def nested(row: Row, names: Iterable[str]) -> Row:
    """Give a row by its levels: what is not there is null, and so is a level of nothing else."""
    tree: Row = {}
    for name in names:
        *levels, last = name.split(".")
        at = tree
        for level in levels:
            at = at.setdefault(level, {})
        at[last] = row.get(name)

    def pruned(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        its = {name: pruned(one) for name, one in value.items()}
        return its if any(one is not None for one in its.values()) else None

    return {name: pruned(value) for name, value in tree.items()}


def alike(given: Any, expected: Any) -> bool:
    """Say whether both are the same, but for the last bits of numbers: a mean of means is rounded twice."""
    if isinstance(given, dict) and isinstance(expected, dict):
        return given.keys() == expected.keys() and all(alike(given[name], expected[name]) for name in given)
    if isinstance(given, list) and isinstance(expected, list):
        return len(given) == len(expected) and all(map(alike, given, expected))
    if isinstance(given, float) and isinstance(expected, float):
        return math.isclose(given, expected, rel_tol=1e-12, abs_tol=1e-12)
    return type(given) is type(expected) and bool(given == expected)


def check(plan: Plan, answer: Answer, expected: Said, types: Mapping[str, str]) -> None:
    """Compare an answer with the reference: rows, columns, and what the books are told."""
    rows = [nested(row, types) for row in expected.rows]
    assert {output.name: output.type for output in plan.outputs} == types
    assert alike(msgspec.to_builtins(answer.records), rows)
    assert alike(msgspec.to_builtins(answer.some(1, 3)), rows[1:3])
    assert {plan: Counter(its) for plan, its in answer.ways.items()} == expected.ways
    assert (None if answer.missing is None else set(answer.missing)) == expected.missing
    for output in plan.outputs:
        values = [row.get(output.name) for row in expected.rows]
        if output.name not in answer.columns:
            assert set(values) == {None}
            continue
        assert alike(from_column(output, answer.columns[output.name]), values)
    for output in answer.outputs:
        if output.name in answer.columns:
            assert answer.columns[output.name].dtype == DTYPES[output.datatype]


def expected_of(world: World, rows: list[Row]) -> Said | None:
    """Ask the reference; gives None where no plan could answer."""
    try:
        return world.reference.ask(world.top, rows)
    except Close:
        reject()
    except Failed:
        return None


async def compare(world: World) -> None:
    """Ask the plan and the reference, by several requests at once: their rows stand at other places in one call."""
    requests = [world.rows, *[[row] for row in world.rows], world.rows[::-1]]
    expected = [expected_of(world, rows) for rows in requests]
    made = {name: backend(name, one.features, one.outputs, ill=one.ill) for name, one in world.models.items()}
    routes = {name: RouteSettings.model_validate(route) for name, route in world.reference.routes.items()}
    plan = make_plans(made, routes, Reports())[world.top]
    asked = [ask(plan, rows, world.asked) for rows in requests]
    try:
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        for said, outcome in zip(expected, outcomes, strict=True):
            if said is None:
                event("fails")
                assert isinstance(outcome, GatewayError)
                continue
            event(f"answers, {world.reference.kind(world.top)}")
            assert not isinstance(outcome, BaseException)
            check(plan, outcome, said, world.reference.types[world.top])
    finally:
        for one in made.values():
            await one.close()


@given(worlds())
@settings(max_examples=300)
def test_plans_answer_as_the_reference_does(world: World) -> None:
    """Rows, columns, ways and who is missing, whatever is above what, who else asks, and whichever models fail."""
    asyncio.run(compare(world))
