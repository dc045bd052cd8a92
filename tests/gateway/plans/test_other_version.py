"""While a model changes, a version may answer that a plan was not made for: what it gives is right, or a 503."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from contract import ByThreshold, Feature, Interface, Output, Table
from contract.table import DTYPES, pack_rows
from gateway.backends import Backend
from gateway.batching import Heard
from gateway.errors import GatewayError
from gateway.metrics import Metrics
from gateway.plans import Asked, make_plans
from gateway.reports import Reports
from gateway.settings import BackendSettings, RouteSettings
from oip import InferResponse

X = Feature(name="x", type="number", description="A number", example=1.0)
SCORE = Output(name="score", type="number", description="A share", minimum=0, maximum=1, column=0)
LABEL = Output(name="label", type="category", description="What it is", categories=("low", "high"))
COUNT = Output(name="count", type="integer", description="How many")
FLAG = Output(name="flag", type="boolean", description="Whether")
RULE = ByThreshold(output="label", score="score", threshold=0.5, at_or_above="high", below="low")
KNOWN = (SCORE, LABEL, COUNT, FLAG)
SAID: dict[str, Any] = {"score": 0.25, "label": "low", "count": 3, "flag": True}


def changed(output: Output, **changes: Any) -> Sequence[Output]:
    """Give what the model gives with one of them changed."""
    return [msgspec.structs.replace(output, **changes) if one is output else one for one in KNOWN]


LATER: dict[str, tuple[Sequence[Output], dict[str, Any]]] = {
    "the score has another name": (changed(SCORE, name="share"), {"share": 0.25}),
    "the score is a word": (
        changed(SCORE, type="category", categories=("a", "b"), column=None, minimum=None, maximum=None),
        {"score": "b"},
    ),
    "the label has another name": (changed(LABEL, name="kind"), {"kind": "low"}),
    "the label is a number": (changed(LABEL, type="number", categories=()), {"label": 7.5}),
    "the label is another word": (changed(LABEL, categories=("small", "large")), {"label": "small"}),
    "the count is no whole number": (changed(COUNT, type="number"), {"count": 2.5}),
    "the flag is a word": (changed(FLAG, type="category", categories=("yes", "no")), {"flag": "yes"}),
    "the flag has another name": (changed(FLAG, name="mark"), {"mark": True}),
}
"""Outputs of the version that answers, and what it says that the known one did not."""

PAIR = ["changing", "same"]
ROUTES: dict[str, Any] = {
    "beside": {"ensemble": PAIR},
    "above": {"ensemble": ["watched", "same"]},
    "watched": {"shadow": {"of": "changing", "candidate": "same"}},
    "sides": {"split": {"weights": {"changing": 1}}},
    "counted": {"split": {"weights": {"beside": 1}}},
    "gate": {
        "switch": {
            "ask": ["changing"],
            "cases": [
                {"when": "changing.score > 0.5 or changing.count = 9 or changing.label = 'high'", "then": "same"}
            ],
            "otherwise": "changing",
        }
    },
    "safe": {"fallback": {"to": PAIR}},
    "chain": {"sequence": ["changing", "reader"]},
    **{
        by: {"ensemble": PAIR, "aggregate": {"by": by, "outputs": outputs}}
        for by, outputs in {
            "mean": ["score", "label"],
            "median": ["count"],
            "max": ["score"],
            "vote": ["label", "flag"],
            "any": ["flag"],
        }.items()
    },
}


def contract(name: str, outputs: Sequence[Output], version: str = "1", **more: Any) -> Interface:
    """Make a contract."""
    return Interface(
        name=name,
        description="One",
        features=(X,),
        outputs=tuple(outputs),
        version=version,
        **{"decisions": (), **more},
    )


def backend(known: Interface, answering: Interface, said: Mapping[str, Any]) -> Backend:
    """Make a backend that answers always the same, as a version of which the plans do not know yet."""
    made = Backend(known.name, BackendSettings.model_validate({"url": "http://127.0.0.1:9"}), Metrics())
    made.known, made.current = {known.version: known, answering.version: answering}, known

    async def ask(table: Table, call_id: str, again: bool) -> Heard:  # noqa: ARG001 (as a backend is asked)
        columns = {one.name: np.full(table.rows, said[one.name], DTYPES[one.datatype]) for one in answering.outputs}
        response = InferResponse(known.name, answering.version, [])
        return Heard(response, answering, lambda *_: columns, table.rows, call_id, 0.0, None)

    made.batcher.calls.ask = ask
    return made


async def answered(
    name: str, answering: Interface, said: Mapping[str, Any], routes: Mapping[str, Any] = ROUTES
) -> list[dict[str, Any]]:
    """Give the rows of a plan's answer to many records; raises GatewayError."""
    known = contract("changing", KNOWN, decisions=(RULE,))
    same = contract("same", KNOWN, decisions=(RULE,))
    reads = tuple(
        Feature(name=one.name, type=one.type, description="", example=None, categories=one.categories) for one in KNOWN
    )
    reader = msgspec.structs.replace(contract("reader", [COUNT]), features=reads)
    backends = {
        "changing": backend(known, answering, said),
        "same": backend(same, same, SAID),
        "reader": backend(reader, reader, SAID),
    }
    try:
        made = {one: RouteSettings.model_validate(its) for one, its in routes.items()}
        plan = make_plans(backends, made, Reports())[name]
        asked = Asked("id", "caller", asyncio.get_running_loop().time() + 60)
        answer = await plan.answer(pack_rows(plan.features, [[0.5]] * 512), asked)
        rows: list[dict[str, Any]] = msgspec.to_builtins(answer.records)
        return rows
    finally:
        for one in backends.values():
            await one.close()


def right(name: str, own: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what may be answered where the model says `own`: what each version says of itself, or another does."""
    return {
        "beside": [{"changing": own, "same": SAID}],
        "above": [{"watched": own, "same": SAID}],
        "watched": [own],
        "sides": [{"sides": "changing", **own}],
        "counted": [{"counted": "beside", "changing": own, "same": SAID}],
        "gate": [{"gate": "changing", **own}],
        "safe": [{"safe": "changing", **own}, {"safe": "same", **SAID}],
        "chain": [{"count": 3}],
    }.get(name, [])


@pytest.mark.parametrize("change", LATER)
@pytest.mark.parametrize("name", ROUTES)
def test_another_version_than_the_known_gives_no_wrong_answer(name: str, change: str) -> None:
    """Each row is as that version says it, or what goes without it; else the caller is asked to come again (503)."""
    outputs, said = LATER[change]
    own = {one.name: (SAID | said)[one.name] for one in outputs}
    rows, error = list[dict[str, Any]](), None
    try:
        rows = asyncio.run(answered(name, contract("changing", outputs, "2"), own))
    except GatewayError as exc:
        error = exc

    assert error is None or error.status == 503
    assert rows or name != "safe"
    for row in rows:
        if "aggregate" in ROUTES[name]:
            assert all(SAID[key] == own.get(key) == value for key, value in row.items() if not key.endswith("_share"))
        else:
            assert row in right(name, own)


def test_another_threshold_is_not_decided_by_the_known_one() -> None:
    """The label of an aggregate follows by a rule that all versions share that answered."""
    later = msgspec.structs.replace(RULE, threshold=0.2)
    with pytest.raises(GatewayError, match="has just changed") as caught:
        asyncio.run(
            answered("mean", contract("changing", list(KNOWN), "2", decisions=(later,)), SAID | {"label": "high"})
        )

    assert caught.value.status == 503


def test_what_follows_from_a_score_that_is_missing_is_missing_too() -> None:
    """Though each branch of a member gives it: the one that votes has a label without a score."""
    routes = {
        "voted": {"ensemble": PAIR, "aggregate": {"by": "vote", "outputs": ["label"]}},
        "mixed": {"switch": {"cases": [{"when": "x > 0", "then": "voted"}], "otherwise": "same"}},
        "mean": {"ensemble": ["mixed"], "aggregate": {"by": "mean", "outputs": ["score", "label"]}},
    }
    rows = asyncio.run(answered("mean", contract("changing", KNOWN, decisions=(RULE,)), SAID, routes))

    assert rows == [{"score": None, "label": None}] * 512
