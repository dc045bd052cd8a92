"""A model below plans is replaced under load: by one of the same contract, with a feature more, another name, label."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from models import catalog
from tests.conftest import TINY, store_tiny
from tests.gateway.over_time.test_rollout import DOCUMENTED, RECORDS
from tests.gateway.service import service
from tests.models.fitted import ask
from tests.serving import model_app, running_gateway, served, wait_until
from training.run import train

CALLERS, PAUSE_S, MORE = 16, 0.05, 3
DEPTH, PRICE = {"depth": 2.0}, {"price": 4.0}
FEATURE = '        Feature(name="count"'
VERSIONS: dict[str, list[tuple[str, str]]] = {
    "again": [("default_rng(7)", "default_rng(8)")],
    "deeper": [
        (FEATURE, '        Feature(name="depth", type="number", description="How deep", example=1.0),\n' + FEATURE),
        ('{"width": width,', '{"width": width, "depth": height,'),
    ],
    "renamed": [('name="probability"', 'name="share"')],
    "relabelled": [('"high"', '"zhigh"')],
}
"""What is changed in the plain model's file; the last one's classes are in another order."""

ROUTES: dict[str, Any] = {
    "sides": {"split": {"weights": {"plain": 1, "candidate": 1}}},
    "gate": {
        "switch": {
            "ask": ["plain"],
            "cases": [{"when": "plain.probability > 0.5", "then": "candidate"}],
            "otherwise": "plain",
        }
    },
    "mean": {"ensemble": ["plain", "candidate"], "aggregate": {"by": "mean", "outputs": ["probability"]}},
    "decided": {"ensemble": ["plain", "candidate"], "aggregate": "mean"},
    "safe": {"fallback": {"to": ["plain", "candidate"]}},
    "both": {"ensemble": ["plain", "candidate"]},
    "above": {"ensemble": ["gate", "candidate"]},
    "chain": {"sequence": ["plain", "judge"]},
}
UNFIT = {
    "again": {"decided": 502},
    "deeper": {"decided": 502},
    "renamed": {"gate": 502, "mean": 502, "decided": 502, "above": 502, "chain": 422},
    "relabelled": {"decided": 502, "chain": 502},
}
"""The routes that a version does not fit: trained anew it has another threshold. What no step gives is the record's."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path) -> dict[str, Path]:
    """Store all versions of the plain model."""
    found = {"first": stored_plain}
    for name, changes in VERSIONS.items():
        models = tmp_path_factory.mktemp(name)
        text = (TINY / "plain.py").read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (models / "plain.py").write_text(text)
        found[name] = train(catalog(models)["plain"], allow_breaking=True).report.parent
    train(catalog(TINY)["plain"], allow_breaking=True)
    return found


class Right:
    """Say what each plan answers to a record, by the version of the plain model that it names."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        from bentos.artifact import load

        deep = [{**record, **DEPTH} for record in RECORDS]
        self.of = {
            folder.name: ask(load(folder), *(deep if name == "deeper" else RECORDS)) for name, folder in folders.items()
        }
        self.first = self.of[folders["first"].name]
        self.judge = load(store_tiny("judge"))

    def rows(self, route: str, which: int, version: str | None) -> list[Any]:
        """Give what may be answered, but for what is null."""
        own, other = self.of[version][which] if version else {}, self.first[which]
        gate = {"gate": "candidate", **other} if own.get("probability", 0) > 0.5 else {"gate": "plain", **own}
        if route == "sides":
            return [{"sides": "plain", **own}] if version else [{"sides": "candidate", **other}]
        if route == "safe":
            return [{"safe": "plain", **own}] if version else [{"safe": "candidate", **other}]
        if route == "gate":
            return [gate]
        if route == "both":
            return [{"plain": own, "candidate": other}]
        if route == "above":
            return [{"gate": gate, "candidate": other}]
        if route == "chain":
            return ask(self.judge, {**own, **PRICE}) if own.get("label") in ("low", "high") else []
        mean = (own["probability"] + other["probability"]) / 2
        if route == "mean":
            return [{"probability": mean}]
        return [{"probability": mean, "label": label} for label in ("low", "high")]


def rounded(row: Any) -> Any:
    """Leave out what is null, and the last digits of numbers."""
    if isinstance(row, dict):
        return {name: rounded(value) for name, value in row.items() if value is not None}
    return round(row, 9) if isinstance(row, float) else row


class Callers:
    """Ask all plans from many callers, each over a connection of its own, and keep what is not right."""

    def __init__(self, url: httpx.URL, right: Right) -> None:
        self.url, self.right = url, right
        self.wrong: list[Any] = []
        self.seen: list[tuple[int, str, int]] = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(CALLERS)]

    def ask(self, number: int) -> None:
        """Ask on and on, with the depth as long as it is wanted."""
        route, deep, which = list(ROUTES)[number % len(ROUTES)], False, number
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while not self.ended.wait(PAUSE_S):
                which = (which + 1) % len(RECORDS)
                record = {**RECORDS[which], **(DEPTH if deep else {}), **(PRICE if route == "chain" else {})}
                answer = client.post(f"/v1/models/{route}:predict", json={"instances": [record]})
                body = answer.json()
                if answer.status_code == 200:
                    self.check(route, which, body)
                elif answer.status_code == 422:
                    deep = not deep
                elif (answer.status_code, body["reason"]) != (502, "plan_mismatch") and not (
                    answer.status_code == 503 and body["reason"] in DOCUMENTED
                ):
                    self.wrong.append((route, body))
                self.seen.append((number, route, answer.status_code))

    def check(self, route: str, which: int, body: dict[str, Any]) -> None:
        """Compare an answer with what its version says."""
        version = body["models"].get("plain", {}).get("version")
        right = self.right.rows(route, which, version)
        if rounded(body["predictions"][0]) not in [rounded(row) for row in right]:
            self.wrong.append((route, which, body, right))

    def go_on(self) -> dict[str, set[int]]:
        """Wait until each caller has had some more answers, and give the statuses of those by plan."""
        before = len(self.seen)

        def answered() -> bool:
            new = [number for number, _, _ in self.seen[before:]]
            return all(new.count(number) >= MORE for number in range(CALLERS))

        wait_until(answered, 60)
        found: dict[str, set[int]] = {route: set() for route in ROUTES}
        for _, route, status in self.seen[before:]:
            found[route].add(status)
        return found


def test_plans_follow_a_model_that_is_trained_anew(
    folders: Mapping[str, Path], tmp_path: Path, stored_plain: Path
) -> None:
    """No answer is wrong and none a 500: a plan that does not fit says so (502), and answers again once it fits."""
    right = Right(folders)
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(model_app(folder))) for name, folder in folders.items()}
        judge = stack.enter_context(served(model_app(store_tiny("judge"))))
        candidate = stack.enter_context(served(model_app(stored_plain)))
        address = stack.enter_context(service(ports["first"]))
        urls = {"plain": address.port, "candidate": candidate, "judge": judge}
        backends = {name: {"url": f"http://127.0.0.1:{port}", "model": name} for name, port in urls.items()}
        backends["candidate"]["model"] = "plain"
        settings = {"backends": backends, "routes": ROUTES, "default": "sides", "refresh_s": 0.2}
        client = stack.enter_context(running_gateway(tmp_path, settings))
        callers = stack.enter_context(asking(client, right))
        found = {"": callers.go_on()}
        for name in (*VERSIONS, "first"):
            address.lead_to(*address_ports(ports, name))
            callers.go_on()
            address.lead_to(ports[name])
            wait_until(lambda: client.get("/v1/models/plain").json()["version"] == folders[name].name)  # noqa: B023
            callers.go_on()
            found[name] = callers.go_on()

    assert callers.wrong == []
    assert {status for _, _, status in callers.seen} <= {200, 422, 502, 503}
    for name, statuses in found.items():
        assert statuses == {route: {UNFIT.get(name, {}).get(route, 200)} for route in ROUTES}, name
    assert '"level": "error"' not in "\n".join(unexpected(tmp_path))


@contextlib.contextmanager
def asking(client: httpx.Client, right: Right) -> Iterator[Callers]:
    """Run the callers."""
    callers = Callers(client.base_url, right)
    for thread in callers.threads:
        thread.start()
    try:
        yield callers
    finally:
        callers.ended.set()
        for thread in callers.threads:
            thread.join()


def address_ports(ports: Mapping[str, int], name: str) -> tuple[int, int]:
    """Give the ports of the version before and of this one, between which calls go in turn for a while."""
    names = [*VERSIONS, "first"]
    before = ["first", *names][names.index(name)]
    return ports[before], ports[name]


def unexpected(folder: Path) -> list[str]:
    """Give the lines of the log that are neither records of requests nor of routes that do not fit."""
    lines = (folder / "gateway.log").read_text().splitlines()
    return [line for line in lines if "a route cannot be asked" not in line]
