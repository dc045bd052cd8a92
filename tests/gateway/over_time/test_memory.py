"""What has failed takes no memory any more."""

import contextlib
import json
import re
from pathlib import Path

import psutil

from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import model_app, running_gateway, served

BODY_MIB, TIMES, MOST_MIB = 8, 24, 100
"""Kept until the next full collection the bodies would be 192 MiB; one after the other they take a fifth of that."""

EMPTY = b'{"instances":[' + b'{"":{}},' * (BODY_MIB * 2**17) + b"{}]}"


def long_body() -> bytes:
    """Write a thousand records with many blanks between them."""
    separator = "," + " " * (BODY_MIB * 2**20 // 1000 - 200)
    return f'{{"instances": [{separator.join([json.dumps({**PLAIN, **MIXED})] * 1000)}]}}'.encode()


def peak_mib(folder: Path) -> float:
    """Give the most memory that the gateway whose settings are in this folder ever had."""
    (gateway,) = [one for one in psutil.Process().children() if str(folder / "gateway.yaml") in one.cmdline()]
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{gateway.pid}/status").read_text())
    return int(kib) / 1024


def test_a_failure_keeps_no_body(tmp_path: Path, ports: dict[str, int], stored_mixed: Path) -> None:
    """Refused ones, and right ones whose model has died: no error holds its own traceback, and the request with it."""
    with contextlib.ExitStack() as dying:
        mixed = dying.enter_context(served(model_app(stored_mixed)))
        with running_gateway(tmp_path, settings_of({**ports, "mixed": mixed})) as client:
            dying.close()
            before = peak_mib(tmp_path)
            for body, status in ((EMPTY, 413), (long_body(), 503)):
                for _ in range(TIMES):
                    assert client.post("/v1/predict", content=body).status_code == status

            assert peak_mib(tmp_path) - before < MOST_MIB
