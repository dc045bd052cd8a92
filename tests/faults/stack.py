"""The stack that all rows share, and what is seen of its gateway from outside."""

import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.callers import Asked, Canary, Protocol, asked
from tests.faults.gateway import Gateway
from tests.faults.outcomes import is_right
from tests.faults.protocols import grpc, v1
from tests.faults.proxy import Proxy
from tests.faults.services import Service
from tests.serving import wait_until

MARGIN = 5
"""Times that are promised are held with so many times' margin, for other processes may want the processor too."""

NORMAL_S = 10.0
"""After a fault p99, memory, descriptors and tasks are back within so long."""

ASKED_FOR_P99 = 40
MORE_DESCRIPTORS = 8
MORE_TASKS = 4
MORE_BYTES = 24 * 2**20
SLOWER = 5


@dataclass(frozen=True)
class State:
    """Say what a gateway takes; `p99_s` is of callers who come one after the other, the slowest of so few.

    Of those some may be `unanswered` for a moment: a probe that was under way when the fault was lifted opens the
    breaker even after a call that was answered.
    """

    unanswered: int
    p99_s: float
    memory: int
    descriptors: int
    tasks: float

    def is_like(self, before: "State") -> bool:
        """Say whether nothing has stayed behind since another state."""
        return (
            not self.unanswered
            and self.p99_s <= before.p99_s * SLOWER
            and self.memory <= before.memory + MORE_BYTES
            and self.descriptors <= before.descriptors + MORE_DESCRIPTORS
            and self.tasks <= before.tasks + MORE_TASKS
        )


@dataclass
class Stack:
    """Hold the gateway and what stands around it.

    `way` is the proxy in front of `plain`, `door` the one in front of the gateway; `mixed` is asked without a proxy.
    """

    gateway: Gateway
    way: Proxy
    door: Proxy
    plain: Service
    mixed: Service
    canaries: dict[str, Iterator[Canary]]

    def port_of(self, protocol: Protocol, *, by_door: bool) -> int:
        """Give where a protocol is spoken, if need be through the proxy at the door."""
        if protocol in grpc.WAYS:
            return self.gateway.grpc_port
        return self.door.port if by_door else self.gateway.port

    def asks(self, route: str) -> Asked:
        """Make a request with a canary that no caller nearby has.

        `plain:what` asks `plain` for a record of its own, and `patient:what` a route for which `plain` is asked that.
        """
        name, _, what = route.partition(":")
        if name not in self.gateway.settings["routes"]:
            return asked(name, next(self.canaries[route]))
        record: dict[str, Any] = {}
        prediction: dict[str, Any] = {}
        for model in self.gateway.settings["routes"][name]["ensemble"]:
            one = next(self.canaries[f"{model}:{what}" if what else model])
            record |= one.record
            prediction[model] = one.prediction
        return asked(name, Canary(record, prediction))

    def answers(self, route: str = "both") -> bool:
        """Say whether a good request is answered now, and rightly."""
        one = self.asks(route)
        return [is_right(one, answer) for answer in v1.ask(self.gateway.port, one)] == [True]

    def metrics(self) -> Counter[tuple[str, ...]]:
        """Read all metrics: by name and labels."""
        text = httpx.get(f"{self.gateway.admin}/metrics").raise_for_status().text
        families = text_string_to_metric_families(text)
        return Counter({
            (sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples
        })  # fmt: skip

    def logged(self, since: int) -> list[dict[str, Any]]:
        """Read what the gateway wrote since a place in its log: lines and access records."""
        lines = self.gateway.log.read_bytes()[since:].decode().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def state(self) -> State:
        """Look at what the gateway takes."""
        seconds, answered = [], []
        for _ in range(ASKED_FOR_P99):
            began = time.perf_counter()
            answered.append(self.answers())
            seconds.append(time.perf_counter() - began)
        return State(
            answered.count(False),
            max(seconds),
            self.gateway.running.memory_info().rss,
            self.gateway.running.num_fds(),
            self.metrics()[("bentogate_tasks",)],
        )

    def settled(self) -> State:
        """Look at it when it has answered for a while."""
        wait_until(self.answers)
        for _ in range(4):
            self.state()
        return self.state()

    def at_rest(self) -> bool:
        """Say whether nothing waits and no breaker is open."""
        return not self.restless()

    def restless(self) -> Counter[tuple[str, ...]]:
        """Give the metrics that say otherwise."""
        names = ("bentogate_in_flight", "bentogate_queued_rows", "bentogate_breaker_state")
        return Counter({which: value for which, value in self.metrics().items() if which[0] in names and value})

    def until_normal(self, before: State) -> float:
        """Wait until the gateway is as it was; gives the seconds."""
        began = time.monotonic()
        seen: list[State] = []

        def normal() -> bool:
            seen.append(self.state())
            return seen[-1].is_like(before) and self.at_rest()

        try:
            wait_until(normal, NORMAL_S * MARGIN)
        except AssertionError as exc:
            raise AssertionError(f"{seen[-1]} was {before}; {self.restless()}") from exc
        return time.monotonic() - began


def poison(width: float) -> Canary:
    """Make a record of the tiny plain model that a fault can be bound to, by the bytes of its width."""
    return Canary({"width": width, "height": 3.0, "count": 4}, {})


def endlessly(canaries: list[Canary]) -> Iterator[Canary]:
    """Give canaries in turn."""
    return itertools.cycle(canaries)


def draw_plain(source: random.Random) -> dict[str, Any]:
    """Draw a record of the tiny plain model."""
    return {"width": source.uniform(2, 8), "height": source.uniform(1, 5), "count": source.randrange(9)}


def draw_mixed(source: random.Random) -> dict[str, Any]:
    """Draw a record of the tiny mixed model."""
    return {
        "income": source.uniform(15, 50),
        "age": source.randrange(18, 90),
        "owner": source.random() < 0.5,
        "region": source.choice(["south", "east", "west"]),
    }
