"""Connections have a bound, and health is asked over it."""

import contextlib
import json
import sys
from pathlib import Path

import httpx

from benchmarks.ports import free_ports
from gateway.listening.guard import RESERVE
from tests.conftest import run
from tests.gateway.conftest import settings_of
from tests.gateway.raw import GOOD, HOST, LAST, LIVE, connected, counted, rest, sent
from tests.serving import running_gateway, wait_until


def test_health_is_answered_when_all_connections_are_taken(tmp_path: Path, ports: dict[str, int]) -> None:
    """All else is refused at once, and whoever comes beyond the reserve is let go; the admin side has its own."""
    settings = settings_of(ports, max_connections=4)
    with running_gateway(tmp_path, settings) as client, contextlib.ExitStack() as stack:
        wait_until(lambda: sent(client, LAST))
        for _ in range(4):
            stack.enter_context(connected(client))
        live, ready, refused = (
            sent(client, LIVE)[0],
            sent(client, LIVE.replace("livez", "readyz?verbose"))[0],
            sent(client, GOOD)[0],
        )

        assert live.startswith("HTTP/1.1 200 ")
        assert ready.startswith("HTTP/1.1 200 ")
        assert "connection: close" in live
        assert refused.startswith("HTTP/1.1 503 ")
        assert "retry-after: 1" in refused
        assert '"reason":"too_many_connections"' in refused
        for _ in range(RESERVE):
            stack.enter_context(connected(client))
        assert rest(stack.enter_context(connected(client))) == b""
        assert httpx.get(f"{client.headers['x-admin']}/readyz").status_code == 200
        assert counted(client, "too_many_connections") >= 2
        stack.close()
        last = GOOD.replace(HOST, f"{HOST}Connection: close\r\n")
        wait_until(lambda: answered(client, last))


def test_unused_connections_make_room(tmp_path: Path, ports: dict[str, int]) -> None:
    """Where nearly all are taken, those on which nothing is asked are closed much earlier than they would be."""
    settings = settings_of(ports, max_connections=10, keep_alive_s=600)
    with running_gateway(tmp_path, settings) as client, contextlib.ExitStack() as stack:
        wait_until(lambda: sent(client, LAST))
        for _ in range(10):
            one = stack.enter_context(connected(client))
            one.sendall(LIVE.encode())
            assert one.recv(4096)
        last = GOOD.replace(HOST, f"{HOST}Connection: close\r\n")
        assert not answered(client, last)
        wait_until(lambda: answered(client, last), 30)


def answered(client: httpx.Client, request: str) -> bool:
    """Say whether a request is answered by a prediction; whose connection is one too many may be reset."""
    with contextlib.suppress(ConnectionError):
        return any("predictions" in answer for answer in sent(client, request))
    return False


def test_more_connections_than_descriptors_are_refused_at_start(tmp_path: Path, ports: dict[str, int]) -> None:
    """It says how many descriptors they need."""
    path = tmp_path / "gateway.yaml"
    path.write_text(json.dumps(settings_of(ports, port=free_ports(1)[0], admin_port=free_ports(1)[0])))
    command = f"ulimit -n 1024; {sys.executable} -m gateway --config {path}"
    done = run("bash", "-c", command, check=False, GATEWAY_MAX_CONNECTIONS="500")

    assert done.returncode == 2
    assert "GATEWAY_MAX_CONNECTIONS: 500 connections need" in done.stderr
