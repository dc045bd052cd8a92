"""A row that a real model fails for, among callers who share its calls: it costs only itself."""

import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import store_tiny
from tests.faults.callers import Answer, Asked, Canary, asked, learned
from tests.faults.outcomes import is_right
from tests.faults.protocols import v1
from tests.faults.services import Service, service, stopped
from tests.gateway.test_joining import metric
from tests.serving import running_gateway, wait_until

CALLERS = 32
MOST_EXTRA = 6
MODEL = "unbounded"
POISON = Canary({"shift": 1e200}, {})
"""Its score is the square of that, which no double can hold."""
COUNTED = re.compile(r'^bentogate_model_requests_total{.*path="infer".*} (.*)$', re.MULTILINE)


@dataclass(frozen=True)
class Joined:
    """Hold a gateway in front of a bento, and records whose answers are known."""

    gateway: httpx.Client
    bento: Service
    canaries: list[Canary]

    def count(self, name: str) -> float:
        """Read a metric of the gateway's."""
        return metric(self.gateway, f"bentogate_{name}", MODEL)

    def counts(self) -> Counter[str]:
        """Count the calls to the model, those that were made to find the poison, and what the model itself counts."""
        told = COUNTED.findall(httpx.get(f"{self.bento.url}/metrics").text)
        extra, calls = self.count("isolation_calls_total"), self.count("batch_rows_count")
        return Counter({"extra": int(extra), "calls": int(calls), "heard": int(sum(map(float, told)))})

    def ask(self, one: Asked) -> list[Answer]:
        """Send it, over a connection of its own."""
        return v1.ask(self.gateway.base_url.port or 0, one)


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    """Run them; nothing they write is a traceback."""
    assert store_tiny(MODEL)
    folder = tmp_path_factory.mktemp("poison")
    with service(MODEL, folder) as bento:
        bento.until_ready()
        canaries = learned(bento.url, draw)
        with running_gateway(folder, {"backends": {MODEL: {"url": bento.url}}, "default": MODEL}) as client:
            yield Joined(client, bento, canaries)
    assert "Traceback" not in (folder / "gateway.log").read_text()


def draw(source: random.Random) -> dict[str, Any]:
    """Draw a record."""
    return {"shift": source.uniform(-3, 3)}


def ends(one: Asked, answers: list[Answer]) -> str:
    """Say how a request ended: once, and as it must."""
    assert len(answers) == 1
    (answer,) = answers
    if one.canary is POISON:
        assert (answer.status, answer.reason, answer.model) == (502, "backend_fault", MODEL), answer
        return "poison"
    assert is_right(one, answer), answer
    return "right"


def said(made: Counter[str]) -> str:
    """Write how many calls there were."""
    return f"{made['extra']} extra of {made['calls']} calls, {made['heard']} heard by the model"


@pytest.mark.parametrize("poisons", [[0], [13], [31], [3, 21]], ids=str)
def test_a_poison_row_costs_only_itself(joined: Joined, poisons: list[int]) -> None:
    """All are in one call, wherever the poison is among them; one takes at most six calls more to find.

    The model is asked for a golden row besides where five of these fail one after the other: it may be to blame.
    """
    requests = [asked(MODEL, POISON if at in poisons else joined.canaries[at]) for at in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS + 1) as pool:
        before = joined.counts()
        with stopped(joined.bento.worker):
            first = pool.submit(joined.ask, asked(MODEL, joined.canaries[-1]))
            wait_until(lambda: joined.count("in_flight") == 1)
            work = [pool.submit(joined.ask, one) for one in requests]
            wait_until(lambda: joined.count("queued_rows") == CALLERS)
        found = Counter(ends(one, its.result()) for one, its in zip(requests, work, strict=True))
        assert first.result()[0].status == 200
    made = joined.counts() - before
    print(f"poison at {poisons} of {CALLERS}: {found['right']} right, {said(made)}")  # noqa: T201

    assert found == {"right": CALLERS - len(poisons), "poison": len(poisons)}
    assert made["extra"] <= MOST_EXTRA * len(poisons)
    assert made["calls"] == 2 + made["extra"]
    assert made["heard"] <= made["calls"] + len(poisons)
    assert joined.count("breaker_opened_total") == 0


@pytest.mark.parametrize("poisons", [0, 1])
def test_a_poison_row_that_comes_again_and_again_costs_only_itself(joined: Joined, poisons: int, in_full: bool) -> None:
    """Callers ask in a loop beside one whose row is always poison: all others have their own answers, at any time."""
    seconds = 20 if in_full else 1
    own = [joined.canaries[at::CALLERS] for at in range(CALLERS - poisons)] + [[POISON]] * poisons
    end = time.monotonic() + seconds

    def loop(its: list[Canary]) -> list[str]:
        requests = map(asked, itertools.repeat(MODEL), itertools.cycle(its))
        return [ends(one, joined.ask(one)) for one in itertools.takewhile(lambda _: time.monotonic() < end, requests)]

    before = joined.counts()
    with ThreadPoolExecutor(CALLERS) as pool:
        found = Counter(itertools.chain.from_iterable(pool.map(loop, own)))
    made = joined.counts() - before
    rates = f"{found['right'] / seconds:.0f}/s right, {found['poison'] / seconds:.0f}/s poison"
    print(f"{poisons} poison of {CALLERS} callers: {rates}, {said(made)}")  # noqa: T201

    assert found["right"] > 0
    assert (found["poison"] > 0) == (poisons > 0)
    assert made["extra"] <= MOST_EXTRA * found["poison"]
    assert joined.count("breaker_opened_total") == 0
    assert joined.count("breaker_state") == 0
