"""What is measured of the path: the arithmetic, the load, the stand-ins, and that all of it runs."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from benchmarks.closed_loop import connected
from benchmarks.forms import tensors
from benchmarks.peers.echo import app as echo
from benchmarks.way.processor import sampled, scatter, used_s
from benchmarks.way.stages import METRICS, REST, STAGES, SUM, stages
from benchmarks.way.standins import Remembered
from benchmarks.way.tables import of_processes, of_stages
from benchmarks.way.whole import Found
from oip.asgi import Receive, Scope, Send
from tests.conftest import run
from tests.serving import served

WORKS = {
    "shell": 12.0,
    "close": 5.0,
    "count": 2.5,
    "receive": 4.0,
    "decode": 6.0,
    "join": 16.0,
    "write": 1.0,
    "carry": 20.0,
    "judge": 2.0,
    "encode": 14.0,
    "share": 0.5,
    "app": 60.0,
}


def test_a_stage_is_a_work_less_those_that_are_in_it() -> None:
    """And all stages with the rest are the app and its calls."""
    found = stages(WORKS)

    assert found["open an account, send the answer"] == 7
    assert found["encode the answer"] == 7.5
    assert found[SUM] == 60 + 1 + 20 + 2
    assert sum(found[title] for title in (*STAGES, REST)) == found[SUM]
    assert found[METRICS] == 2.5


def test_stages_are_those_of_one_request() -> None:
    """Of each work the least sample counts, and is shared by all callers; how far samples scatter is told."""
    works = {name: [us * 8, us * 4, us * 8] for name, us in WORKS.items()}
    lines = of_stages({"alone": (4, works), "again": (2, works)}).splitlines()

    assert "| decode and check | 6.0 | 12.0 |" in lines
    assert lines[-2] == "(the middle sample lies 100% above the least, or 100% at most)"


def test_the_gateway_is_compared_to_the_echo_round_by_round() -> None:
    """A round in which all was slow says nothing of the gateway."""
    found = Found(gateway=[90, 400, 120], echo=[30, 100, 30], rows=[31, 33, 32])

    assert found.ratios == [3, 4, 4]
    assert "| /v1 | 120 | 30 | 4.00 | 3.00 | 4.00 | 32 |" in of_processes({"/v1": found}).splitlines()


def test_the_clock_of_a_process_is_its_processor_time() -> None:
    """By its number, to the microsecond, as the process knows it itself."""
    before = time.process_time()
    used = used_s(os.getpid())

    assert before <= used <= time.process_time()


@pytest.mark.anyio
async def test_works_are_sampled_in_turn() -> None:
    """One run is told, however many a sample took."""

    async def spin(times: int) -> None:
        for _ in range(times):
            pass

    taken = await sampled({"short": lambda: spin(1_000), "long": lambda: spin(100_000)}, 3)

    assert [len(samples) for samples in taken.values()] == [3, 3]
    assert min(taken["long"]) > 10 * min(taken["short"])
    assert scatter([4, 2, 3]) == 0.5


@pytest.mark.anyio
async def test_a_model_is_asked_once_for_each_body() -> None:
    """Its stand-in remembers the answer, path by path."""
    asked = []

    async def model(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await echo(scope, receive, send)

    with served(Remembered(model)) as port:
        for name in ("one", "one", "other"):
            form = tensors(name, {"width": 1.0}, ["width"], binary=True)
            async with connected(form.to(f"http://127.0.0.1:{port}"), 2) as loop:
                assert (await loop.load(0.05)).statuses[200] >= 2

    assert sorted(set(asked)) == ["/v2/models/one/infer", "/v2/models/other/infer"]
    assert len(asked) <= 4  # two at once may find nothing remembered


def test_the_command_prints_both_tables(shipped: Path) -> None:
    """Every stage of every form, and what the gateway takes beside the echo."""
    quick = "--samples", "1", "--rounds", "1", "--seconds", "0.1"
    printed = run(sys.executable, "-m", "benchmarks.path", *quick, BENTOML_HOME=str(shipped)).stdout

    for title in (*STAGES, REST, SUM, METRICS):
        assert re.search(rf"^\| {re.escape(title)}( \| -?\d+\.\d){{6}} \|$", printed, re.MULTILINE), title
    for title in ("/v1 JSON", "/v2 JSON", "/v2 binary"):
        assert re.search(rf"^\| {title} \| \d+ \| \d+ \| .* \|$", printed, re.MULTILINE), title


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    """Without a trained model nothing is measured."""
    done = run(sys.executable, "-m", "benchmarks.path", check=False, BENTOML_HOME=str(tmp_path))

    assert done.returncode == 1
    assert re.match(r"error: \w+ is not found in .*: make train$", done.stderr)
