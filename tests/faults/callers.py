"""Callers, each with a canary: a record whose right answer was learned from the model itself, and is nobody else's."""

import itertools
import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE_S = 60
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Canary:
    """Hold a record and its prediction."""

    record: dict[str, Any]
    prediction: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Hold one request; its id tells it in the gateway's records.

    `wish_ms` is how long its caller waits, if that is less than the gateway would; `terms` say how complete the answer
    must be, as on `/v1`.
    """

    id: str
    route: str
    canary: Canary
    wish_ms: int | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Hold what came back, alike whatever protocol it came by, and after how long.

    A refusal has a text; its reason and its model are told on `/v1` only. A partial answer says for each model that is
    missing why.
    """

    status: int
    id: str | None
    seconds: float
    prediction: Any = None
    missing: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    reason: str | None = None
    model: str | None = None
    retry_after: str | None = None


Protocol = Callable[[int, Asked], list[Answer]]
"""Sends a request to a port over a connection of its own, and gives all whole answers, of which there should be one."""


def asked(route: str, canary: Canary) -> Asked:
    """Make a request with an id of its own."""
    return Asked(f"caller-{next(NUMBERS)}", route, canary)


def together(calls: Sequence[Callable[[], list[Answer]]]) -> list[list[Answer]]:
    """Have all callers ask at one moment."""
    ready = threading.Barrier(len(calls))

    def wait_and_ask(call: Callable[[], list[Answer]]) -> list[Answer]:
        ready.wait(PATIENCE_S)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and_ask, calls))


def learned(url: str, draw: Callable[[random.Random], dict[str, Any]], count: int = 100) -> list[Canary]:
    """Ask a model itself about drawn records, and keep those whose prediction is no other's."""
    source = random.Random(5)
    records = [draw(source) for _ in range(400)]
    predictions = httpx.post(f"{url}/predict", json={"instances": records}).raise_for_status().json()["predictions"]
    canaries = [Canary(*one) for one in zip(records, predictions, strict=True)]
    by_answer = {json.dumps(one.prediction): one for one in canaries}
    assert len(by_answer) >= count
    return list(by_answer.values())
