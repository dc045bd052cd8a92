"""`make bench` from end to end, of the one peer that needs nothing, by callers in this process."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.closed_loop import closed_loop
from benchmarks.exchange import post
from benchmarks.found import Found
from benchmarks.measure import Options, measure
from benchmarks.peers import PEERS
from benchmarks.peers.peer import BOTH, ECHOED, TENSORS, Form
from benchmarks.plot import plot
from benchmarks.results import results
from benchmarks.stored import Question
from benchmarks.workload import agrees
from benchmarks.wrk import Sample
from tests.conftest import ROOT, run

ECHO = next(peer for peer in PEERS if peer.name == "echo")


async def load(url: str, body: Path, connections: int, seconds: float) -> Sample:
    """Load without wrk."""
    found = await closed_loop(post(url, await asyncio.to_thread(body.read_bytes)), connections, min(seconds, 0.2))
    return Sample(found.answered, found.seconds, found.ms(0.5), found.ms(0.99), found.errors)


@pytest.fixture(scope="module")
def found() -> tuple[Options, Found]:
    """Measure the echo, in two rounds."""
    options = Options([ECHO], [1, 4], 2, 0.2, load)
    return options, asyncio.run(measure(options))


def test_a_peer_is_measured_in_every_round(found: tuple[Options, Found]) -> None:
    """With loads, burst, memory, processor time and start."""
    echo = found[1].peers["echo"]

    assert echo.failed == ""
    assert {count: len(samples) for count, samples in echo.loads.items()} == {1: 2, 4: 2}
    assert all(one.rate > 0 and one.errors == 0 for some in echo.loads.values() for one in some)
    assert sum(one.core_s for some in echo.loads.values() for one in some) > 0  # the system counts in hundredths
    assert len(echo.ready_s) == 2
    assert 1 <= len(echo.burst_p99_ms) <= 6  # one that failed, as where others want the processor too, has none
    assert min(echo.ready_pss) > 5 * 2**20
    assert all(most >= ready for most, ready in zip(echo.highest_pss, echo.ready_pss, strict=True))


def test_the_document_has_all_that_was_measured(found: tuple[Options, Found]) -> None:
    """Nothing stays to be filled in, and no path of this machine is in it."""
    text = results(*found)
    rates = next(line for line in text.splitlines() if line.startswith(f"| {ECHO.title} |"))

    assert rates.count("|") == 4
    assert "| echo" not in text
    assert "## Many rows" not in text
    assert text.count("not measured") > 10
    assert "$" not in text
    assert str(ROOT) not in text
    assert f"- {ECHO.title}: " in text


def test_what_is_measured_of_ours_alone_has_a_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or says why it could not be measured, and needs no tool."""
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    options = Options([], [1], 1, 0.1, load, ["rows", "concurrency"])
    found = asyncio.run(measure(options))
    text = results(options, found)
    found.in_flight = {1: [100, 100], 2: [190, 210]}

    assert re.search(r"^`rows`: \*\*It failed\*\*: \w+ is not found in .*: make train", text, re.MULTILINE)
    assert "`concurrency`: **It failed**" in text
    assert "## Cost" not in text
    assert "two in flight answer 2.00 times what one does (1.90 to 2.10)" in results(options, found)


def test_the_folder_that_it_writes_into_is_made(tmp_path: Path) -> None:
    """Or half an hour of measuring would be lost at its end."""
    out = tmp_path / "some" / "where"
    done = run(
        sys.executable, "-m", "benchmarks", "--only", "rows", "--out", str(out), check=False, BENTOML_HOME=str(tmp_path)
    )

    assert done.returncode == 1, done.stderr  # there is no model
    assert "`rows`: **It failed**" in (out / "RESULTS.md").read_text()


def test_the_plot_has_a_line_for_each_and_repeats(found: tuple[Options, Found]) -> None:
    """As text that can be read and searched."""
    svg = plot(found[0].peers, found[1].peers)

    assert ECHO.title in svg
    assert svg == plot(found[0].peers, found[1].peers)


def test_a_peer_that_cannot_start_fails_alone() -> None:
    """Its log says why, and the others are measured."""
    broken = type(ECHO)("broken", "broken", "", ECHOED, "/", "$python -c 'raise SystemExit(3)'", own=True)
    options = Options([broken, ECHO], [1], 1, 0.1, load)
    found = asyncio.run(measure(options))

    assert found.peers["broken"].failed.startswith("broken ended with code 3")
    assert found.peers["echo"].loads[1][0].rate > 0
    assert "**It failed**: broken ended with code 3" in results(options, found)


@pytest.mark.parametrize("form", [BOTH, TENSORS, Form("instances", "diagnosis")])
def test_only_right_answers_are_right(form: Form) -> None:
    """Not a label of another class, not a number that is off by more than 1e-6, not a document without it."""
    said = {"diagnosis": {"label": "yes", "probability": 0.25}}

    def right(label: str, probability: float) -> bool:
        columns = f'{{"name":"label","data":["{label}"]}},{{"name":"probability","data":[{probability}]}}'
        row = f'{{"label":"{label}","probability":{probability}}}'
        row = row if form.model else f'{{"diagnosis":{row}}}'
        answer = f'{{"outputs":[{columns}],"predictions":[{row}]}}'
        return agrees(form, answer.encode(), Question(b"", said))

    assert right("yes", 0.2500009)
    assert not right("yes", 0.250002)
    assert not right("no", 0.25)
    assert not agrees(form, b'{"predictions":[{}],"outputs":[]}', Question(b"", said))
    assert not agrees(form, b"no json", Question(b"", said))
    assert not agrees(form, b'{"predictions":[null],"outputs":null}', Question(b"", said))


def test_the_command_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """A peer that there is not, and a number that is none."""
    for wrong in (["--only", "ours,nobody"], ["--rounds", "0"], ["--connections", "1,many"]):
        with pytest.raises(SystemExit) as exit_code:
            main(wrong)
        assert exit_code.value.code == 2
    assert "there is no nobody, only ours, naive, " in capsys.readouterr().err


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that installs it."""
    monkeypatch.setenv("PATH", "/nowhere")

    assert main(["--only", "nginx"]) == 2
    assert "error: nginx and wrk not found: apt-get install nginx wrk" in capsys.readouterr().err
