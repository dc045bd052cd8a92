"""How the door for gRPC opens and closes: its port, and what is under way at the end."""

import asyncio
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc
from starlette.responses import Response

from benchmarks.ports import free_ports
from tests.conftest import ROOT
from tests.gateway.conftest import settings_of
from tests.gateway.grpc_client import connected, outputs, request
from tests.gateway.test_faults import Sick, response
from tests.gateway.test_grpc_faults import ROW
from tests.serving import running_gateway, served, wait_until


class Late(Response):
    """Answer well after the request, as a model that takes its time."""

    def __init__(self, version: str) -> None:
        super().__init__()
        self.version = version

    async def __call__(self, *scope: Any) -> None:
        """Wait and answer."""
        await asyncio.sleep(1.5)
        await response()(self.version)(*scope)


def test_a_call_under_way_is_answered_when_the_gateway_ends(tmp_path: Path, stored_plain: Path) -> None:
    """SIGTERM comes while a model takes its time: the caller gets its answer, and the exit code is 0."""
    sick, (port,) = Sick(stored_plain), free_ports(1)
    sick.answer = Late
    with served(sick.app()) as where, connected(port) as (_, stub), ThreadPoolExecutor() as pool:
        with running_gateway(tmp_path, settings_of({"plain": where}, grpc_port=port)):
            asked = pool.submit(stub.ModelInfer, request("plain", ROW))
            wait_until(lambda: sick.asked)

        assert outputs(asked.result())["label"].tolist() == ["high"]


def test_a_watcher_does_not_hold_up_the_end(tmp_path: Path, ports: dict[str, int]) -> None:
    """It hears that the end has come and is cut off soon after, though a request might take thirty seconds."""
    (port,) = free_ports(1)
    with connected(port) as (channel, _):
        health: Any = health_pb2_grpc.HealthStub(channel)
        with running_gateway(tmp_path, settings_of(ports, grpc_port=port, timeout_s=30)):
            watch = health.Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
            serving = health_pb2.HealthCheckResponse.SERVING
            assert any(told.status == serving for told in watch)  # it may hear first that it is not yet
            began = time.monotonic()

        assert time.monotonic() - began < 5
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING


def test_a_port_that_is_in_use_is_told_at_start(tmp_path: Path, ports: dict[str, int]) -> None:
    """With exit code 2 and the variable's name: two gateways never share a port and its callers."""
    (port,) = free_ports(1)
    second = tmp_path / "second.yaml"
    second.write_text(json.dumps(settings_of(ports, port=0, admin_port=0)))
    with running_gateway(tmp_path, settings_of(ports, grpc_port=port)):
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "--config", str(second)],
            cwd=ROOT,
            env={**os.environ, "GATEWAY_GRPC_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert done.returncode == 2
    assert f"error: GATEWAY_GRPC_PORT: 127.0.0.1:{port} cannot be listened on\n" in done.stderr
