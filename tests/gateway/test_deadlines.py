"""One deadline for each request, the nearest of all that are wished for; what has expired costs nobody a call."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from open_inference.grpc.protocol import InferParameter

from benchmarks.ports import free_ports
from gateway.front import Front
from gateway.gateway import open_gateway
from gateway.settings import Settings
from gateway.settings.parts import LONGEST_TIMEOUT_S
from tests.cluster.manifests.rules.lifecycle import longest_request_s
from tests.gateway.conftest import PLAIN, settings_of
from tests.gateway.grpc_client import connected, refusal, request
from tests.gateway.test_account import Recorded
from tests.gateway.test_grpc import PLAIN as TENSORS
from tests.gateway.test_joining import Gated, metric
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, running_gateway, served, wait_until

SHORT_S = 0.2
SHORT_MS = int(SHORT_S * 1000)
SHORT_US = int(SHORT_S * 1e6)
NOT_BEFORE_S = SHORT_S - 0.02
"""The clock of the event loop stands still within a turn."""

SOON_S = 5.0
"""A long time for a machine that is held up, and well before any other deadline here."""

BODY = {"instances": [PLAIN]}


class Slow(NamedTuple):
    """A gateway whose model holds every answer back: over HTTP, over gRPC, and its records."""

    client: httpx.Client
    stub: Any
    recorded: Recorded
    gated: Gated


@pytest.fixture(scope="module")
def slow(stored_plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:
    """Run it; `quick` is a route with a short deadline of its own."""
    folder, gated, (port,) = tmp_path_factory.mktemp("slow"), Gated(model_app(stored_plain)), free_ports(1)
    with served(gated) as where:
        settings = settings_of({"plain": where}, grpc_port=port)
        settings["routes"]["quick"] = {"ensemble": ["plain"], "timeout_s": SHORT_S}
        with running_gateway(folder, settings) as client, connected(port) as (_, stub):
            yield Slow(client, stub, Recorded(client, folder / "gateway.log"), gated)
            gated.opened.set()


def over_grpc(slow: Slow, model: str, timeout_us: int, **more: Any) -> grpc.StatusCode:
    """Ask with the protocol's parameter, 0 for none; gives the code of the refusal."""
    message = request(model, TENSORS, parameters={"timeout": InferParameter(int64_param=timeout_us)})
    code: grpc.StatusCode = refusal(slow.stub.ModelInfer, message, **more).code()
    return code


def wishing(model: str, headers: dict[str, str], timeout_us: int | None = None) -> Callable[[Slow], int]:
    """Ask in JSON, by records or, with the protocol's parameter, by tensors; gives the status."""
    if timeout_us is None:
        return lambda slow: slow.client.post(f"/v1/models/{model}:predict", json=BODY, headers=headers).status_code
    body = {**inputs(PLAIN), "parameters": {"timeout": timeout_us}}
    return lambda slow: slow.client.post(f"/v2/models/{model}/infer", json=body, headers=headers).status_code


OVER = grpc.StatusCode.DEADLINE_EXCEEDED
SHORT, LONG = {"x-request-timeout-ms": f"{SHORT_MS}"}, {"x-request-timeout-ms": "9" * 400}
WAYS: dict[str, Callable[[Slow], int | grpc.StatusCode]] = {
    "the route's": wishing("quick", {}),
    "the route's, of tensors": wishing("quick", {}, 0),
    "the route's, by gRPC": lambda slow: over_grpc(slow, "quick", 0),
    "the header": wishing("plain", SHORT),
    "the header, of tensors": wishing("plain", SHORT, 0),
    "the parameter": wishing("plain", {}, SHORT_US),
    "the parameter, by gRPC": lambda slow: over_grpc(slow, "plain", SHORT_US),
    "gRPC's own": lambda slow: over_grpc(slow, "plain", 0, timeout=SHORT_S),
    "the parameter, before the header": wishing("plain", {"x-request-timeout-ms": "9000"}, SHORT_US),
    "the header, before the parameter": wishing("plain", SHORT, 9_000_000),
    "the route's, before all that is wished for": wishing("quick", LONG, 2**62),
    "the route's, before gRPC's": lambda slow: over_grpc(slow, "quick", 2**62, timeout=9),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_nearest_deadline_is_the_end(slow: Slow, way: str) -> None:
    """Wherever it comes from: 504 or DEADLINE_EXCEEDED when it has passed, and not long after."""
    began = time.monotonic()
    found = WAYS[way](slow)

    assert found == (OVER if "gRPC" in way else 504)
    assert NOT_BEFORE_S <= time.monotonic() - began < SOON_S


@pytest.mark.parametrize("metadata", [{"timeout": SHORT_S}, {}])
def test_who_ran_out_of_time_is_recorded_and_counted(slow: Slow, metadata: dict[str, float]) -> None:
    """Over gRPC as well, where the library gives a call up at the same moment."""
    request_id = f"late-{len(metadata)}"
    before = refused(slow.client)
    if metadata:
        over_grpc(slow, "plain", 0, metadata=[("x-request-id", request_id)], **metadata)
    else:
        wishing("plain", {**SHORT, "x-request-id": request_id})(slow)
    record = slow.recorded.of(request_id)

    assert (record["route"], record["status"], record["reason"]) == ("plain", 504, "deadline_exceeded")
    assert refused(slow.client) == before + 1


def refused(client: httpx.Client) -> float:
    """Count the requests that ran out of time."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    found = [line.split()[1] for line in text.splitlines() if line.startswith('bentogate_refused_total{reason="dead')]
    return float(found[0]) if found else 0


@pytest.mark.parametrize("wish", ["", "0", "000", "-5", "+5", "1.5", "1e3", "5 s", "five", "\xb2", "5, 5"])
def test_a_header_that_wishes_for_no_time_is_refused_by_name(slow: Slow, wish: str) -> None:
    """Before the body is read: 400 in the words of either interface."""
    headers = [("X-Request-Timeout-Ms", wish.encode())]
    asked = len(slow.gated.ids)
    by_record = slow.client.post("/v1/predict", json=BODY, headers=headers)  # type: ignore[arg-type]
    by_tensor = slow.client.post("/v2/models/plain/infer", json=inputs(PLAIN), headers=headers)  # type: ignore[arg-type]
    words = "X-Request-Timeout-Ms must be a positive whole number, not "

    assert by_record.status_code == by_tensor.status_code == 400
    assert by_record.json()["reason"] == "malformed"
    assert by_record.json()["detail"].startswith(words)
    assert by_tensor.json()["error"].startswith(words)
    assert len(slow.gated.ids) == asked


def test_the_description_has_the_header(slow: Slow) -> None:
    """Of every inference, and of nothing else."""
    paths = slow.client.get("/openapi.json").json()["paths"]
    taking = {(path, method) for path, by in paths.items() for method, one in by.items() if "'X-Request-T" in str(one)}

    assert taking == {(path, method) for path, by in paths.items() for method in by if method == "post"}


WRONG: dict[str, tuple[Any, dict[str, Any]]] = {
    "negative": (-1, {"int64_param": -1}),
    "a fraction": (1.5, {"double_param": 1.5}),
    "a text": ("1", {"string_param": "1"}),
    "a boolean": (True, {"bool_param": True}),
    "64 bits": (2**64 - 1, {"uint64_param": 2**64 - 1}),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_parameter_that_is_no_time_is_refused_by_its_place(slow: Slow, case: str) -> None:
    """In the same words over HTTP and gRPC."""
    value, param = WRONG[case]
    answer = slow.client.post("/v2/models/plain/infer", json={**inputs(PLAIN), "parameters": {"timeout": value}})
    message = request("plain", TENSORS, parameters={"timeout": InferParameter(**param)})
    error = refusal(slow.stub.ModelInfer, message)

    assert (answer.status_code, error.code()) == (400, grpc.StatusCode.INVALID_ARGUMENT)
    assert answer.json()["error"] == error.details()
    assert error.details().startswith("/parameters/timeout: expected `int")


def test_a_model_service_never_gives_up_first() -> None:
    """BentoML's own limit lies just beyond the longest deadline."""
    assert LONGEST_TIMEOUT_S < longest_request_s("model") <= LONGEST_TIMEOUT_S + 1


def test_the_body_counts(slow: Slow) -> None:
    """A caller that does not go on with it is told so when its time is over."""
    url = slow.client.base_url
    head = f"POST /v1/predict HTTP/1.1\r\nhost: {url.host}\r\ncontent-length: 90\r\nx-request-timeout-ms: {SHORT_MS}"
    with socket.create_connection((url.host, url.port or 80), timeout=9) as connection:
        began = time.monotonic()
        connection.sendall(f'{head}\r\n\r\n{{"instances": ['.encode())
        answer = connection.recv(65536)
        took = time.monotonic() - began

    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"the body was not there in time" in answer
    assert NOT_BEFORE_S <= took < SOON_S


def test_a_wish_within_a_body_that_took_longer_is_over_before_anybody_is_asked(slow: Slow) -> None:
    """And says so, rather than that a model was late."""
    url, asked = slow.client.base_url, len(slow.gated.ids)
    body = json.dumps({**inputs(PLAIN), "parameters": {"timeout": SHORT_US}})
    lines = (f"host: {url.host}", f"content-length: {len(body)}", "expect: 100-continue")
    head = "\r\n".join(["POST /v2/models/plain/infer HTTP/1.1", *lines])
    with socket.create_connection((url.host, url.port or 80), timeout=9) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")  # from now on its time is running
        time.sleep(2 * SHORT_S)
        connection.sendall(body.encode())
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"the deadline passed before plain was asked" in answer
    assert len(slow.gated.ids) == asked


def test_what_has_expired_costs_no_call(stored_plain: Path, tmp_path: Path) -> None:
    """Who ran out of time behind a call is not in the next one; the model hears of no deadline."""
    gated = Gated(model_app(stored_plain))

    def ask(client: httpx.Client, name: str, **headers: str) -> int:
        told = {"x-request-id": name, "x-request-timeout-ms": "9000", **headers}
        return client.post("/v1/predict", json=BODY, headers=told).status_code

    with (
        served(gated) as port,
        running_gateway(tmp_path, settings_of({"plain": port})) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        first = pool.submit(ask, client, "first")
        wait_until(lambda: gated.now)
        expired = ask(client, "expired", **SHORT)
        third = pool.submit(ask, client, "third")
        wait_until(lambda: metric(client, "bentogate_queued_rows") == 1)
        gated.opened.set()
        statuses = [first.result(), expired, third.result()]

    assert statuses == [200, 504, 200]
    assert gated.ids == ["first", "third"]
    assert not any(b"timeout" in name for head in gated.heads for name in head)


@pytest.mark.anyio
async def test_each_caller_of_a_call_leaves_at_its_own_deadline(stored_plain: Path) -> None:
    """The first of two has 50 ms and gets 504 then; the second waits on for the same call, and gets its answer."""
    gated = Gated(model_app(stored_plain))
    loop = asyncio.get_running_loop()
    ended: dict[str, float] = {}

    async def ask(client: httpx.AsyncClient, milliseconds: str) -> httpx.Response:
        answer = await client.post("/v1/predict", json=BODY, headers={"x-request-timeout-ms": milliseconds})
        ended[milliseconds] = loop.time() - began
        return answer

    with served(gated) as port:
        settings = Settings(**settings_of({"plain": port}, access_log=False))
        async with open_gateway(settings) as gateway:
            await gateway.backends["plain"].learn()
            transport = httpx.ASGITransport(Front(gateway).public)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                began = loop.time()
                short, long = (asyncio.create_task(ask(client, each)) for each in ("50", "9000"))
                late = await short
                assert not long.done()
                gated.opened.set()
                answered = await long

    assert (late.status_code, late.json()["reason"]) == (504, "deadline_exceeded")
    assert 0.05 <= ended["50"] < ended["9000"]
    assert answered.status_code == 200
    assert len(gated.ids) == 1
