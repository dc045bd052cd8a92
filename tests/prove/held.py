"""A gateway in front of a model that is held to a rate, both as processes beside the one that sends."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.flood import CALL_S, ROWS
from benchmarks.ports import free_ports
from tests.conftest import ROOT, store_tiny
from tests.serving import answers, running_gateway, wait_until

MODEL = "plain"
PATH = f"/v1/models/{MODEL}:predict"


@contextlib.contextmanager
def held(folder: Path, backend: dict[str, Any], **more: Any) -> Iterator[httpx.Client]:
    """Answer as the model does after CALL_S, of ROWS at once; gives a client of the gateway, which logs no traceback.

    `backend` are settings of the model's backend, `more` others.
    """
    assert store_tiny(MODEL)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "benchmarks.way.standins", str(CALL_S), f"{MODEL}={port}"]
    stub = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    try:
        wait_until(lambda: answers(f"{url}/v2/health/ready"))
        backends = {MODEL: {"url": url, "max_batch_rows": ROWS, **backend}}
        with running_gateway(folder, {"backends": backends, "default": MODEL, **more}) as client:
            yield client
    finally:
        stub.terminate()
        stub.wait(10)
    assert "Traceback" not in (folder / "gateway.log").read_text()
