"""A canary: two replicas in front of real models, and a candidate that is brought in or thrown out."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from benchmarks.ports import free_ports
from gateway.canary.judge import Judge, Limits
from gateway.canary.replicas import Heard, Replicas, Report
from gateway.canary.rollout import Pace, Rollout, Unjudged
from gateway.canary.tally import Incomparable, Tally
from gateway.canary.weights import File, PlaceError, weights_in, with_weights
from gateway.sides import SideCounts
from gateway.sides.moments import Measure
from tests.conftest import ROOT
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick
from tests.serving import answers, wait_until

TEXT = """# What is served
routes:
  other: {split: {weights: {a: 1, b: 1}}}
  rollout: # moved by python -m gateway canary
    split:
      weights: {"stable": 100, candidate: 0.0}  # in percent
      by: request
"""


def test_only_the_weights_change_in_the_text() -> None:
    """Comments, quotes and order stay as they are; a text that shares its weights by an alias is refused."""
    changed = with_weights(TEXT, "rollout", {"stable": 95, "candidate": 5})

    assert changed == TEXT.replace('{"stable": 100, candidate: 0.0}', '{"stable": 95, candidate: 5}')
    assert weights_in(changed, "rollout") == {"stable": 95, "candidate": 5}
    shared = TEXT.replace("weights: {a: 1, b: 1}", "weights: &w {a: 1, b: 1}").replace(
        '{"stable": 100, candidate: 0.0}', "*w"
    )
    with pytest.raises(PlaceError, match="in their place alone"):
        with_weights(shared, "rollout", {"a": 2, "b": 3})
    with pytest.raises(PlaceError, match="there is no split 'none' in the settings, only other, rollout"):
        weights_in(TEXT, "none")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.replace("other: {", "other: &o {").replace("rollout:", "rollout:\n    <<: *o\n  more:"), "place alone"),
        (TEXT.replace('{"stable": 100, candidate: 0.0}', "{<<: {a: 1, b: 2}}"), "place alone"),
        (TEXT.replace("candidate: 0.0", "candidate: &c 0") + "more: *c\n", "place alone"),
        (f"{TEXT}more: 2026-13-45\n", "no YAML: month"),
        (f"{TEXT}more: {'[' * 2000}{']' * 2000}\n", "no YAML: maximum"),
    ],
)
def test_what_cannot_be_changed_is_told(text: str, reason: str) -> None:
    """Weights that a merge key brings, or that an alias stands for elsewhere, and what is no YAML."""
    with pytest.raises(PlaceError, match=reason):
        with_weights(text, "rollout", dict.fromkeys(weights_in(text, "rollout"), 1.0))


@pytest.mark.parametrize("weight", ["-1", "0", ".inf", ".nan", "1e400"])
def test_weights_without_shares_are_told(weight: str) -> None:
    """Or all steps would count as passed; the gateway refuses such weights too."""
    with pytest.raises(PlaceError, match="no shares"):
        weights_in(TEXT.replace("100, candidate: 0.0", f"0, candidate: {weight}"), "rollout")


def test_a_file_keeps_the_ends_of_its_lines(tmp_path: Path) -> None:
    """And what is no ASCII, whatever the locale."""
    path = tmp_path / "gateway.yaml"
    text = f"# Für alle\n{TEXT}".replace("\n", "\r\n")
    path.write_bytes(text.encode())
    place = File(path)
    place.write(with_weights(place.read(), "rollout", {"stable": 95, "candidate": 5}))

    assert path.read_bytes().decode() == text.replace("100, candidate: 0.0", "95, candidate: 5")


def test_a_file_that_somebody_else_changed_is_not_overwritten(tmp_path: Path) -> None:
    """Nor is a link to it replaced, and its mode stays."""
    path, link = tmp_path / "real.yaml", tmp_path / "gateway.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    link.symlink_to(path)
    place = File(link)
    place.read()
    place.write("routes: {}\n")
    assert path.read_text() == "routes: {}\n"
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.write_text(TEXT)

    with pytest.raises(PlaceError, match="meanwhile"):
        place.write("routes: {}\n")
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["gateway.yaml", "real.yaml"]


def counts(requests: int, failed: int = 0) -> SideCounts:
    """Give what a side counted."""
    latency = Measure([1.0])
    latency.count([0.5] * requests, [1] * requests)
    return SideCounts(requests, failed, requests - failed, {"internal": failed}, latency.moments, {})


def test_what_replicas_counted_is_summed_up() -> None:
    """From each one's first report on; what one counted before it started again stays, and nothing counts twice."""
    tally = Tally()
    tally.add([Report("one", {}, {"new": {"1": counts(10)}}), Report("two", {}, {})])
    tally.begin()
    tally.add([Report("one", {}, {"new": {"1": counts(13, 2)}}), Report("two", {}, {"new": {"1": counts(4)}})])
    tally.add([Report("again", {}, {"new": {"1": counts(2)}})])
    tally.add([Report("again", {}, {"new": {"1": counts(5)}})])
    found = tally.of("new")

    assert found is not None
    assert (found.requests, found.failed, found.latency.requests) == (3 + 4 + 3, 2, 10)
    with pytest.raises(Incomparable, match="version 2"):
        tally.add([Report("two", {}, {"new": {"1": counts(4), "2": counts(1)}})])


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
    return Rollout("rollout", File(path), replicas, Judge(Limits()), Pace((5, 100), 10, 5, 0.001), say=said.append)


def test_another_version_is_rolled_back(tmp_path: Path) -> None:
    """What the candidate was compared with is not what it is now."""
    path, said = tmp_path / "gateway.yaml", list[str]()
    first = {"1": counts(2)}
    replicas = Told(path, [{}, {"candidate": first}, {"candidate": {**first, "2": counts(1)}}])

    assert rollout(path, replicas, said).run() == 1
    assert "versions: candidate answers as version 2 now, after 1" in said[-1]
    assert weights_in(path.read_text(), "rollout") == {"stable": 100, "candidate": 0}


def test_a_name_that_stands_for_nobody_is_told() -> None:
    """Or a step would pass while it does, by what was counted before."""
    heard = Replicas(["http://127.0.0.1:9"], "nobody.invalid:8081").ask("rollout")

    assert heard.reports == []
    assert list(heard.silent) == ["nobody.invalid:8081"]


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
    one.set(5)
    one.place = Held(path)
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
    assert "no answer from http://two" in said[-1]


def test_weights_are_written_as_yaml_reads_them(tmp_path: Path) -> None:
    """Without an exponent, and with six decimal places at most."""
    path = tmp_path / "gateway.yaml"
    its = rollout(path, Replicas([], None), [])
    for percent in (100 / 3, 0.00001, 100, 0.1):
        its.set(percent)
        assert its.percent == pytest.approx(percent, abs=1e-6)
        assert its.has_taken(its.percent / 100, percent)


class Cluster:
    """Two gateways of one file, and callers who ask them."""

    def __init__(self, path: Path, clients: list[httpx.Client], admin: list[str]) -> None:
        self.path = path
        self.clients = clients
        self.admin = admin

    def command(self, *more: str) -> list[str]:
        """Give the command of a canary."""
        admin = [word for url in self.admin for word in ("--admin", url)]
        pace = ["--steps", "30,60,100", "--every", "0.2", "--min-rows", "150", "--step-timeout", "60"]
        loose = ["--max-latency", "20"]  # both sides share two cores with whatever else is tested
        command = [sys.executable, "-m", "gateway", "canary", "rollout", "--config", str(self.path)]
        return [*command, *admin, *pace, *loose, *more]

    @property
    def weights(self) -> dict[str, float]:
        """Give the weights in the file."""
        return weights_in(self.path.read_text(), "rollout")

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Have both asked as long as this lasts."""
        over = threading.Event()
        random = np.random.default_rng(1)

        def ask(client: httpx.Client, widths: list[float]) -> None:
            for width in widths:
                if over.is_set():
                    return
                client.post("/v1/predict", json={"instances": [{**PLAIN, "width": width}]})

        threads = [
            threading.Thread(target=ask, args=(client, random.uniform(0, 10, 100_000).tolist()))
            for client in self.clients
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()


@pytest.fixture
def replicas(tmp_path: Path, backends: dict[str, Any]) -> Iterator[Cluster]:
    """Run both; the candidate fails where it is told to."""
    path = tmp_path / "gateway.yaml"
    settings = {
        "backends": {"plain": backends["plain"], "sick": backends["sick"]},
        "routes": {"rollout": {"split": {"weights": {"plain": 100, "sick": 0}}}},
        "default": "rollout",
    }
    path.write_text(f"# Kept\n{yaml.safe_dump(settings)}")
    with ExitStack() as stack:
        clients, admin = [], []
        for _ in range(2):
            port, admin_port = free_ports(2)
            environment = {**os.environ, "GATEWAY_PORT": str(port), "GATEWAY_ADMIN_PORT": str(admin_port)}
            log = stack.enter_context((tmp_path / f"{port}.log").open("w"))
            command = [sys.executable, "-m", "gateway", "--config", str(path)]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            wait_until(partial(answers, f"http://127.0.0.1:{port}/readyz"))
            clients.append(stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=40)))
            admin.append(f"http://127.0.0.1:{admin_port}")
        yield Cluster(path, clients, admin)


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a canary to its end."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_good_candidate_is_brought_in_though_it_is_stopped_on_the_way(replicas: Cluster) -> None:
    """It begins where the weights are; the file keeps its comments."""
    dry = run(replicas.command("--dry-run"))
    assert (dry.returncode, dry.stderr) == (0, "")
    assert "would set plain 70 %, sick 30 %, until" in dry.stdout
    assert replicas.weights == {"plain": 100, "sick": 0}
    with replicas.asked():
        process = subprocess.Popen(
            replicas.command("--min-rows", "1000000"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        wait_until(lambda: "evidence" in (process.stdout.readline() if process.stdout else ""))
        process.send_signal(signal.SIGTERM)  # as a pod is; Ctrl-C does the same
        _, told = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "goes on from there" in told
        assert replicas.weights == {"plain": 70, "sick": 30}
        done = run(replicas.command())

    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 %: taken over by 2 replicas" in done.stdout
    assert replicas.weights == {"plain": 0, "sick": 100}
    assert replicas.path.read_text().startswith("# Kept\n")
    assert run(replicas.command("--roll-back")).returncode == 1
    assert replicas.weights == {"plain": 100, "sick": 0}


def test_a_candidate_that_fails_is_rolled_back(replicas: Cluster, sick: Sick) -> None:
    """At once, and the line says by what evidence."""
    sick.every = 3
    with replicas.asked():
        done = run(replicas.command("--min-rows", "1000000"))

    assert done.returncode == 1, done.stdout + done.stderr
    assert "rolled back: sick has 0 % of rollout. failures: " in done.stdout
    assert replicas.weights == {"plain": 100, "sick": 0}


def test_what_it_cannot_begin_with_changes_no_weights(tmp_path: Path) -> None:
    """Nobody to ask, nobody who reports, no such split and no file: each says what is missing."""
    path = tmp_path / "gateway.yaml"
    path.write_text(TEXT)
    (port,) = free_ports(1)
    begun = [sys.executable, "-m", "gateway", "canary"]
    somewhere = ["--admin", f"http://127.0.0.1:{port}"]

    for arguments, what in (
        (["rollout", "--config", str(path)], "name the admin side of each replica"),
        (["rollout", "--config", str(path), *somewhere], f"no replica reports (no answer from http://127.0.0.1:{port}"),
        (
            ["none", "--config", str(path), *somewhere],
            "error: there is no split 'none' in the settings, only other, rollout",
        ),
        (["rollout", "--config", f"{path}.not", *somewhere], f"error: {path}.not cannot be read: No such file"),
        (["rollout", "--config", str(path), "--configmap", "one", *somewhere], "not allowed with argument --config"),
    ):
        done = run([*begun, *arguments])
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert what in done.stderr
    assert path.read_text() == TEXT


def test_without_callers_there_is_no_verdict(replicas: Cluster) -> None:
    """The weights stay, and it is told how to go on."""
    done = run(replicas.command("--step-timeout", "3"))

    assert done.returncode == 2
    assert "has answered 0 rows" in done.stderr
    assert replicas.weights == {"plain": 70, "sick": 30}
    assert run(replicas.command("--candidate", "none")).returncode == 2
