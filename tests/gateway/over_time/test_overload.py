"""A flood of requests for a slow model: what it can do is answered, the rest refused, and others do not notice."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp

from benchmarks.exchange import post
from benchmarks.latencies import Latencies
from benchmarks.open_loop import open_loop
from benchmarks.schedule import Load
from oip.asgi import Receive, Scope, Send
from tests.gateway.conftest import PLAIN, settings_of
from tests.gateway.test_joining import metric
from tests.serving import model_app, running_gateway, served, wait_until

CALL_S, ROWS = 0.1, 4
CAPACITY = ROWS / CALL_S
SECONDS = 2.0
BODY = {"instances": [PLAIN]}
PATH = "/v1/models/plain:predict"


class Slow:
    """A model that takes as long for a call whatever its rows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an inference late."""
        if scope["type"] == "http" and scope["path"].endswith("/infer"):
            await asyncio.sleep(CALL_S)
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def gateway(stored_plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run one in front of it, whose queue has room for two calls."""
    with served(Slow(model_app(stored_plain))) as port:
        settings = settings_of({"plain": port})
        settings["backends"]["plain"].update(max_batch_rows=ROWS, max_queued_rows=2 * ROWS)
        settings["max_lag_ms"] = 60_000  # a slow machine is not to have the gateway refuse what a model could do
        with running_gateway(tmp_path_factory.mktemp("slow"), settings) as client:
            yield client


async def flooded(url: str) -> tuple[Latencies, list[httpx.Response], list[httpx.Response]]:
    """Ask ten times as much as the model can do; gives that, what its address is told else, and what another is."""
    load = Load(post(f"{url}{PATH}", msgspec.json.encode(BODY)), 10 * CAPACITY, SECONDS, 128)
    flood = asyncio.create_task(open_loop(load))

    async def ask(address: str) -> list[httpx.Response]:
        answers = []
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=address)) as client:
            await asyncio.sleep(0)
            while not flood.done():
                answers.append(await client.post(f"{url}{PATH}", json=BODY, timeout=20))
        return answers

    own, others = await asyncio.gather(ask("127.0.0.1"), ask("127.0.0.2"))
    return await flood, own, others


def test_a_flood_costs_only_itself(gateway: httpx.Client) -> None:
    """What is too much is 503 with when to come again, and nothing waits for its deadline; others have their turn."""
    found, own, others = asyncio.run(flooded(str(gateway.base_url).rstrip("/")))
    refused: list[Any] = [answer for answer in own if answer.status_code == 503]
    wait_until(lambda: metric(gateway, "bentogate_queued_rows") == 0)

    assert set(found.statuses) == {200, 503}
    assert found.unanswered == 0
    assert found.statuses[200] >= CAPACITY * SECONDS / 5
    assert {answer.json()["reason"] for answer in refused} == {"overloaded"}
    assert {answer.json()["model"] for answer in refused} == {"plain"}
    assert {answer.headers["retry-after"] for answer in refused} <= {"1", "2", "3"}
    assert len(others) > 1
    assert {answer.status_code for answer in others} == {200}
    assert gateway.post(PATH, json=BODY).status_code == 200


def test_a_request_of_more_rows_than_may_wait_is_answered_where_nobody_waits(gateway: httpx.Client) -> None:
    """The bound is for those who would make others wait."""
    answer = gateway.post(PATH, json={"instances": [PLAIN] * (3 * ROWS)})

    assert len(answer.json()["predictions"]) == 3 * ROWS
