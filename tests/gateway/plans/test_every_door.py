"""Every kind of plan answers the same at every door, and as its metadata says."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import grpc
import httpx
import numpy as np
import pytest
from open_inference.grpc import protocol

from benchmarks.ports import free_ports
from oip import DATATYPES, HEADER_LENGTH, Tensor, read_response, write_request
from tests.conftest import store_tiny
from tests.gateway.conftest import MIXED, PLAIN
from tests.gateway.grpc_client import FORMS, connected, outputs, refusal, request
from tests.gateway.plans.conftest import Sick
from tests.serving import model_app, running_gateway, served, wait_until

PAIR = ["plain", "candidate"]
STORED = {"answer": {"label": None, "probability": 0.5}, "as": "open"}
CASES = [{"when": "width > 6 and plain.label = 'high'", "then": "candidate"}, {"when": "count = 0", "then": STORED}]
ROUTES: dict[str, Any] = {
    "beside": {"ensemble": ["plain", "mixed"]},
    "lacking": {"ensemble": ["plain", "sick"], "partial": True},
    "mean": {"ensemble": PAIR, "aggregate": "mean"},
    "weighted": {"ensemble": PAIR, "aggregate": {"by": "weighted", "weights": {"plain": 3, "candidate": 1}}},
    "median": {"ensemble": [*PAIR, "sick"], "aggregate": "median", "quorum": 2},
    "max": {"ensemble": PAIR, "aggregate": {"by": "max", "outputs": ["probability"]}},
    "vote": {"ensemble": PAIR, "aggregate": {"by": "vote", "outputs": ["label"]}},
    "any": {"ensemble": ["strict", "lax"], "aggregate": {"by": "any", "outputs": ["due"]}},
    "unsure": {"switch": {"cases": [{"when": "count = 0", "then": {"answer": {"due": None}}}], "otherwise": "lax"}},
    "sides": {"split": {"weights": {"plain": 1, "mixed": 1}, "by": "feature count"}},
    "watched": {"shadow": {"of": "gate", "candidate": "plain"}},
    "gate": {"switch": {"ask": ["plain"], "cases": CASES, "otherwise": "plain"}},
    "chain": {"sequence": ["plain", "judge"]},
    "safe": {"fallback": {"to": ["sick", "gate", {"answer": {"label": "low"}}]}},
    "above": {"ensemble": ["gate", "beside", "sides"]},
    "abstaining": {"ensemble": ["gate", "candidate"], "aggregate": {"by": "mean", "outputs": ["probability"]}},
}
"""One of each kind and aggregate, and plans above plans."""

TOLD: dict[str, dict[str, Any]] = {
    "weighted": {"kind": "ensemble", "members": PAIR, "aggregate": "weighted", "weights": {"plain": 3, "candidate": 1}},
    "sides": {"kind": "split", "members": ["plain", "mixed"], "weights": {"plain": 1, "mixed": 1}},
    "watched": {"kind": "shadow", "of": "gate", "candidate": "plain", "sample": 1},
    "gate": {"kind": "switch", "members": ["plain", "candidate", "open"], "ask": ["plain"], "otherwise": "plain"},
    "chain": {"kind": "sequence", "members": ["plain", "judge"]},
    "safe": {"kind": "fallback", "members": ["sick", "gate", "stored"]},
}
"""What the list says of one of each kind."""

RECORD = {**PLAIN, **MIXED, "price": 4.0}


def decided(url: str, threshold: float) -> dict[str, Any]:
    """Give the settings of the plain model as one that answers with a boolean."""
    features = [
        {"name": name, "type": kind, "description": name, "example": 1}
        for name, kind in (("width", "number"), ("height", "number"), ("count", "integer"))
    ]
    score = {"name": "probability", "type": "number", "description": "Of high", "column": 0}
    due = {"name": "due", "type": "boolean", "description": "Whether it is high enough"}
    rule = {"by": "threshold", "output": "due", "score": "probability", "threshold": threshold}
    decision = {**rule, "at_or_above": True, "below": False}
    contract = {"version": "1", "description": "Plain", "features": features, "outputs": [score, due]}
    return {"url": url, "model": "plain", "scores": "probability", "contract": {**contract, "decisions": [decision]}}


class Doors(NamedTuple):
    """One gateway, asked in two ways."""

    http: httpx.Client
    stubs: Any


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, backends: dict[str, Any], sick_app: Sick) -> Iterator[Doors]:
    """Run a gateway in front of all models, of which the sick one has told its contract and answers nothing."""
    (port,) = free_ports(1)
    with ExitStack() as stack:
        judge = stack.enter_context(served(model_app(store_tiny("judge"))))
        deciding = {name: decided(backends["plain"]["url"], at) for name, at in (("strict", 0.9), ("lax", 0.1))}
        every = {**backends, "judge": {"url": f"http://127.0.0.1:{judge}"}, **deciding}
        settings = {"backends": every, "routes": ROUTES, "default": "beside", "grpc_port": port, "max_rows": 2000}
        client = stack.enter_context(running_gateway(tmp_path_factory.mktemp("doors"), settings))
        _, stubs = stack.enter_context(connected(port))
        wait_until(lambda: client.get("/v1/models/sick").json()["known"])
        sick_app.status = 500
        yield Doors(client, stubs)
        sick_app.status = None


def rows(names: Sequence[str], count: int) -> list[dict[str, Any]]:
    """Make records of these features: all different, some without what may be missing."""
    made = []
    for index in range(count):
        more = {"width": index % 17 / 2, "count": index % 5, "age": index % 90, "price": index % 11}
        missing = {"income": None} if index % 3 == 1 else {"region": None} if index % 3 == 2 else {}
        record = {**RECORD, **more, **missing}
        made.append({name: record[name] for name in names})
    return made


def tensors(inputs: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]) -> list[Tensor]:
    """Write records as the metadata wants them: missing numbers are NaN, and missing categories empty texts."""
    missing = {"FP64": math.nan, "BYTES": ""}
    return [
        Tensor(
            one["name"],
            one["datatype"],
            np.array(
                [missing[one["datatype"]] if row[one["name"]] is None else row[one["name"]] for row in records],
                DATATYPES[one["datatype"]],
            ),
        )
        for one in inputs
    ]


class Given(NamedTuple):
    """What a door answered: datatypes and columns by the names of outputs, and what it says beside them."""

    datatypes: dict[str, str]
    columns: dict[str, list[Any]]
    told: dict[str, Any]


Door = Callable[[Doors, str, list[Tensor]], Given]


def by_json(doors: Doors, name: str, asked: list[Tensor]) -> Given:
    """Ask by JSON tensors, with null where nothing is there."""
    data = [[None if value != value else value for value in one.array.tolist()] for one in asked]  # noqa: PLR0124
    inputs = [
        {"name": one.name, "datatype": one.datatype, "shape": [len(its)], "data": its}
        for one, its in zip(asked, data, strict=True)
    ]
    answer = doors.http.post(f"/v2/models/{name}/infer", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert all(one["shape"] == [len(one["data"])] for one in body["outputs"])
    return Given(
        {one["name"]: one["datatype"] for one in body["outputs"]},
        {one["name"]: one["data"] for one in body["outputs"]},
        body.get("parameters", {}),
    )


def by_binary(doors: Doors, name: str, asked: list[Tensor]) -> Given:
    """Ask by binary tensors."""
    content, length = write_request(asked)
    answer = doors.http.post(f"/v2/models/{name}/infer", content=content, headers={HEADER_LENGTH: str(length)})
    assert answer.status_code == 200, answer.text
    read = read_response(answer.content, answer.headers[HEADER_LENGTH])
    return Given(
        {one.name: one.datatype for one in read.tensors},
        {one.name: one.array.tolist() for one in read.tensors},
        dict(read.parameters),
    )


def by_grpc(form: str) -> Door:
    """Ask by messages, with tensors of this form."""

    def ask(doors: Doors, name: str, asked: list[Tensor]) -> Given:
        answer = doors.stubs.ModelInfer(request(name, asked, form))
        return Given(
            {one.name: one.datatype for one in answer.outputs},
            {name: array.tolist() for name, array in outputs(answer).items()},
            {key: getattr(one, one.WhichOneof("parameter_choice")) for key, one in answer.parameters.items()},
        )

    return ask


DOORS: dict[str, Door] = {
    "JSON": by_json,
    "binary": by_binary,
    "raw messages": by_grpc("raw"),
    "typed messages": by_grpc("typed"),
}


def flat(row: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a row, by names with a dot for each level."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def as_value(kind: str, value: Any) -> Any:
    """Give an element of a tensor as JSON has it in a record."""
    if value is None or value != value or value == "":  # noqa: PLR0124
        return None
    return {"boolean": bool, "integer": int}.get(kind, lambda same: same)(value)


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("name", ROUTES)
def test_a_plan_answers_the_same_at_every_door(doors: Doors, name: str, count: int) -> None:
    """To the last bit, as its metadata describes it, with the same versions and the same who are missing."""
    known = doors.http.get(f"/v2/models/{name}").json()
    records = rows([one["name"] for one in known["inputs"]], count)
    answer = doors.http.post(f"/v1/models/{name}:predict", json={"instances": records}).json()
    expected = [dict(flat(row)) for row in answer["predictions"]]
    told = {f"{model}.version": its["version"] for model, its in answer["models"].items()}
    complete = {"complete": answer["complete"]} if "complete" in answer else {}

    assert len(expected) == count
    for door, ask in DOORS.items():
        given = ask(doors, name, tensors(known["inputs"], records))
        described = {one["name"]: one for one in known["outputs"]}
        there = {key: one["datatype"] for key, one in described.items() if key in given.datatypes}
        assert list(given.datatypes.items()) == list(there.items()), door
        assert {key: value for key, value in given.told.items() if not key.endswith(".error")} == told | complete, door
        assert {key for key in given.told if key.endswith(".error")} == {
            f"{one}.error" for one in answer.get("errors", ())
        }
        for key, one in described.items():
            column = [as_value(one["parameters"]["type"], value) for value in given.columns.get(key, [None] * count)]
            assert column == [row.get(key) for row in expected], (door, key)
            assert [value for value in column if value is None] == [] or one["parameters"]["nullable"]
            check(one["parameters"], [value for value in column if value is not None])


def check(described: Mapping[str, Any], values: Sequence[Any]) -> None:
    """Compare values with what the metadata says of them."""
    if described["type"] == "category":
        assert set(values) <= set(json.loads(described["categories"]))
    elif described["type"] == "boolean":
        assert set(values) <= {False, True}
    else:
        assert all(
            described.get("minimum", -math.inf) <= value <= described.get("maximum", math.inf) for value in values
        )


@pytest.mark.parametrize("name", ROUTES)
def test_a_plan_tells_the_same_of_itself_at_every_door(doors: Doors, name: str) -> None:
    """Inputs, outputs, platform and properties over `/v2` and gRPC, and the same names and types over `/v1`."""
    known = doors.http.get(f"/v2/models/{name}").json()
    listed = doors.http.get(f"/v1/models/{name}").json()
    told = doors.stubs.ModelMetadata(protocol.ModelMetadataRequest(name=name))

    assert (told.name, told.platform, dict(told.properties)) == (name, known["platform"], known["properties"])
    assert known["platform"] == f"bentogate_{listed['kind']}"
    given = listed["outputs"]
    if isinstance(given, dict):  # where all are below a name
        given = [{**one, "name": f"{level}.{one['name']}"} for level, its in given.items() for one in its]
    for side, its in (("inputs", listed["features"]), ("outputs", given)):
        assert [(one.name, one.datatype, list(one.shape)) for one in getattr(told, side)] == [
            (one["name"], one["datatype"], one["shape"]) for one in known[side]
        ]
        assert [(one["name"], one["type"], one.get("nullable", False)) for one in its] == [
            (one["name"], one["parameters"]["type"], one["parameters"].get("nullable", False)) for one in known[side]
        ]


@pytest.mark.parametrize("name", TOLD)
def test_the_list_says_what_a_name_runs(doors: Doors, name: str) -> None:
    """Beside what its models take and give; it is ready as a model is."""
    listed = doors.http.get(f"/v1/models/{name}").json()

    assert {key: listed[key] for key in TOLD[name]} == TOLD[name]
    assert doors.http.get(f"/v2/models/{name}/ready").status_code == 200


def test_an_output_says_which_way_a_row_went(doors: Doors) -> None:
    """Its categories are the branches."""
    first = doors.http.get("/v2/models/gate").json()["outputs"][0]

    assert (first["name"], first["datatype"]) == ("gate", "BYTES")
    assert json.loads(first["parameters"]["categories"]) == ["candidate", "open", "plain"]


def test_what_is_left_open_is_null_and_of_a_text_the_empty_one(doors: Doors) -> None:
    """In JSON tensors, which have no NaN."""
    asked = [Tensor(name, "FP64", np.array([float(PLAIN[name])])) for name in ("width", "height")]
    asked.append(Tensor("count", "INT64", np.array([0])))

    assert by_json(doors, "gate", asked).columns == {"gate": ["open"], "label": [""], "probability": [0.5]}
    assert by_json(doors, "unsure", asked).columns["due"] == [None]


@pytest.mark.parametrize("name", ROUTES)
def test_no_records_are_refused_at_every_door(doors: Doors, name: str) -> None:
    """As the caller's fault, before anybody is asked."""
    known = doors.http.get(f"/v2/models/{name}").json()
    empty = tensors(known["inputs"], [])
    content, length = write_request(empty)
    inputs = [{"name": one.name, "datatype": one.datatype, "shape": [0], "data": []} for one in empty]
    answers = [
        doors.http.post(f"/v1/models/{name}:predict", json={"instances": []}),
        doors.http.post(f"/v2/models/{name}/infer", json={"inputs": inputs}),
        doors.http.post(f"/v2/models/{name}/infer", content=content, headers={HEADER_LENGTH: str(length)}),
    ]
    refused = [refusal(doors.stubs.ModelInfer, request(name, empty, form)) for form in FORMS]

    assert [answer.status_code for answer in answers] == [422, 400, 400]
    assert {error.code() for error in refused} == {grpc.StatusCode.INVALID_ARGUMENT}
