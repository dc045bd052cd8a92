"""A caller that goes away frees its place at once, and nobody else notices."""

import contextlib
import json
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from benchmarks.ports import free_ports
from stack.certificate import make_certificate
from tests.conftest import store_tiny
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.gateway.grpc_client import connected, request
from tests.gateway.test_account import Recorded, records
from tests.gateway.test_grpc_faults import ROW
from tests.gateway.test_joining import Gated, ask, metric
from tests.serving import model_app, running_gateway, served, wait_until

LOOK_S, LOOKS = 0.02, 25
"""Half a second: five times the 100 ms that are promised."""

LAST_BYTES = 150_000


@pytest.fixture
def gated(stored_plain: Path) -> Iterator[Gated]:
    """Hold the plain model back."""
    gated = Gated(model_app(stored_plain))
    yield gated
    gated.opened.set()


@pytest.fixture
def recorded(gated: Gated, tmp_path: Path) -> Iterator[Recorded]:
    """Run a gateway in front of it; whoever leaves, it tells of no failure."""
    (port,) = free_ports(1)
    with served(gated) as where:
        with running_gateway(tmp_path, settings_of({"plain": where}, grpc_port=port)) as client:
            client.headers["x-grpc"] = str(port)
            yield Recorded(client, tmp_path / "gateway.log")
            gated.opened.set()
        log = (tmp_path / "gateway.log").read_text()
        assert "Traceback" not in log
        assert "ERROR" not in log


def predict(
    request_id: str, instances: int = 1, blanks: int = 0, record: Any = PLAIN, path: str = "/v1/predict"
) -> bytes:
    """Write a request, with so many blanks in its body."""
    body = json.dumps({"instances": [record] * instances}).encode() + b" " * blanks
    head = f"POST {path} HTTP/1.1\r\nhost: gateway\r\nx-request-id: {request_id}\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def sent(client: httpx.Client, message: bytes, receive_bytes: int = 2**18) -> socket.socket:
    """Send bytes over a connection of their own, which takes in so many before somebody reads."""
    address = urlsplit(str(client.base_url))
    connection = socket.socket()
    connection.settimeout(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.connect((address.hostname, address.port))
    connection.sendall(message)
    return connection


def reset(connection: socket.socket) -> None:
    """End a connection as a process does that dies with something unread."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def process_of(folder: Path) -> psutil.Process:
    """Find the gateway whose settings are in a folder."""
    (gateway,) = [one for one in psutil.Process().children() if str(folder / "gateway.yaml") in one.cmdline()]
    return gateway


def at_once(holds: Callable[[], bool]) -> None:
    """Look so often whether a condition holds: what holds up a whole machine for a second holds up the looks too."""
    for _ in range(LOOKS):
        if holds():
            return
        time.sleep(LOOK_S)
    raise AssertionError(f"not so after {LOOKS} looks")


def in_flight(recorded: Recorded) -> float:
    """Count the calls under way."""
    return metric(recorded.client, "bentogate_in_flight")


def queued(recorded: Recorded) -> float:
    """Count the rows that wait."""
    return metric(recorded.client, "bentogate_queued_rows")


def of_the_gone(recorded: Recorded, request_id: str) -> dict[str, Any]:
    """Give the one record of a caller who left."""
    record = recorded.of(request_id)
    assert (record["status"], record["reason"]) == (None, "caller_gone")
    assert len(records(recorded.log, request_id)) == 1
    return record


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_a_caller_in_the_queue_frees_its_rows(
    recorded: Recorded, gated: Gated, leave: Callable[[socket.socket], None]
) -> None:
    """Closed or reset: the rows are given back at once, no call ever asks for them, and the record says why."""
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, recorded.client, 1)
        wait_until(lambda: gated.now)
        leaving = sent(recorded.client, predict("queued", 7))
        wait_until(lambda: queued(recorded) == 7)
        leave(leaving)
        at_once(lambda: not queued(recorded))
        record = of_the_gone(recorded, "queued")
        gated.opened.set()

        assert first.result().status_code == 200
    assert record["rows"] == 7
    assert gated.ids == ["caller-1"]
    text = httpx.get(f"{recorded.client.headers['x-admin']}/metrics").text
    assert re.search(r'^bentogate_refused_total{reason="caller_gone"} 1.0$', text, re.MULTILINE)
    assert metric(recorded.client, "bentogate_in_flight") == 0


def test_a_call_ends_with_the_last_of_its_callers(recorded: Recorded, gated: Gated) -> None:
    """Its place is free for the next call; while one of them stays, the call goes on, and that one is answered."""
    alone = sent(recorded.client, predict("alone"))
    wait_until(lambda: gated.now == 1)
    joined = [sent(recorded.client, predict(f"joined-{number}")) for number in range(3)]
    wait_until(lambda: queued(recorded) == 3)
    alone.close()
    at_once(lambda: not queued(recorded))
    wait_until(lambda: gated.now == 2)
    of_the_gone(recorded, "alone")

    for number in (0, 2):
        joined[number].close()
        of_the_gone(recorded, f"joined-{number}")
    assert in_flight(recorded) == 1
    gated.opened.set()
    with joined[1]:
        assert joined[1].recv(65536).startswith(b"HTTP/1.1 200 ")
    assert len(gated.ids) == 2


def test_a_call_ends_when_all_of_its_callers_leave(recorded: Recorded, gated: Gated) -> None:
    """Also those of one joined call."""
    first = sent(recorded.client, predict("first"))
    wait_until(lambda: gated.now == 1)
    joined = [sent(recorded.client, predict(f"joined-{number}")) for number in range(8)]
    wait_until(lambda: queued(recorded) == 8)
    first.close()
    wait_until(lambda: gated.now == 2)
    for one in joined:
        one.close()
    at_once(lambda: not in_flight(recorded))

    assert queued(recorded) == 0
    for number in range(8):
        of_the_gone(recorded, f"joined-{number}")


def test_who_sent_a_large_body_is_seen_to_leave(recorded: Recorded, gated: Gated) -> None:
    """Its connection is read on while its request is served; uvicorn stops where more than 64 KiB came at once."""
    body = predict("large", 1, 4_000_000)
    large = sent(recorded.client, body[:-LAST_BYTES])  # by which the kernel's window grows
    recorded.client.get("/livez")  # it is read by then
    gateway = process_of(recorded.log.parent)
    gateway.suspend()
    large.sendall(body[-LAST_BYTES:])
    gateway.resume()
    wait_until(lambda: gated.now)
    large.close()
    at_once(lambda: not in_flight(recorded))

    of_the_gone(recorded, "large")


def test_requests_behind_one_another_end_together(recorded: Recorded, gated: Gated) -> None:
    """The first of a pipeline is cancelled, and the others are not begun."""
    pipeline = sent(recorded.client, b"".join(predict(f"pipelined-{number}") for number in range(4)))
    wait_until(lambda: gated.now)
    pipeline.close()
    at_once(lambda: not in_flight(recorded))
    of_the_gone(recorded, "pipelined-0")
    gated.opened.set()

    assert ask(recorded.client, 1).status_code == 200
    assert gated.ids == ["pipelined-0", "caller-1"]


def test_a_half_closed_connection_counts_as_gone(recorded: Recorded, gated: Gated) -> None:
    """Who shuts down its sending side is answered no more, and the gateway closes the other side."""
    with sent(recorded.client, predict("half")) as half:
        wait_until(lambda: gated.now)
        half.shutdown(socket.SHUT_WR)

        assert half.recv(1) == b""
    of_the_gone(recorded, "half")


def test_who_leaves_in_the_middle_of_a_body_is_recorded(recorded: Recorded) -> None:
    """As one who leaves before its answer."""
    sent(recorded.client, predict("middle")[:-5]).close()

    of_the_gone(recorded, "middle")


def test_who_never_reads_and_leaves_is_told_as_any(recorded: Recorded) -> None:
    """Its answers have filled all buffers, and the next one waits; no traceback is logged."""
    ask = b"GET /openapi.json HTTP/1.1\r\nhost: gateway\r\nx-request-id: silent\r\n\r\n"
    silent = sent(recorded.client, b"", receive_bytes=4096)
    while len(records(recorded.log, "silent")) % 50 == 0:  # all so far: no more may be in line at once
        silent.sendall(ask * 50)
        wait_until(unchanged(lambda: len(records(recorded.log, "silent"))))
    reset(silent)
    gone = wait_until(lambda: [one for one in records(recorded.log, "silent") if one["status"] != 200])

    assert [(one["status"], one["reason"]) for one in gone] == [(None, "caller_gone")]


def unchanged(count: Callable[[], int]) -> Callable[[], bool]:
    """Give a condition: that a count above zero was the same at the last thirty looks."""
    seen: list[int] = []

    def holds() -> bool:
        seen.append(count())
        return seen[-1] > 0 and seen[-30:] == [seen[-1]] * 30

    return holds


def test_a_call_of_grpc_ends_with_its_caller(recorded: Recorded, gated: Gated) -> None:
    """Cancelled by its client, alone in its call."""
    with connected(int(recorded.client.headers["x-grpc"])) as (_, stub):
        call = stub.ModelInfer.future(request("plain", ROW), metadata=[("x-request-id", "grpc")])
        wait_until(lambda: gated.now)
        call.cancel()
        at_once(lambda: not in_flight(recorded))

    of_the_gone(recorded, "grpc")


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_a_caller_over_tls_is_seen_to_leave(
    tmp_path: Path, gated: Gated, leave: Callable[[socket.socket], None]
) -> None:
    """With TLS's goodbye or without."""
    make_certificate(tmp_path / "tls")
    context = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.crt")
    (port,) = free_ports(1)
    with served(gated) as where:
        settings = settings_of({"plain": where}, tls_dir=str(tmp_path / "tls"), tls_port=port)
        with running_gateway(tmp_path, settings) as client:
            plain = socket.create_connection(("127.0.0.1", port), timeout=10)
            secure = context.wrap_socket(plain, server_hostname="localhost")
            secure.sendall(predict("secure"))
            wait_until(lambda: gated.now)
            if leave is socket.socket.close:
                with contextlib.suppress(OSError):
                    secure.settimeout(0.05)
                    secure.unwrap()
            leave(secure)
            at_once(lambda: not metric(client, "bentogate_in_flight"))
            gated.opened.set()

        of_the_gone(Recorded(client, tmp_path / "gateway.log"), "secure")
        assert "Traceback" not in (tmp_path / "gateway.log").read_text()


def test_all_calls_of_an_ensemble_end_with_its_caller(tmp_path: Path, stored_plain: Path, stored_mixed: Path) -> None:
    """Each model has its place free again."""
    models = {"plain": Gated(model_app(stored_plain)), "mixed": Gated(model_app(stored_mixed))}
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(served(model)) for name, model in models.items()}
        client = stack.enter_context(running_gateway(tmp_path, settings_of(ports)))
        leaving = sent(client, predict("both", record={**PLAIN, **MIXED}))
        wait_until(lambda: all(model.now for model in models.values()))
        leaving.close()
        at_once(lambda: not any(metric(client, "bentogate_in_flight", name) for name in models))
        for model in models.values():
            model.opened.set()


def test_a_failed_ensemble_ends_its_other_calls(tmp_path: Path, stored_plain: Path) -> None:
    """Nobody waits for them any more: the caller has its answer, and the model its place."""
    gated = Gated(model_app(stored_plain))
    bad = {**PLAIN, "shift": 1e200}
    with served(gated) as plain, served(model_app(store_tiny("unbounded"))) as unbounded:
        settings = settings_of({"plain": plain, "unbounded": unbounded})
        with running_gateway(tmp_path, settings) as client:
            answer = client.post("/v1/predict", json={"instances": [bad]})

            assert answer.status_code == 502
            at_once(lambda: not metric(client, "bentogate_in_flight"))
            gated.opened.set()
