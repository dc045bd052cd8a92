"""A partial answer, through each door: who is missing is named, and costs nobody else."""

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import numpy as np
import pytest
from starlette.responses import Response

from benchmarks.ports import free_ports
from oip import Tensor
from tests.conftest import store_tiny
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.gateway.grpc_client import connected, request
from tests.gateway.test_account import records
from tests.gateway.test_examples import PAGE, matches
from tests.gateway.test_faults import Sick, response
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, running_gateway, served, wait_until


class Doors(NamedTuple):
    """A gateway in front of a well model and one that does as it is told."""

    http: httpx.Client
    stub: Any
    sick: Sick
    log: Path


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path, stored_mixed: Path) -> Iterator[Doors]:
    """Run them: `both` answers whole, `some` partly, `sure` partly but with plain, and `lone` has no other model."""
    sick, folder, (port,) = Sick(stored_plain), tmp_path_factory.mktemp("partial"), free_ports(1)
    with served(sick.app()) as plain, served(model_app(stored_mixed)) as mixed:
        both = {"ensemble": ["plain", "mixed"]}
        settings = {
            "backends": {
                "plain": {"url": f"http://127.0.0.1:{plain}", "breaker": {"failures": 1000}},
                "mixed": {"url": f"http://127.0.0.1:{mixed}"},
            },
            "routes": {
                "both": both,
                "some": {**both, "partial": True},
                "sure": {**both, "require": ["plain"]},
                "lone": {"ensemble": ["plain"], "partial": True},
            },
            "default": "both",
            "grpc_port": port,
        }
        with running_gateway(folder, settings) as client, connected(port) as (_, stub):
            yield Doors(client, stub, sick, folder / "gateway.log")


class Silent(Response):
    """Says nothing for longer than anybody waits."""

    async def __call__(self, *_: Any) -> None:
        """Wait."""
        await asyncio.sleep(30)


ILL = {
    "backend_fault": (lambda _: Response(b"Traceback", 500), 502),
    "backend_unavailable": (lambda _: Response(status_code=503), 503),
    "deadline_exceeded": (lambda _: Silent(), 504),
}
RECORD = {**PLAIN, **MIXED}


def ask(doors: Doors, name: str, rows: int = 1, within_ms: int = 10_000, **said: Any) -> httpx.Response:
    """Ask for predictions."""
    document = {"instances": [RECORD] * rows, **said}
    headers = {"x-request-id": "asked", "x-request-timeout-ms": str(within_ms)}
    return doors.http.post(f"/v1/models/{name}:predict", json=document, headers=headers)


@pytest.mark.parametrize("reason", ILL)
@pytest.mark.parametrize(
    ("name", "said"), [("some", {}), ("both", {"partial": True}), ("both", {"require": ["mixed"]})]
)
def test_a_missing_model_is_null_and_its_problem_is_told(
    doors: Doors, name: str, said: dict[str, Any], reason: str
) -> None:
    """200 with what the other model predicts, within the deadline."""
    doors.sick.answer, status = ILL[reason]
    whole = doors.http.post("/v1/models/mixed:predict", json={"instances": [MIXED]}).json()
    answer = ask(doors, name, within_ms=1000 if reason == "deadline_exceeded" else 10_000, **said)
    body = answer.json()

    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < 5
    assert list(body) == ["id", "predictions", "models", "complete", "errors"]
    assert body["complete"] is False
    assert body["predictions"] == [{"plain": None, "mixed": whole["predictions"][0]}]
    assert body["models"] == {"mixed": whole["models"]["mixed"]}
    assert set(body["errors"]["plain"]) == {"type", "title", "status", "detail", "reason"}
    assert (body["errors"]["plain"]["reason"], body["errors"]["plain"]["status"]) == (reason, status)
    assert "Traceback" not in answer.text


LEAVELESS = [
    ("both", {}),
    ("some", {"partial": False}),
    ("some", {"require": ["plain"]}),
    ("some", {"quorum": 2}),
    ("sure", {}),
    ("sure", {"partial": True, "quorum": 1}),
]


@pytest.mark.parametrize(("name", "said"), LEAVELESS)
def test_without_leave_the_whole_fails_at_once(doors: Doors, name: str, said: dict[str, Any]) -> None:
    """A request may want more than its route, and never less."""
    doors.sick.answer, status = ILL["backend_fault"]
    answer = ask(doors, name, **said)

    assert (answer.status_code, answer.json()["reason"], answer.json()["model"]) == (status, "backend_fault", "plain")


@pytest.mark.parametrize(("name", "said"), [("some", {}), ("both", {"partial": True}), ("mixed", {"partial": True})])
def test_a_complete_answer_says_so_where_it_need_not_be(doors: Doors, name: str, said: dict[str, Any]) -> None:
    """And only there."""
    doors.sick.answer = response()
    record = MIXED if name == "mixed" else RECORD
    body = doors.http.post(f"/v1/models/{name}:predict", json={**said, "instances": [record]}).json()
    plain = doors.http.post(f"/v1/models/{name}:predict", json={"instances": [record], "partial": False}).json()

    assert list(body) == ["id", "predictions", "models", "complete"]
    assert body["complete"] is True
    assert list(plain) == ["id", "predictions", "models"]
    assert body["predictions"] == plain["predictions"]


def test_where_all_models_fail_the_request_does(doors: Doors) -> None:
    """There is no answer without any prediction."""
    doors.sick.answer, status = ILL["backend_fault"]
    answer = doors.http.post("/v1/models/lone:predict", json={"instances": [PLAIN]})

    assert (answer.status_code, answer.json()["reason"]) == (status, "backend_fault")


def test_the_page_shows_a_partial_answer(stored_mixed: Path, tmp_path: Path) -> None:
    """The one of docs/api.md, of a model that is known and then dies."""
    (shown,) = re.findall(r"^## Partial answers.*?^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with served(model_app(stored_mixed)) as mixed, contextlib.ExitStack() as dying:
        plain = dying.enter_context(served(model_app(store_tiny("plain"))))
        with running_gateway(tmp_path, settings_of({"plain": plain, "mixed": mixed})) as client:
            dying.close()
            answer = client.post("/v1/predict", json={"instances": [RECORD], "partial": True}).json()

    assert matches(json.loads(shown), answer), answer


def test_many_rows_are_partial_too(doors: Doors) -> None:
    """A body that is read in pieces, and an answer that is written so."""
    doors.sick.answer = ILL["backend_fault"][0]
    body = ask(doors, "both", 2500, partial=True).json()

    assert len(body["predictions"]) == 2500
    assert all(one["plain"] is None and one["mixed"] for one in body["predictions"])
    assert body["complete"] is False


def test_record_and_metric_name_who_is_missing(doors: Doors) -> None:
    """The record has the field only then."""
    doors.sick.answer = ILL["backend_unavailable"][0]
    for name, said in (("missing-1", {"partial": True}), ("missing-2", {"require": ["plain"]})):
        headers = {"x-request-id": name}
        doors.http.post("/v1/predict", json={"instances": [RECORD], **said}, headers=headers)
    (partial,) = wait_until(lambda: records(doors.log, "missing-1"))
    (whole,) = wait_until(lambda: records(doors.log, "missing-2"))
    text = httpx.get(f"{doors.http.headers['x-admin']}/metrics").text

    assert (partial["status"], partial["reason"], partial["missing"]) == (200, None, {"plain": "backend_unavailable"})
    assert list(partial["versions"]) == ["mixed"]
    assert "missing" not in whole
    assert 'bentogate_missing_total{model="plain",reason="backend_unavailable"}' in text


def tensors(doors: Doors, name: str, **more: Any) -> httpx.Response:
    """Ask by tensors."""
    return doors.http.post(f"/v2/models/{name}/infer", json={**inputs(RECORD), **more})


def test_the_protocol_leaves_out_what_is_missing(doors: Doors) -> None:
    """The parameters of the answer say who is missing and why; those of the request may ask for it."""
    doors.sick.answer = ILL["backend_fault"][0]
    for name, parameters in (("some", {}), ("both", {"partial": True}), ("both", {"require": "mixed", "quorum": 1})):
        answer = tensors(doors, name, parameters=parameters)
        said = answer.json()["parameters"]

        assert answer.status_code == 200
        assert [one["name"] for one in answer.json()["outputs"]] == ["mixed.label", "mixed.probability"]
        assert said["complete"] is False
        assert said["plain.error"].startswith("backend_fault: plain refused")
        assert set(said) == {"complete", "plain.error", "mixed.version"}
    assert tensors(doors, "both").status_code == 502
    assert tensors(doors, "some", parameters={"quorum": 2}).status_code == 502


def test_a_single_model_is_complete_by_the_protocol_too(doors: Doors) -> None:
    """Nobody can do without it."""
    answer = doors.http.post("/v2/models/mixed/infer", json={**inputs(MIXED), "parameters": {"partial": True}})

    assert answer.json()["parameters"] == {"complete": True}


def test_outputs_that_are_asked_for_by_name_are_not_left_out(doors: Doors) -> None:
    """The request fails where their model does; another model may be missing."""
    doors.sick.answer = ILL["backend_fault"][0]

    assert tensors(doors, "some", outputs=[{"name": "plain.label"}]).status_code == 502
    assert tensors(doors, "some", outputs=[{"name": "mixed.label"}]).json()["parameters"]["complete"] is False


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"partial": "yes"}, "/parameters/partial: expected `bool"),
        ({"require": "mixed,nobody"}, "require names 'nobody', which is none of plain, mixed"),
        ({"quorum": 3}, "quorum must be at most 2"),
        ({"quorum": 0}, "/parameters/quorum: expected `int` >= 1"),
    ],
)
def test_both_forms_of_the_protocol_refuse_alike(doors: Doors, parameters: dict[str, Any], text: str) -> None:
    """In the same words."""
    answer = tensors(doors, "both", parameters=parameters)
    with pytest.raises(grpc.RpcError) as caught:
        doors.stub.ModelInfer(request("both", TENSORS, parameters=messages(parameters)))

    assert answer.status_code == 400
    assert text in answer.json()["error"]
    assert caught.value.details() == answer.json()["error"]


TENSORS = [
    Tensor("width", "FP64", np.array([5.0])),
    Tensor("height", "FP64", np.array([3.0])),
    Tensor("count", "INT64", np.array([4])),
    Tensor("income", "FP64", np.array([30.5])),
    Tensor("age", "INT64", np.array([40])),
    Tensor("owner", "BOOL", np.array([True])),
    Tensor("region", "BYTES", np.array(["east"], dtype=object)),
]


def messages(parameters: dict[str, Any]) -> Any:
    """Put parameters into their messages."""
    from oip.grpc import write_parameters

    return write_parameters(parameters)


def test_grpc_answers_as_http_does(doors: Doors) -> None:
    """The same outputs and the same parameters."""
    doors.sick.answer = ILL["backend_fault"][0]
    over_http = tensors(doors, "both", parameters={"partial": True}).json()
    told = doors.stub.ModelInfer(request("both", TENSORS, parameters=messages({"partial": True})))
    said = {name: getattr(one, one.WhichOneof("parameter_choice")) for name, one in told.parameters.items()}

    assert [one.name for one in told.outputs] == [one["name"] for one in over_http["outputs"]]
    assert said == over_http["parameters"]
    assert json.dumps(said)
