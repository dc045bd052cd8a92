"""The deadline passes while a plan waits: the failure names whom it waited for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import numpy as np
import pytest

from benchmarks.ports import free_ports
from contract import Feature, Table, pack
from gateway.batching import Answerer, Caller, all_parts
from gateway.errors import DeadlineExceeded
from gateway.plans.asked import Asked
from gateway.plans.composed import Composed
from gateway.plans.fallback import Fallback
from gateway.plans.stored import Stored
from oip import Tensor
from tests.conftest import store_tiny
from tests.gateway.conftest import PLAIN
from tests.gateway.grpc_client import connected, refusal, request
from tests.gateway.plans.conftest import Sick
from tests.gateway.test_account import records
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, running_gateway, served, wait_until

RECORDS = [{**PLAIN, "width": width / 3} for width in range(20)]
TOLD = "sick did not answer in time"

ROUTES: dict[str, dict[str, Any]] = {
    "alone": {"split": {"weights": {"sick": 1}}},
    "split": {"split": {"weights": {"plain": 1, "sick": 1}, "by": "feature width"}},
    "switch": {"switch": {"cases": [{"when": "width < 3", "then": "plain"}], "otherwise": "sick"}},
    "asked": {
        "switch": {
            "ask": ["sick"],
            "cases": [{"when": "sick.probability < 0.5", "then": "plain"}],
            "otherwise": "candidate",
        }
    },
    "ensemble": {"ensemble": ["plain", "sick"]},
    "mean": {"ensemble": ["plain", "sick"], "aggregate": "mean"},
    "chain": {"sequence": ["sick", "judge"]},
    "safe": {"fallback": {"to": ["sick", "sick2"]}},
    "watched": {"shadow": {"of": "sick", "candidate": "plain"}},
    # A route beside another plan is asked in a task of its own, and so is one below that.
    "below": {"ensemble": ["plain", "alone"]},
    "deep": {"ensemble": ["plain", "below"]},
    "required": {"ensemble": ["plain", "alone"], "require": ["alone"]},
    "several": {"ensemble": ["sick", "plain", "sick2"]},
}


@contextmanager
def gateway(folder: Path, backends: dict[str, Any], timeout_s: float) -> Iterator[tuple[httpx.Client, int]]:
    """Run a gateway with a door for gRPC; gives that one's port too."""
    (port,) = free_ports(1)
    routes = {name: {**route, "timeout_s": timeout_s} for name, route in ROUTES.items()}
    settings = {"backends": backends, "routes": routes, "default": "alone", "grpc_port": port}
    with running_gateway(folder, settings) as client:
        yield client, port


@pytest.fixture(scope="module")
def late(
    tmp_path_factory: pytest.TempPathFactory, backends: dict[str, Any]
) -> Iterator[tuple[httpx.Client, int, Path]]:
    """Run a gateway with routes of all kinds."""
    folder = tmp_path_factory.mktemp("late")
    with served(model_app(store_tiny("judge"))) as judge:
        more = {**backends, "judge": {"url": f"http://127.0.0.1:{judge}"}, "sick2": backends["sick"]}
        with gateway(folder, more, 0.3) as (client, port):
            yield client, port, folder / "gateway.log"


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in ("required", "several")])
def test_a_plan_names_the_model_that_it_waited_for(
    late: tuple[httpx.Client, int, Path], sick: Sick, route: str
) -> None:
    """Whatever its kind, in the answer, the access record and the metrics."""
    client, _, log = late
    sick.status = 0
    row = [{**one, "price": 4.0} for one in RECORDS] if route == "chain" else RECORDS
    answer = client.post(f"/v1/models/{route}:predict", json={"instances": row}, headers={"x-request-id": route})
    problem = answer.json()

    assert (answer.status_code, problem["reason"], problem["model"]) == (504, "deadline_exceeded", "sick")
    assert problem["detail"] == (f"step sick: {TOLD}" if route == "chain" else TOLD)
    (record,) = wait_until(lambda: records(log, route))
    assert (record["status"], record["reason"], record["failed"]) == (504, "deadline_exceeded", "sick")
    metrics = httpx.get(f"{client.headers['x-admin']}/metrics").text
    assert 'bentogate_failed_total{model="sick",reason="deadline_exceeded"}' in metrics


def test_a_partial_answer_that_lacks_who_is_required_names_the_branch(
    late: tuple[httpx.Client, int, Path], sick: Sick
) -> None:
    """It is left shortly before the deadline, when what it waits for is not asked any more."""
    sick.status = 0
    problem = late[0].post("/v1/models/required:predict", json={"instances": [PLAIN]}).json()

    assert (problem["reason"], problem["model"]) == ("deadline_exceeded", "alone")


def test_of_several_the_text_names_all(late: tuple[httpx.Client, int, Path], sick: Sick) -> None:
    """And nothing blames one of them; who has answered is not named."""
    client, _, log = late
    sick.status = 0
    headers = {"x-request-id": "several"}
    problem = client.post("/v1/models/several:predict", json={"instances": [PLAIN]}, headers=headers).json()

    assert problem["detail"] == "sick and sick2 did not answer in time"
    assert "model" not in problem
    (record,) = wait_until(lambda: records(log, "several"))
    assert (record["reason"], record.get("failed")) == ("deadline_exceeded", None)


@pytest.mark.parametrize("route", ["alone", "below"])
def test_the_other_doors_name_it_too(late: tuple[httpx.Client, int, Path], sick: Sick, route: str) -> None:
    """In the text, which is all that they have."""
    client, port, _ = late
    sick.status = 0
    answer = client.post(f"/v2/models/{route}/infer", json=inputs(PLAIN))
    tensors = [
        Tensor(name, "INT64" if name == "count" else "FP64", np.array([value], "i8" if name == "count" else "f8"))
        for name, value in PLAIN.items()
    ]
    with connected(port) as (_, stubs):
        error = refusal(stubs.ModelInfer, request(route, tensors))

    assert (answer.status_code, answer.json()) == (504, {"error": TOLD})
    assert error.details() == TOLD


def test_nobody_is_named_where_all_have_answered_as_the_time_was_over() -> None:
    """The answer comes in the turn of the event loop in which the deadline ends the waiting for it."""
    callers: list[Caller] = []
    features = (Feature(name="own", type="number", description="", example=1.0),)

    async def answer() -> None:
        asked = SimpleNamespace(submit=callers.append, forsake=lambda: None)
        now = asyncio.get_running_loop().time()
        task = asyncio.ensure_future(all_parts([cast(Answerer, asked)], [pack(features, {"own": [1.0]})], "id", now))
        await asyncio.sleep(0)
        (caller,) = callers
        caller.reply.answer(0, await Stored("first", {"done": True}).answer(caller.table, Asked("id", "caller", now)))
        task.cancel()
        with pytest.raises(DeadlineExceeded, match="the answer came too late") as raised:
            await task
        assert raised.value.model is None

    asyncio.run(answer())


class Hanging(Stored):
    """Answer nothing, and take whatever ends the waiting for the deadline."""

    features = (Feature(name="own", type="number", description="", example=1.0),)

    async def answer(self, table: Table, asked: Asked, needs: Any = None) -> Composed:  # noqa: ARG002
        """Wait for ever."""
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            raise DeadlineExceeded("did not answer in time", model=self.name) from None
        raise AssertionError


def test_a_fallback_asks_nobody_more_for_a_caller_who_has_left() -> None:
    """Also where he leaves as the time of its first branch ends, and the one is not told from the other."""

    async def left() -> None:
        branches = {"first": Hanging("first", {"done": True}), "then": Stored("then", {"done": False})}
        plan = Fallback("safe", branches, 5)
        table = pack(Hanging.features, {"own": [1.0]})
        deadline = asyncio.get_running_loop().time() + 10
        task = asyncio.ensure_future(plan.answer(table, Asked("id", "caller", deadline)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(left())
