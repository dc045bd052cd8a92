"""How the gateway ends: it drains, closes, and cuts off what does not end by itself."""

import contextlib
import itertools
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.ports import free_ports
from tests.gateway.conftest import settings_of
from tests.gateway.grpc_client import connected, request
from tests.gateway.over_time.test_leaving import predict, process_of, sent
from tests.gateway.test_account import records
from tests.gateway.test_grpc_faults import ROW
from tests.gateway.test_joining import Gated, metric
from tests.serving import model_app, running_gateway, served, wait_until

DRAIN_S = 1.5
SOON_S = 12.0
"""An end without a drain takes less than half a second on a machine with nothing else to do; what it would else wait
for takes 30 and more."""


@pytest.fixture
def gated(stored_plain: Path) -> Iterator[tuple[Gated, int]]:
    """Serve the plain model, which holds its answers back; gives it and its port."""
    gated = Gated(model_app(stored_plain))
    with served(gated) as port:
        yield gated, port
        gated.opened.set()


def has_ended(process: psutil.Process) -> bool:
    """Say so without taking its exit code from who started it, and who holds that it is 0."""
    return process.status() == psutil.STATUS_ZOMBIE


def head_of(connection: socket.socket) -> str:
    """Read the head of an answer, in lower case."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = connection.recv(65536)
        assert part, text
        text += part
    return text.decode().lower()


def test_the_drain_serves_on_and_says_so(tmp_path: Path, ports: dict[str, int]) -> None:
    """Not ready at once, on both protocols and both sides; each answer is the last of its connection."""
    (grpc_port,) = free_ports(1)
    settings = settings_of(ports, drain_s=60, grpc_port=grpc_port)
    with running_gateway(tmp_path, settings) as client, connected(grpc_port) as (channel, stub):
        health: Any = health_pb2_grpc.HealthStub(channel)
        kept = sent(client, predict("before", path="/v1/models/plain:predict"))
        before = head_of(kept)
        process_of(tmp_path).send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/readyz").status_code == 503)
        ready = client.get("/v2/health/ready")
        alive = httpx.get(f"{client.headers['x-admin']}/livez")
        kept.sendall(predict("after", path="/v1/models/plain:predict"))
        after = head_of(kept)
        wait_until(
            lambda: health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        )
        answer = stub.ModelMetadata(stub_request("plain"))

        assert before.startswith("http/1.1 200 ")
        assert "connection: close" not in before
        assert (ready.status_code, ready.json()) == (503, {"ready": False})
        assert ready.headers["connection"] == "close"
        assert alive.status_code == 200
        assert after.startswith("http/1.1 200 ")
        assert "connection: close" in after
        assert kept.recv(1) == b""
        assert answer.name == "plain"
        kept.close()


def stub_request(name: str) -> Any:
    """Ask for a model's metadata."""
    from open_inference.grpc.protocol import ModelMetadataRequest

    return ModelMetadataRequest(name=name)


def test_no_new_connection_is_reset_before_the_drain_is_over(tmp_path: Path, ports: dict[str, int]) -> None:
    """Callers who come with a new connection each are all answered until then.

    After it they are refused, or reset if they come in that moment, or closed if they are slow to ask.
    """
    ended: list[float] = []
    answered = itertools.count()

    def come(address: tuple[str, int]) -> None:
        while not ended:
            head = b""
            with contextlib.suppress(ConnectionError), socket.create_connection(address, timeout=10) as connection:
                connection.sendall(predict("new", path="/v1/models/plain:predict"))
                head = connection.recv(65536)
            if head:
                assert head.startswith(b"HTTP/1.1 200 ")
                next(answered)
            else:
                ended.append(time.monotonic())

    with running_gateway(tmp_path, settings_of(ports, drain_s=DRAIN_S)) as client, ThreadPoolExecutor(4) as pool:
        process, url = process_of(tmp_path), urlsplit(str(client.base_url))
        assert url.hostname
        assert url.port
        callers = [pool.submit(come, (url.hostname, url.port)) for _ in range(4)]
        wait_until(lambda: next(answered) > 20)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        for caller in callers:
            caller.result(30)
        wait_until(lambda: has_ended(process))

    assert min(ended) - began >= DRAIN_S


@pytest.mark.parametrize("more", [1, 0], ids=["a second signal", "the grace"])
def test_what_does_not_end_is_cut_off(tmp_path: Path, gated: tuple[Gated, int], more: int) -> None:
    """By a second signal at once, or when the grace is over: the record says so, the exit code is 0."""
    (model, port), (grpc_port,) = gated, free_ports(1)
    settings = settings_of({"plain": port}, timeout_s=30, grace_s=30 if more else 0.5, grpc_port=grpc_port)
    with running_gateway(tmp_path, settings) as client, connected(grpc_port) as (_, stub):
        process = process_of(tmp_path)
        with sent(client, predict("cut")) as connection:
            call = stub.ModelInfer.future(request("plain", ROW), metadata=[("x-request-id", "cut-too")])
            wait_until(lambda: model.now and metric(client, "bentogate_queued_rows"))
            for _ in range(1 + more):
                process.send_signal(signal.SIGTERM)
                wait_until(lambda: "ending" in (tmp_path / "gateway.log").read_text())
            wait_until(lambda: has_ended(process), SOON_S)

            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert call.exception()
        for one in ("cut", "cut-too"):
            (record,) = records(tmp_path / "gateway.log", one)
            assert (record["status"], record["reason"]) == (None, "cut_off")
        log = (tmp_path / "gateway.log").read_text()
        assert "Traceback" not in log
        assert '"event": "cut off"' in log


def test_what_is_under_way_is_answered_after_the_drain(tmp_path: Path, gated: tuple[Gated, int]) -> None:
    """The gateway waits for it within the grace, and for nobody else: who keeps a connection is closed."""
    model, port = gated
    with running_gateway(tmp_path, settings_of({"plain": port}, drain_s=0.2)) as client:
        address = urlsplit(str(client.base_url))
        process = process_of(tmp_path)
        with sent(client, predict("late")) as late, sent(client, b"") as silent:
            wait_until(lambda: model.now)
            process.send_signal(signal.SIGTERM)
            assert silent.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address.hostname, address.port))
            model.opened.set()
            head = head_of(late)

        assert head.startswith("http/1.1 200 ")
        assert "connection: close" in head
        wait_until(lambda: has_ended(process))


@pytest.mark.parametrize("first", [True, False], ids=["alone", "in the drain"])
def test_who_waits_at_a_terminal_does_not_wait_for_the_drain(
    tmp_path: Path, ports: dict[str, int], first: bool
) -> None:
    """SIGINT leaves the drain out, and ends the gateway at once where that has begun."""
    with running_gateway(tmp_path, settings_of(ports, drain_s=60)) as client:
        process = process_of(tmp_path)
        if not first:
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: client.get("/readyz").status_code == 503)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: has_ended(process), SOON_S)
