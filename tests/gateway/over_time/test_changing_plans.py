"""What a route runs changes under load: no request fails, and each is answered by one plan as a whole."""

import json
import threading
from pathlib import Path
from typing import Any

import httpx

from gateway.shadows.watch import MOST_REQUESTS
from tests.gateway.conftest import PLAIN
from tests.gateway.over_time.test_changing import put, wait_for
from tests.gateway.plans.conftest import Sick
from tests.serving import model_app, running_gateway, served, wait_until

CALLERS = 8
PAUSE_S = 0.04
"""Between two requests of a caller: 200 a second in all, or what the machine can do."""

PLANS: list[dict[str, Any]] = [
    {"split": {"weights": {"plain": 90, "other": 10}}},
    {"split": {"weights": {"plain": 10, "other": 90}}},
    {"ensemble": ["plain", "other"]},
    {"split": {"weights": {"both": 50, "plain": 50}}},
    {"ensemble": ["plain", "both"], "partial": True},
    {"fallback": {"to": ["other", "plain"], "within_s": 5}},
    {"shadow": {"of": "both", "candidate": "other"}},
    {"split": {"weights": {"plain": 90, "other": 10}}},
]
"""One after the other; the answers of each differ from those of the one before, but where only weights change."""

MORE = 40
"""So many requests are answered under each."""


class Asking:
    """Ask a route from several callers, each over a connection of its own."""

    def __init__(self, url: httpx.URL) -> None:
        self.url = url
        self.seen: list[str] = []
        self.failed: list[str] = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(CALLERS)]

    def ask(self) -> None:
        """Ask on and on."""
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while not self.ended.wait(PAUSE_S):
                try:
                    answer = client.post("/v1/predict", json={"instances": [PLAIN]})
                except httpx.HTTPError as exc:
                    self.failed.append(repr(exc))
                    continue
                (self.seen if answer.status_code == 200 else self.failed).append(answer.text)

    def go_on(self) -> list[Any]:
        """Wait for more answers, and give them."""
        before = len(self.seen)
        wait_until(lambda: len(self.seen) >= before + MORE)
        return [json.loads(text)["predictions"][0] for text in self.seen[before:]]


def test_plans_change_under_load(tmp_path: Path, ports: dict[str, int]) -> None:
    """From one kind to the next, and in their weights: every answer is one that some plan of the file gives."""
    model = {"url": f"http://127.0.0.1:{ports['plain']}"}
    backends = {"plain": model, "other": {**model, "model": "plain"}}
    both = {"both": {"ensemble": ["plain", "other"]}}
    settings = {"backends": backends, "routes": {"rollout": PLANS[0], **both}, "default": "rollout"}
    with running_gateway(tmp_path, settings) as client:
        (right,) = client.post("/v1/models/plain:predict", json={"instances": [PLAIN]}).json()["predictions"]
        asking = Asking(client.base_url)
        for thread in asking.threads:
            thread.start()
        try:
            found = [asking.go_on()]
            for taken, plan in enumerate(PLANS[1:], 1):
                put(tmp_path, routes={"rollout": plan, **both})
                wait_for(client, "taken", taken)
                found.append(asking.go_on())
        finally:
            asking.ended.set()
            for thread in asking.threads:
                thread.join()

    pair = {"plain": right, "other": right}
    of_both = dict.fromkeys(right)
    whole: list[list[Any]] = [
        [{"rollout": "plain", **right}, {"rollout": "other", **right}],
        [{"rollout": "plain", **right}, {"rollout": "other", **right}],
        [pair],
        [{"rollout": "both", **pair, **of_both}, {"rollout": "plain", "plain": None, "other": None, **right}],
        [{"plain": right, "both": pair}],
        [{"rollout": "other", **right}, {"rollout": "plain", **right}],
        [pair],
        [{"rollout": "plain", **right}, {"rollout": "other", **right}],
    ]
    assert asking.failed == []
    every = [row for rows in whole for row in rows]
    assert all(json.loads(text)["predictions"][0] in every for text in asking.seen)
    for answers, plans in zip(found, whole, strict=True):
        # What was under way when the change was taken is the old plan's: a request of each caller at most.
        assert sum(row not in plans for row in answers) <= CALLERS
    shares = [sum(row.get("rollout") == "plain" for row in rows) / len(rows) for rows in found[:2]]
    assert shares[0] > 0.5 > shares[1]


def test_what_a_candidate_is_asked_as_it_goes_is_no_failure(
    tmp_path: Path, ports: dict[str, int], stored_plain: Path
) -> None:
    """Of one that hangs under load; it makes room for the next at once, and no caller notices."""
    sick = Sick(model_app(stored_plain))
    sick.status = 0
    model = {"url": f"http://127.0.0.1:{ports['plain']}"}
    with served(sick) as port:
        backends = {"plain": model, "other": {"url": f"http://127.0.0.1:{port}", "model": "plain"}}
        routes = {"watched": {"shadow": {"of": "plain", "candidate": "other"}}}
        settings = {"backends": backends, "routes": routes, "default": "watched"}
        with running_gateway(tmp_path, settings) as client:

            def report() -> dict[str, Any]:
                told: dict[str, Any] = httpx.get(f"{client.headers['x-admin']}/plans/watched").json()
                return told

            asking = Asking(client.base_url)
            for thread in asking.threads:
                thread.start()
            try:
                wait_until(lambda: report()["under_way"]["requests"] == MOST_REQUESTS)
                put(tmp_path, backends={**backends, "other": {**model, "model": "plain"}}, routes=routes)
                wait_for(client, "taken", 1)
                asking.go_on()
                wait_until(lambda: any(one["requests"] >= MORE for one in report()["comparisons"]))
            finally:
                asking.ended.set()
                for thread in asking.threads:
                    thread.join()
            wait_until(lambda: not report()["under_way"]["requests"])

            assert report()["failures"].keys() <= {"deadline_exceeded"}  # as some are that a slow machine holds up
            assert asking.failed == []
            wait_until(lambda: sick.left >= 1)
