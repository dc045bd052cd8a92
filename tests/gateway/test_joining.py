"""Concurrent requests for one model become one call, seen from both sides of the gateway."""

import asyncio
import json
import math
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from gateway.settings import BackendSettings
from oip.asgi import Headers, Receive, Scope, Send, headers_of
from tests.conftest import store_tiny
from tests.gateway.conftest import PLAIN, settings_of
from tests.gateway.test_account import Recorded
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, running_gateway, served, wait_until

CALLERS = 24


class Gated:
    """A model that holds its answers back until it is opened, and counts the calls that are open at once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.opened = threading.Event()
        self.now = self.most = 0
        self.ids: list[str] = []
        self.heads: list[Headers] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold an inference back; answer all else."""
        if scope["type"] != "http" or not scope["path"].endswith("/infer"):
            await self.app(scope, receive, send)
            return
        self.heads.append(headers_of(scope))
        self.ids.append(headers_of(scope)[b"x-request-id"].decode())
        self.now += 1
        self.most = max(self.most, self.now)
        while not self.opened.is_set():  # noqa: ASYNC110 (it is opened on another thread)
            await asyncio.sleep(0.005)
        self.now -= 1
        await self.app(scope, receive, send)


@pytest.fixture
def gated(stored_plain: Path) -> Gated:
    """Hold the plain model back."""
    return Gated(model_app(stored_plain))


@pytest.fixture
def recorded(gated: Gated, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Run a gateway in front of it, with more settings of the backend where a test gives some."""
    with served(gated) as port:
        settings = settings_of({"plain": port})
        settings["backends"]["plain"].update(getattr(request, "param", {}))
        try:
            with running_gateway(tmp_path, settings) as client:
                yield Recorded(client, tmp_path / "gateway.log")
        finally:
            gated.opened.set()


def metric(client: httpx.Client, name: str, model: str = "plain") -> float:
    """Read one metric of a model."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    found = re.search(rf'^{name}{{model="{model}"}} (\S+)$', text, re.MULTILINE)
    assert found, text
    return float(found[1])


def ask(client: httpx.Client, number: int) -> httpx.Response:
    """Ask for a record of its own, on either interface, with an id of its own."""
    record = {**PLAIN, "width": 0.5 + number / 10}
    headers = {"x-request-id": f"caller-{number}"}
    if number % 2:
        return client.post("/v1/models/plain:predict", json={"instances": [record]}, headers=headers)
    return client.post("/v2/models/plain/infer", json=inputs(record), headers=headers)


def probability(answer: httpx.Response) -> float:
    """Read the probability."""
    body: dict[str, Any] = answer.json()
    if "predictions" in body:
        return float(body["predictions"][0]["probability"])
    return float(next(one["data"][0] for one in body["outputs"] if one["name"] == "probability"))


def all_ask(recorded: Recorded, pool: ThreadPoolExecutor, gated: Gated, queued: int) -> list[Future[httpx.Response]]:
    """Have all callers ask while the model holds back; waits until so many rows are queued."""
    callers = [pool.submit(ask, recorded.client, number) for number in range(CALLERS)]
    wait_until(lambda: metric(recorded.client, "bentogate_queued_rows") == queued)
    assert gated.now == metric(recorded.client, "bentogate_in_flight")
    return callers


def joined_in(recorded: Recorded, call_id: str) -> list[dict[str, Any]]:
    """Give the records of all callers of a call, or none while some are not written yet."""
    lines = [json.loads(line) for line in recorded.log.read_text().splitlines() if call_id in line]
    return lines if len(lines) == CALLERS else []


def test_all_that_waits_is_one_call(recorded: Recorded, gated: Gated) -> None:
    """Each caller gets its own answer; its record names the call that it was in, by the id that the model heard."""
    with ThreadPoolExecutor(CALLERS + 2) as pool:
        first = pool.submit(ask, recorded.client, 99)
        wait_until(lambda: gated.now)
        callers = all_ask(recorded, pool, gated, CALLERS)
        gated.opened.set()
        answers = [caller.result() for caller in callers]
        alone = [ask(recorded.client, number) for number in range(CALLERS)]
        assert first.result().status_code == 200

    assert [probability(answer) for answer in answers] == [probability(answer) for answer in alone]
    assert [answer.headers["x-request-id"] for answer in answers] == [f"caller-{number}" for number in range(CALLERS)]
    assert gated.ids[0] == "caller-99"
    assert len(gated.ids) == 2 + CALLERS
    joined = gated.ids[1]
    assert re.fullmatch("[0-9a-f]{16}", joined)
    records = wait_until(lambda: joined_in(recorded, joined))
    assert all(0 <= record["ms"]["queue"] <= record["ms"]["total"] for record in records)
    assert metric(recorded.client, "bentogate_queued_rows") == metric(recorded.client, "bentogate_in_flight") == 0
    assert metric(recorded.client, "bentogate_batch_rows_count") == 2 + CALLERS
    assert metric(recorded.client, "bentogate_batch_rows_sum") == 1 + 2 * CALLERS


@pytest.mark.parametrize("recorded", [{"concurrency": 2, "max_batch_rows": 4}], indirect=True)
def test_two_calls_are_open_at_once_and_never_three(recorded: Recorded, gated: Gated) -> None:
    """With `concurrency: 2`, however much waits; a call has no more rows than it may."""
    with ThreadPoolExecutor(CALLERS + 2) as pool:
        first = [pool.submit(ask, recorded.client, 97)]
        wait_until(lambda: gated.now == 1)  # two that come at once would be one call
        first.append(pool.submit(ask, recorded.client, 98))
        wait_until(lambda: gated.now == 2)
        callers = all_ask(recorded, pool, gated, CALLERS)
        gated.opened.set()
        assert {caller.result().status_code for caller in (*first, *callers)} == {200}

    assert gated.most == 2
    assert len(gated.ids) >= 2 + CALLERS / 4


def test_a_large_request_does_not_hold_up_a_small_one(recorded: Recorded, gated: Gated) -> None:
    """It is cut into calls of `max_batch_rows`; who comes behind it is in the next of them."""
    rows = 5 * BackendSettings.model_fields["max_batch_rows"].default
    with ThreadPoolExecutor(2) as pool:
        large = pool.submit(
            recorded.client.post, "/v1/predict", json={"instances": [PLAIN] * rows}, headers={"x-request-id": "large"}
        )
        wait_until(lambda: gated.now)
        small = pool.submit(ask, recorded.client, 1)
        wait_until(lambda: metric(recorded.client, "bentogate_queued_rows") > 0.8 * rows)
        gated.opened.set()
        small_answer, large_answer = small.result(), large.result()

    assert small_answer.status_code == large_answer.status_code == 200
    assert len(large_answer.json()["predictions"]) == rows
    assert gated.ids.index(recorded.of("caller-1")["calls"]["plain"]) == 1
    assert len(gated.ids) == 6


def test_a_record_that_its_model_cannot_answer_fails_alone(tmp_path: Path) -> None:
    """Its neighbours in the call are answered: here its square is no number, and so the service refuses the call."""
    gated = Gated(model_app(store_tiny("unbounded")))
    shifts = [float(number) for number in range(CALLERS)]
    shifts[17] = 1e200

    def shifted(client: httpx.Client, shift: float) -> httpx.Response:
        return client.post("/v1/predict", json={"instances": [{"shift": shift}]})

    with served(gated) as port, ThreadPoolExecutor(CALLERS + 1) as pool:
        settings = {"backends": {"unbounded": {"url": f"http://127.0.0.1:{port}"}}, "default": "unbounded"}
        with running_gateway(tmp_path, settings) as client:
            first = pool.submit(shifted, client, 5.0)
            wait_until(lambda: gated.now)
            callers = [pool.submit(shifted, client, shift) for shift in shifts]
            wait_until(lambda: metric(client, "bentogate_queued_rows", "unbounded") == CALLERS)
            gated.opened.set()
            answers = [caller.result() for caller in callers]
            alone = [shifted(client, shift) for shift in shifts]
            further = metric(client, "bentogate_isolation_calls_total", "unbounded")

    assert first.result().status_code == 200
    assert [answer.status_code for answer in answers] == [502 if shift == 1e200 else 200 for shift in shifts]
    assert answers[17].json()["detail"] == alone[17].json()["detail"]
    assert [a.json()["predictions"] for a in answers if a.is_success] == [
        a.json()["predictions"] for a in alone if a.is_success
    ]
    assert 0 < further <= math.ceil(math.log2(CALLERS)) + 1
