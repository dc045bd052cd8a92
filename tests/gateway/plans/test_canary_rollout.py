"""One rollout, by reports that were written before: what ends it, what rolls it back, and what it waits for."""

import fcntl
import os
import signal
import struct
import sys
import termios
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.canary.command import LINE_UP, Lines, canary
from gateway.canary.judge import Judge, Limits
from gateway.canary.replicas import Heard, Replicas, Report
from gateway.canary.rollout import Rollout
from gateway.canary.split import Split, Unjudged
from gateway.canary.tally import Incomparable, Tally
from gateway.canary.trial import Pace, Trial
from gateway.canary.weights import File, PlaceError, weights_in
from gateway.sides import SideCounts
from gateway.sides.moments import Measure

TEXT = "routes: {rollout: {split: {weights: {stable: 100, candidate: 0}}}}\n"


def counts(requests: int, failed: int = 0) -> SideCounts:
    """Give what a side counted."""
    latency = Measure([1.0])
    latency.count([0.5] * requests, [1] * requests)
    return SideCounts(requests, failed, requests - failed, {"internal": failed}, latency.moments, {})


def test_what_replicas_counted_is_summed_up() -> None:
    """From each one's first report on; what one counted before it started again stays, and nothing counts twice."""
    tally = Tally()
    tally.add([Report("one", {}, {"new": {"1": counts(10)}}), Report("two", {}, {})])
    tally.add([Report("one", {}, {"new": {"1": counts(13, 2)}}), Report("two", {}, {"new": {"1": counts(4)}})])
    tally.add([Report("again", {}, {"new": {"1": counts(2)}})])
    tally.add([Report("again", {}, {"new": {"1": counts(5)}})])
    found = tally.of("new")

    assert found is not None
    assert (found.requests, found.failed, found.latency.requests) == (3 + 4 + 3, 2, 10)
    with pytest.raises(Incomparable, match="version 2"):
        tally.add([Report("two", {}, {"new": {"1": counts(4), "2": counts(1)}})])


@pytest.mark.parametrize(
    ("versions", "other"),
    [
        (["one=1,two=", "one=1,two=1", "one=1,two="], "one=1,two=2"),
        (["one=,two=1", "one=1,two="], "one=2,two=1"),
        (["one=1,two="], "one=1"),
        (["", "one=1", ""], "one=2"),
        (["1", "", "1"], "2"),
        (["1,2"], "3,2"),
        (["1"], "one=1"),
        (["one=1"], "1"),
    ],
)
def test_a_side_of_which_more_is_known_is_no_other_version(versions: list[str], other: str) -> None:
    """Models may tell their contracts late, to each replica at another time; one that changes or is new is another."""
    tally, sides = Tally(), dict[str, SideCounts]()
    tally.add([Report("one", {}, {})])
    for asked, version in enumerate(versions, 1):
        sides[version] = counts(asked)
        tally.add([Report("one", {}, {"new": dict(sides)})])
    found = tally.of("new")

    assert found is not None
    assert found.requests == sum(its.requests for its in sides.values())
    with pytest.raises(Incomparable, match=f"new answers as version {other} now, after "):
        tally.add([Report("one", {}, {"new": {other: counts(1)}})])


class Told(Replicas):
    """Tell reports that were written before, one after the other, for the weights that the file has."""

    def __init__(self, path: Path, sides: list[dict[str, dict[str, SideCounts]]], weights: Any = None) -> None:
        super().__init__([], None)
        self.path = path
        self.sides = iter(sides)
        self.weights = weights

    def ask(self, route: str) -> Heard:
        """Give the next report."""
        sides = next(self.sides)
        changed = self.weights if sides else None
        return Heard([Report("one", changed or weights_in(self.path.read_text(), route), sides)], {})


def rollout(path: Path, replicas: Replicas, said: list[str]) -> Rollout:
    """Make a rollout of one step that looks without a pause."""
    path.write_text(TEXT)
    split = Split("rollout", File(path))
    return Rollout(split, Trial(split, replicas, Judge(Limits()), Pace((5, 100), 10, 5, 0.001), said.append))


def test_another_version_is_rolled_back(tmp_path: Path) -> None:
    """What the candidate was compared with is not what it is now."""
    path, said = tmp_path / "gateway.yaml", list[str]()
    first = {"1": counts(2)}
    replicas = Told(path, [{}, {"candidate": first}, {"candidate": {**first, "2": counts(1)}}])

    its = rollout(path, replicas, said)
    its.roll_back(its.run())

    assert "versions: candidate answers as version 2 now, after 1" in said[-1]
    assert weights_in(path.read_text(), "rollout") == {"stable": 100, "candidate": 0}


class Held(File):
    """Take no change but after so many tries."""

    tries = 3

    def write(self, text: str) -> None:
        """Write it, or say that this is not possible now."""
        self.tries -= 1
        if self.tries:
            raise PlaceError("not now")
        super().write(text)


def test_it_is_rolled_back_though_the_place_is_not_there_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For some minutes it is tried again, and said why."""
    monkeypatch.setattr("gateway.canary.rollout.PAUSES", (0, 0, 0))
    path, said = tmp_path / "gateway.yaml", list[str]()
    one = rollout(path, Replicas([], None), said)
    one.split.set(5)
    one.split.place = Held(path)
    one.roll_back(())

    assert said[:2] == ["not rolled back yet: not now"] * 2
    assert weights_in(path.read_text(), "rollout") == {"stable": 100, "candidate": 0}


def test_who_changes_the_weights_ends_it(tmp_path: Path) -> None:
    """Nobody's weights are written over."""
    path = tmp_path / "gateway.yaml"
    replicas = Told(path, [{}, {"candidate": {"1": counts(1)}}], weights={"stable": 1, "candidate": 1})

    with pytest.raises(Unjudged, match="somebody else has changed the weights"):
        rollout(path, replicas, []).run()


class Late(Told):
    """Tell of the weights of the step, though the file has others by the end of it: replicas take a while."""

    def ask(self, route: str) -> Heard:
        """Give the next report."""
        heard = super().ask(route)
        if heard.reports[0].sides:
            self.path.write_text(TEXT)
        return heard


def test_what_no_replica_has_yet_is_not_written_over_either(tmp_path: Path) -> None:
    """Who has set the candidate back by hand finds it so, though the step was passed meanwhile."""
    path = tmp_path / "gateway.yaml"
    enough = {name: {"1": counts(1000)} for name in ("stable", "candidate")}
    replicas = Late(path, [{}, enough], weights={"stable": 95, "candidate": 5})

    with pytest.raises(Unjudged, match="somebody else has changed the weights"):
        rollout(path, replicas, []).run()
    assert path.read_text() == TEXT


class Mute(Told):
    """Say of one more replica, after the first report, that it does not answer."""

    def ask(self, route: str) -> Heard:
        """Give the next report."""
        heard = super().ask(route)
        return heard._replace(silent={"http://two": "refused"}) if heard.reports[0].sides else heard


def test_no_step_is_passed_while_a_replica_does_not_answer(tmp_path: Path) -> None:
    """What the candidate did there nobody knows: it may be why."""
    path, said = tmp_path / "gateway.yaml", list[str]()
    many = [{name: {"1": counts(number)} for name in ("stable", "candidate")} for number in range(1000, 1030)]
    one = rollout(path, Mute(path, [{}, *many]), said)

    with pytest.raises(StopIteration):
        one.run()
    assert weights_in(path.read_text(), "rollout") == {"stable": 95, "candidate": 5}
    assert any("no answer from http://two" in line for line in said)


@pytest.mark.parametrize("few", ["candidate", "stable"])
def test_few_requests_of_many_rows_are_not_enough(tmp_path: Path, few: str) -> None:
    """Of fewer than a hundred on either side nothing is compared."""
    its = rollout(tmp_path / "gateway.yaml", Replicas([], None), []).trial
    enough = {"candidate": counts(1000), "stable": counts(1000)}
    for requests, lacking in ((99, f"{few} has been asked 99 times"), (100, "")):
        its.tally.sums = {**enough, few: replace(counts(requests), rows=9000)}
        assert its.lacking(5) == lacking


class Partly(Told):
    """Have a second replica that keeps old weights."""

    def ask(self, route: str) -> Heard:
        """Give the next report of the first, and the same of the second."""
        heard = super().ask(route)
        return heard._replace(reports=[*heard.reports, Report("two", {"stable": 100, "candidate": 0})])


def test_those_that_have_the_weights_are_judged_though_others_never_take_them_over(tmp_path: Path) -> None:
    """Or a candidate that fails there would go on until the step ends without a verdict."""
    path, said = tmp_path / "gateway.yaml", list[str]()
    failing = {"candidate": {"1": counts(100, 100)}, "stable": {"1": counts(2000)}}
    guilty = rollout(path, Partly(path, [{}, failing]), said).run()

    assert [finding.what for finding in guilty] == ["failures"]
    assert not any("taken over by 2 replicas" in line for line in said)


def test_who_does_not_take_weights_over_is_told_by_the_end_of_the_step(tmp_path: Path) -> None:
    """With those that it has: somebody may have written them."""
    path = tmp_path / "gateway.yaml"
    one = rollout(path, Partly(path, [{}] * 1000), [])
    one.trial.pace = Pace((5, 100), 10, 0.01, 0.001)

    with pytest.raises(Unjudged, match=r"taken over by 1 of 2 replicas, one has \{'stable': 100"):
        one.run()


@pytest.mark.parametrize(
    ("now", "ahead"), [(0, [5, 25, 100]), (5, [5, 25, 100]), (10, [10, 25, 100]), (50, [50, 100]), (100, [100])]
)
def test_what_the_candidate_has_is_judged_before_it_gets_more(tmp_path: Path, now: float, ahead: list[float]) -> None:
    """Also between two steps: after 50 % the next one is 100 %, where nobody compares any more."""
    path = tmp_path / "gateway.yaml"
    its = rollout(path, Replicas([], None), [])
    its.trial.pace = Pace((5, 25, 100), 10, 5, 0.001)
    its.split.set(now)

    assert its.ahead == ahead


def test_weights_are_written_as_yaml_reads_them(tmp_path: Path) -> None:
    """Without an exponent, and with six decimal places at most."""
    path = tmp_path / "gateway.yaml"
    its = rollout(path, Replicas([], None), [])
    for percent in (100 / 3, 0.00001, 100, 0.1):
        its.split.set(percent)
        assert its.split.percent == pytest.approx(percent, abs=1e-6)
        heard = Heard([Report("one", weights_in(path.read_text(), "rollout"))], {})
        assert its.trial.those_that_have_taken(heard, percent) == heard.reports


def test_what_nobody_foresaw_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor the exit code by which Python ends for it, which would say that the candidate was rolled back."""
    ending = signal.getsignal(signal.SIGTERM)
    try:
        code = canary(Namespace())
    finally:
        signal.signal(signal.SIGTERM, ending)

    assert code == 2
    told = capsys.readouterr().err
    assert "AttributeError" in told
    assert "no verdict: a fault of the command's own\nThe weights are as they are" in told


def test_nothing_is_told_twice_in_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """A route that nobody asks for would fill a log."""
    lines = Lines()
    for line in ("none yet", "none yet", "1 row", "none yet"):
        lines.say(line)

    assert capsys.readouterr().out == "none yet\n1 row\nnone yet\n"


@pytest.mark.parametrize(("columns", "rows"), [(80, 2), (200, 1), (0, 1)])
def test_on_a_terminal_the_progress_of_a_step_stays_in_its_place(
    monkeypatch: pytest.MonkeyPatch, columns: int, rows: int
) -> None:
    """Of a narrow one all rows of it are written anew; what is no progress stays."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    shown = [f"1 %: {count} rows of 2500 beside 0; evidence: failures 0%{' ' * 60}latency 0%" for count in (1, 2)]
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as reader:
        monkeypatch.setattr(sys, "stdout", terminal)
        lines = Lines()
        for line in ("taken over", *shown, "done"):
            lines.say(line)
        monkeypatch.undo()
        told = b""
        while not told.endswith(b"done\r\n"):  # the kernel hands it on in pieces
            told += reader.read(1000)

    assert told.decode().split("\r\n") == ["taken over", shown[0], f"{LINE_UP * rows}{shown[1]}", "done", ""]
