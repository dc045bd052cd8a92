"""New work is refused while the gateway has too much to do or too little memory, and everything else is answered."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import grpc.aio
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from open_inference.grpc.service import GRPCInferenceServiceStub

from benchmarks.ports import free_ports
from gateway.errors import Overloaded
from gateway.front import Front
from gateway.gateway import open_gateway
from gateway.grpc import open_grpc
from gateway.listening import Guard, Refusals, listener
from gateway.listening.doors import bound
from gateway.settings import Settings
from gateway.shedding.cgroup import Memory, own_memory, resident
from gateway.shedding.shedding import EVERY_S, SURPLUS, Shedding
from tests.gateway.conftest import PLAIN, settings_of
from tests.gateway.grpc_client import request
from tests.gateway.test_grpc import PLAIN as TENSORS
from tests.gateway.test_v2 import inputs

NO_LIMIT = Memory(Path("none"), Path("none"), Path("none"), "")


class Doors(NamedTuple):
    """The doors of a gateway in this process, and the folder that is its cgroup."""

    http: httpx.AsyncClient
    admin: httpx.AsyncClient
    grpc: grpc.aio.Channel
    cgroup: Path


def use(cgroup: Path, part: float) -> None:
    """Have this part of the memory be used, of version 2."""
    for name, text in {
        "memory.max": 1000,
        "memory.current": int(part * 1000),
        "memory.stat": "inactive_file 0",
    }.items():
        (cgroup / name).write_text(str(text))


@contextlib.asynccontextmanager
async def opened(ports: dict[str, int], cgroup: Path, **more: Any) -> AsyncIterator[Doors]:
    """Serve a gateway that has this cgroup; its models are known."""
    use(cgroup, 0.5)
    never_late = {"max_lag_ms": 60_000}  # its loop is that of the test, and late where others want the processor too
    async with open_gateway(Settings(**settings_of(ports, access_log=False, **never_late, **more))) as gateway:
        gateway.shedding.memory = own_memory(cgroup, cgroup / "none")
        await until(lambda: gateway.ready)
        front = Front(gateway)
        door, (port,) = open_grpc(front, 0), free_ports(1)
        one = listener(front.public, gateway.ending, Guard(100, 2**24, Refusals(lambda _: None)))
        serving = asyncio.gather(one.serve(sockets=[bound("127.0.0.1", port, "")]), door.serve())
        transport = httpx.ASGITransport(front.admin)
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            httpx.AsyncClient(transport=transport, base_url="http://admin") as admin,
            grpc.aio.insecure_channel(door.address) as channel,
        ):
            await until(lambda: one.started)
            yield Doors(client, admin, channel, cgroup)
        gateway.ending.begin(0)
        await serving


async def refused(doors: Doors) -> bool:
    """Say whether new work is refused."""
    return (await doors.http.post("/v1/models/plain:predict", json={"instances": [PLAIN]})).status_code == 503


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(20):
        while not (value if isinstance(value := holds(), bool) else await value):  # noqa: ASYNC110 (none tells)
            await asyncio.sleep(EVERY_S / 5)


def test_a_full_container_refuses_predictions_and_answers_all_else(ports: dict[str, int], tmp_path: Path) -> None:
    """At 92 % of its limit, until there is room: probes, lists, metadata and metrics go on."""

    async def check() -> None:
        async with opened(ports, tmp_path) as doors:
            before = await refused(doors)
            use(tmp_path, 0.93)
            await until(lambda: refused(doors))
            metrics = (await doors.admin.get("/metrics")).text
            paths = (
                "/livez",
                "/readyz",
                "/v2/health/ready",
                "/v1/models",
                "/v2/models/plain",
                "/v2/models/plain/ready",
            )
            others = {path: (await doors.http.get(path)).status_code for path in paths}
            stub: Any = health_pb2_grpc.HealthStub(doors.grpc)
            health = await stub.Check(health_pb2.HealthCheckRequest())
            use(tmp_path, 0.91)
            await until(lambda: refused_no_more(doors))

        assert not before
        assert set(others.values()) == {200}, others
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        assert "bentogate_memory_ratio 0.93" in metrics
        assert "bentogate_event_loop_lag_seconds" in metrics
        assert 'bentogate_refused_total{reason="overloaded"} 1.0' in metrics

    async def refused_no_more(doors: Doors) -> bool:
        return not await refused(doors)

    asyncio.run(check())


def test_refusals_say_when_to_come_again(ports: dict[str, int], tmp_path: Path) -> None:
    """At different moments, so that all do not come at once; a large body is not read, and its connection serves on."""

    async def check() -> None:
        async with opened(ports, tmp_path) as doors:
            use(tmp_path, 1.0)
            await until(lambda: refused(doors))
            for path, body in (
                ("/v1/predict", {"instances": [PLAIN]}),
                ("/v2/models/plain/infer", inputs(PLAIN)),
                ("/v1/predict", {"instances": [PLAIN] * 5000}),
            ):
                answers = [await doors.http.post(path, json=body) for _ in range(30)]

                assert {answer.status_code for answer in answers} == {503}
                assert {answer.headers["retry-after"] for answer in answers} == {"1", "2", "3"}
                assert b"memory" in answers[0].content
            stub: Any = GRPCInferenceServiceStub(doors.grpc)  # type: ignore[no-untyped-call]
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.ModelInfer(request("plain", TENSORS))

            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert dict(caught.value.trailing_metadata())["retry-after"] in {"1", "2", "3"}

    asyncio.run(check())


def is_open(one: Shedding) -> bool:
    """Say whether new work is welcome."""
    try:
        one.check()
    except Overloaded:
        return False
    return True


def test_a_late_loop_closes_the_door_until_it_is_in_time() -> None:
    """It is held up again and again, by steps that are longer than it may be late, and then no more."""

    async def check() -> None:
        one = Shedding(0.02, 0.92, NO_LIMIT)
        watching = asyncio.create_task(one.watch())
        async with asyncio.timeout(20):
            while is_open(one):
                time.sleep(0.1)  # noqa: ASYNC251 (to hold the loop up)
                await asyncio.sleep(0)
        late_s = one.lag_s
        await until(lambda: one.share == 0)
        watching.cancel()

        assert late_s > 0.02
        assert one.lag_s <= 0.02
        assert is_open(one)

    asyncio.run(check())


@pytest.mark.parametrize("pause_s", [0.3, 10.0])
def test_one_pause_closes_nothing(pause_s: float) -> None:
    """Neither a full collection nor a machine that slept; further ones refuse more and more, and then all."""
    one, shares = Shedding(0.1, 0.92, NO_LIMIT), []
    for _ in range(5):
        one.note_lag(pause_s)
        one.decide()
        shares.append(one.share)

    assert shares[0] == 0
    assert 0 < shares[1] < shares[2] < 1 < shares[4]
    assert not is_open(one)


def test_what_is_free_is_given_back() -> None:
    """Between pieces that are in use free memory stays, unless the system is given it."""
    one = Shedding(0.1, 0.92, NO_LIMIT)
    asyncio.run(one.note_resident())
    pieces = [b"x" * (100_000 + index) for index in range(1_000)]
    pieces = pieces[::20]
    full = resident()
    asyncio.run(one.note_resident())

    assert resident() < full - SURPLUS
    assert len(pieces) == 50
