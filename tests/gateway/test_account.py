"""Every request has one account: a record on stdout, and the headers of its answer."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.account.access import ENCODER, AccessLog, AccessRecord
from gateway.output.lines import RING
from tests.conftest import ROOT
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.gateway.test_v2 import inputs
from tests.serving import running_gateway, wait_until

BOTH = {"instances": [{**PLAIN, **MIXED}] * 2}
FIELDS = ["time", "id", "route", "caller", "status", "reason", "rows", "ms", "versions", "calls"]
TIMING = re.compile(r"[\w!#$%&'*+.^`|~-]+;dur=\d+\.\d+(, [\w!#$%&'*+.^`|~-]+;dur=\d+\.\d+)*")


class Recorded:
    """A gateway and the records that it wrote."""

    def __init__(self, client: httpx.Client, log: Path) -> None:
        self.client = client
        self.log = log

    def of(self, request_id: str) -> dict[str, Any]:
        """Wait for the record of a request."""
        found: dict[str, Any] = wait_until(lambda: next(iter(records(self.log, request_id)), None))
        return found


def records(log: Path, request_id: str) -> list[dict[str, Any]]:
    """Read the whole records of an id."""
    lines = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("}\n")]
    return [line for line in lines if line.get("id") == request_id]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Recorded]:
    """Run a gateway."""
    folder = tmp_path_factory.mktemp("recorded")
    with running_gateway(folder, settings_of(ports)) as client:
        yield Recorded(client, folder / "gateway.log")


def test_a_record_says_who_asked_what_and_who_answered(recorded: Recorded, ports: dict[str, int]) -> None:
    """All fields of the documentation, in order; the phases are parts of the whole."""
    answer = recorded.client.post("/v1/predict", json=BOTH, headers={"x-request-id": "whole-1"})
    record = recorded.of("whole-1")
    ms = record["ms"]

    assert list(record) == FIELDS
    assert (record["route"], record["caller"], record["status"], record["reason"]) == ("both", "127.0.0.1", 200, None)
    assert record["rows"] == 2
    assert record["versions"] == {name: model["version"] for name, model in answer.json()["models"].items()}
    assert ms["queue"] + ms["call"] >= max(ms[f"call.{name}"] for name in ports)
    assert 0 < ms["decode"] + ms["queue"] + ms["call"] + ms["encode"] <= ms["total"]
    assert datetime.now(UTC) - datetime.fromisoformat(record["time"]) < timedelta(seconds=30)
    assert len(records(recorded.log, "whole-1")) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/v2/models/plain/infer", inputs(PLAIN), ("plain", 200, None, 1)),
        ("POST", "/v1/models/plain:predict", {"instances": [{}]}, ("plain", 422, "invalid_record", 0)),
        ("POST", "/v1/models/nope:predict", {}, ("nope", 404, "unknown_name", 0)),
        ("GET", "/v1/predict", None, ("both", 405, "wrong_method", 0)),
        ("GET", "/v2/health/live", None, ("/v2/health/live", 200, None, 0)),
        ("GET", "/nothing", None, ("/nothing", 404, "unknown_name", 0)),
        ("PUT", "/v1/models", None, ("/v1/models", 405, "wrong_method", 0)),
    ],
)
def test_every_request_has_a_record(
    recorded: Recorded, method: str, path: str, body: Any, expected: tuple[str, int, str | None, int]
) -> None:
    """Answered or refused, by a model or by none; the answer names the id and the time that it took."""
    request_id = f"{method}{path}".replace("/", "-").replace(":", ".")
    answer = recorded.client.request(method, path, json=body, headers={"x-request-id": request_id})
    record = recorded.of(request_id)

    assert (record["route"], record["status"], record["reason"], record["rows"]) == expected
    assert answer.headers["x-request-id"] == request_id
    assert TIMING.fullmatch(answer.headers["server-timing"])


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/nothing"])
def test_the_admin_side_names_ids_and_times_too(recorded: Recorded, path: str) -> None:
    """An id that is not sane is replaced, there as anywhere."""
    answer = httpx.get(f"{recorded.client.headers['x-admin']}{path}", headers={"x-request-id": "no way!"})

    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert TIMING.fullmatch(answer.headers["server-timing"])


def test_phases_are_counted(recorded: Recorded) -> None:
    """Decode, call, encode and total of each route; paths without a model are one route."""
    recorded.client.post("/v1/models/mixed:predict", json={"instances": [MIXED]})
    recorded.client.get("/v1/models")
    text = httpx.get(f"{recorded.client.headers['x-admin']}/metrics").text
    phases = set(re.findall(r'bentogate_request_seconds_count{phase="(\S+)",route="mixed"}', text))

    assert phases == {"decode", "queue", "call", "encode", "total"}
    assert 'bentogate_requests_total{code="200",route="other"}' in text


@pytest.mark.parametrize("wanted", [True, False])
def test_the_last_record_is_written_before_the_end(tmp_path: Path, ports: dict[str, int], wanted: bool) -> None:
    """The gateway is told to end as soon as the answer is there; switched off, nothing is written."""
    with running_gateway(tmp_path, settings_of(ports), GATEWAY_ACCESS_LOG=str(wanted).lower()) as client:
        client.post("/v1/predict", json=BOTH, headers={"x-request-id": "last"})

    assert len(records(tmp_path / "gateway.log", "last")) == wanted


def line(number: int) -> bytes:
    """Write a record."""
    return ENCODER.encode(AccessRecord(datetime.now(UTC), str(number), "plain", "", 200, None, 1, {}, {}, {}))


def test_a_full_ring_loses_the_oldest_and_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody waits for a reader; what is lost is counted and told."""
    lost: list[int] = []
    with tempfile.TemporaryFile() as file:
        log = AccessLog(file.fileno(), lost.append)
        for number in range(RING + 3):
            log.add(line(number))
        with log:
            pass
        file.seek(0)
        ids = [json.loads(line)["id"] for line in file]

    assert ids == [str(number) for number in range(3, RING + 3)]
    assert sum(lost) == 3
    assert "lost=3" in capsys.readouterr().out


def test_records_that_nobody_takes_are_lost_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe without a reader ends neither the writer nor the gateway."""
    lost: list[int] = []
    read_end, write_end = os.pipe()
    os.close(read_end)
    with AccessLog(write_end, lost.append) as log:
        log.add(line(1))
        wait_until(lambda: lost)
        log.add(line(2))
    os.close(write_end)

    assert sum(lost) == 2
    assert "cannot be written" in capsys.readouterr().out


def test_what_is_left_of_a_record_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe that does not wait may take half of one: the next is whole, and each that is not is counted."""
    lost: list[int] = []
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    log = AccessLog(write_end, lost.append)
    for number in range(1000):
        log.add(line(number))
    log.work()
    written = os.read(read_end, 2**20)
    log.add(line(1000))
    log.work()
    os.close(write_end)
    with os.fdopen(read_end, "rb") as rest:
        written += rest.read()
    *lines, last = [one for one in written.splitlines() if one.endswith(b"}")]

    assert json.loads(last)["id"] == "1000"
    assert [json.loads(one)["id"] for one in lines] == [str(number) for number in range(len(lines))]
    assert len(lines) + 1 + sum(lost) == 1001
    assert "cannot be written" in capsys.readouterr().out


def test_a_line_of_the_log_is_one_write() -> None:
    """So no access record comes between it and its end, where one file takes both; unbuffered, as in the image."""
    code = "import structlog, gateway.server as server; server.configure_log(); structlog.get_logger().info('one')"
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=theirs.fileno(), check=True)
        written = ours.recv(65536)

    assert json.loads(written)["event"] == "one"
    assert written.endswith(b"}\n")
