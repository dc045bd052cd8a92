"""Real servers for tests: HTTP apps on threads, and the gateway as the process that users run."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from benchmarks.ports import free_ports
from bentos.artifact import load, read_contract
from bentos.protocol import Protocol
from bentos.served import Served
from tests.conftest import ROOT


@contextlib.contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """Serve an app on a thread of its own; gives the port, which is taken at once."""
    port = port or free_ports(1)[0]
    listening = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(timeout=5)


def model_app(folder: Path) -> ASGIApp:
    """Give the protocol of the model service, without BentoML around it."""
    return Protocol(Served(read_contract(folder), folder, load(folder))).app()


def wait_until(holds: Callable[[], Any], timeout_s: float = 60) -> Any:
    """Wait for a condition, with a deadline; gives its value."""
    deadline = time.monotonic() + timeout_s
    while not (value := holds()):
        assert time.monotonic() < deadline, f"not so after {timeout_s} s"
        time.sleep(0.02)
    return value


def answers(url: str) -> bool:
    """Say whether a URL answers with 200."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@contextlib.contextmanager
def running_gateway(
    tmp_path: Path, settings: dict[str, Any], output: int | None = None, /, *, wait: str = "/readyz", **environment: str
) -> Iterator[httpx.Client]:
    """Run `python -m gateway` with settings and variables; gives a client, whose `x-admin` is the admin side's URL.

    What it writes goes to a file, unless there is a descriptor to write it to.
    """
    port, admin = free_ports(2)
    path = tmp_path / "gateway.yaml"
    settings = {"port": port, "admin_port": admin, **settings}
    path.write_text(json.dumps(settings))  # JSON is YAML
    command = [sys.executable, "-m", "gateway", "--config", str(path)]
    log = (tmp_path / "gateway.log").open("w")
    to = log.fileno() if output is None else output
    if (
        "max_lag_ms" not in settings
    ):  # where several tests run at once, loops are late, and what is refused says nothing
        environment = {"GATEWAY_MAX_LAG_MS": "2000", **environment}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=to, stdout=to)
    base = f"http://{settings.get('host', '127.0.0.1')}:{settings['port']}"
    try:
        wait_until(lambda: answers(f"{base}{wait}") or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "gateway.log").read_text()
        with httpx.Client(
            base_url=base, headers={"x-admin": f"http://127.0.0.1:{settings['admin_port']}"}, timeout=40
        ) as client:
            yield client
    finally:
        process.terminate()
        code = process.wait(10)
        log.close()
    assert code == 0, (tmp_path / "gateway.log").read_text()


@contextlib.contextmanager
def running_service(target: list[str], home: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `bentoml serve` in another folder than the project's, unless it serves that; gives process and address."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(
            ["bentoml", "serve", *target, "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT if target[0].startswith("--") else folder,
            env={**os.environ, "BENTOML_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        wait_until(lambda: answers(f"{url}/v2/health/ready") or process.poll() is not None, 120)
        yield process, url
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)
