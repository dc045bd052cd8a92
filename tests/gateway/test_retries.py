"""Asking a model once more: when, how often, and what it costs a model that fails."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.artifact import Model, load
from contract import RecordDecoder, Table
from gateway.batching.batcher import Batcher
from gateway.batching.caller import Caller, Reply
from gateway.batching.calls import Calls
from gateway.batching.fatal import FatalRecords
from gateway.batching.filling import Piece
from gateway.batching.heard import Heard
from gateway.batching.queue import Queue
from gateway.batching.retries import Budget
from gateway.errors import (
    BackendBroken,
    BackendBusy,
    BackendLost,
    BackendUnavailable,
    BackendUnreachable,
    DeadlineExceeded,
    FatalRecord,
    GatewayError,
)
from gateway.metrics import Metrics
from gateway.settings import RetrySettings
from oip.asgi import Receive, Scope, Send, send_body
from tests.gateway.conftest import MIXED, PLAIN
from tests.gateway.test_batcher import Stub, ask, is_right, turns
from tests.serving import model_app, running_gateway, served

QUICK = RetrySettings(shortest_s=0, longest_s=0)
POISON = 6.5


@pytest.fixture(scope="module")
def model(stored_plain: Path) -> Model:
    """Load the tiny plain model."""
    return load(stored_plain)


def batcher(stub: Stub, settings: RetrySettings = QUICK) -> tuple[Batcher, Metrics]:
    """Put a batcher in front of a stub."""
    metrics = Metrics()
    return Batcher(Calls("plain", stub.ask, stub, settings, metrics.batches("plain")), 1, Queue(1024, 100_000)), metrics


def retried(metrics: Metrics, reason: str) -> float:
    """Read how many calls were made once more."""
    labels = {"model": "plain", "reason": reason}
    return metrics.registry.get_sample_value("bentogate_retries_total", labels) or 0.0


@given(
    share=st.sampled_from([0.0, 0.2, 1.0]),
    always=st.integers(0, 5),
    work=st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=60),
)
def test_a_budget_is_a_share_and_a_few(share: float, always: int, work: list[tuple[bool, int]]) -> None:
    """Whatever is asked: beyond the few that are always allowed no more is asked again than the share of all."""
    budget = Budget(RetrySettings(share=share, always=always))
    counts: Counter[str] = Counter()
    for again, requests in work:
        if not again:
            budget.asked(requests)
            counts["asked"] += requests
        elif budget.take(requests):
            assert requests <= always or counts["again"] + requests <= share * counts["asked"]
            counts["again"] += requests
            budget.done(requests)
        else:
            assert requests > always
            assert counts["again"] + requests > share * counts["asked"]


def test_what_is_under_way_counts_against_the_few() -> None:
    """Three requests may be asked again at any time, and a fourth when one of them has ended."""
    budget = Budget(RetrySettings(share=0, always=3))

    assert budget.take(2)
    assert budget.take(1)
    assert not budget.take(1)
    budget.done(2)
    assert budget.take(1)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (BackendBusy("busy", model="plain"), "busy"),
        (BackendLost("lost", model="plain"), "lost"),
        (BackendBroken("broken", model="plain"), "lost"),
    ],
)
def test_who_fails_once_is_answered(model: Model, failure: GatewayError, reason: str) -> None:
    """Callers of a call that was lost or broken off, or that could not be answered then, are answered by the next."""

    async def check() -> None:
        failures = [failure]
        stub = Stub(model, lambda _: failures.pop() if failures else None)
        one, metrics = batcher(stub)
        answers = await ask(one, model, [[1.0], [2.0], [3.0]])

        assert all(is_right(answer, model, [width]) for answer, width in zip(answers, (1.0, 2.0, 3.0), strict=True))
        assert retried(metrics, reason) == 1
        assert len(stub.asked) == (
            4 if isinstance(failure, BackendLost) else 2
        )  # of a lost call each is asked by itself

    asyncio.run(check())


@pytest.mark.parametrize("gone", [1, 2])
def test_who_has_gone_is_not_asked_for_once_more(model: Model, gone: int) -> None:
    """Whose deadline passes in the pause before it costs no row; without anybody there is no other call."""

    async def check() -> None:
        failures: list[GatewayError] = [BackendBusy("busy", model="plain")]
        stub = Stub(model, lambda _: failures.pop() if failures else None)
        one, _ = batcher(stub, RetrySettings(shortest_s=0.3, longest_s=0.3))
        callers = [asyncio.create_task(ask(one, model, [[width]])) for width in (1.0, 2.0)]
        await turns()
        for caller in callers[:gone]:
            caller.cancel()
        await asyncio.gather(*callers, *(call.task for call in one.under_way), return_exceptions=True)

        assert [widths for _, widths in stub.asked] == [[1.0, 2.0], [2.0]][: 3 - gone]

    asyncio.run(check())


@pytest.mark.parametrize("failure", [BackendBusy("busy", model="plain"), BackendUnavailable("no", model="plain")])
def test_nobody_is_asked_a_third_time(model: Model, failure: GatewayError) -> None:
    """Two attempts at most, and one where the model says that it is overloaded."""

    async def check() -> None:
        stub = Stub(model, lambda _: failure)
        one, _ = batcher(stub)
        (answer,) = await ask(one, model, [[1.0]])

        assert isinstance(answer, BackendUnavailable)
        assert len(stub.asked) == (2 if isinstance(failure, BackendBusy) else 1)
        assert stub.ended == ["backend_unavailable"] * len(stub.asked)

    asyncio.run(check())


def test_a_model_that_is_busy_for_all_sees_a_fifth_more(model: Model) -> None:
    """However many callers there are: what a model that fails wholly is asked stays below 1.25 times the requests."""

    async def check() -> None:
        stub = Stub(model, lambda _: BackendBusy("busy", model="plain"))
        one, _ = batcher(stub)
        for _ in range(20):
            await ask(one, model, [[1.0]] * 50)

        assert 1000 < sum(len(widths) for _, widths in stub.asked) <= 1.25 * 1000

    asyncio.run(check())


@pytest.mark.parametrize("at", [0, 13, 31])
def test_the_record_that_ends_the_model_is_found(model: Model, at: int) -> None:
    """One of 32 ends the process that is asked: the others are answered, and from then on it is refused."""

    async def check() -> None:
        widths = [1.0 + 0.1 * index for index in range(32)]
        widths[at] = POISON
        stub = Stub(model, lambda given: BackendLost("lost", model="plain") if POISON in given else None)
        one, _ = batcher(stub)
        answers = await ask(one, model, [[width] for width in widths])

        assert isinstance(answers[at], FatalRecord)
        assert all(is_right(answers[index], model, [widths[index]]) for index in range(32) if index != at)
        assert stub.ended.count("backend_unreachable") == 2
        assert stub.probes == 1 + (at == 31)

        asked = len(stub.asked)
        (again,) = await ask(one, model, [[1.0, POISON]])
        assert isinstance(again, FatalRecord)
        assert "record 1 of" in str(again)
        assert len(stub.asked) == asked

    asyncio.run(check())


def test_nobody_is_asked_again_before_the_model_is_back(model: Model) -> None:
    """Who waited for its worker in the call itself would be there with whoever else was lost, and be lost again."""

    async def check() -> None:
        stub = Stub(model)
        stub.fails = lambda _: None if stub.probes else BackendLost("lost", model="plain")
        one, _ = batcher(stub)
        answers = await ask(one, model, [[1.0], [2.0]])

        assert all(is_right(answer, model, [width]) for answer, width in zip(answers, (1.0, 2.0), strict=True))
        assert [widths for _, widths in stub.asked] == [[1.0, 2.0], [1.0], [2.0]]

    asyncio.run(check())


def test_a_fatal_record_is_forgotten_in_time(model: Model) -> None:
    """What ended a model may be another's fault: it may be asked again later."""

    async def check() -> None:
        poison = [POISON]
        stub = Stub(model, lambda given: BackendLost("lost", model="plain") if set(poison) & set(given) else None)
        one, _ = batcher(stub, QUICK.model_copy(update={"fatal_s": 0.01}))
        (answer,) = await ask(one, model, [[POISON]])
        assert isinstance(answer, FatalRecord)
        poison.clear()
        await asyncio.sleep(0.02)
        (answer,) = await ask(one, model, [[POISON]])
        assert is_right(answer, model, [POISON])

    asyncio.run(check())


def test_a_model_that_is_lost_whatever_it_is_asked_blames_nobody(model: Model) -> None:
    """All callers hear that it cannot be reached; after three losses without an answer nothing else is asked."""

    async def check() -> None:
        stub = Stub(model, lambda _: BackendLost("lost", model="plain"))
        one, _ = batcher(stub)
        answers = await ask(one, model, [[1.0], [2.0], [3.0], [4.0]])

        assert [type(answer) for answer in answers] == [BackendLost] * 4
        assert all(isinstance(answer, BackendUnreachable) for answer in answers)
        assert len(stub.asked) == 4
        assert not one.calls.fatal.known

    asyncio.run(check())


def test_over_http_a_busy_model_is_asked_once_more(stored_plain: Path, tmp_path: Path) -> None:
    """A single 502 or 503 of a model's server costs its caller a pause."""
    app, turns = model_app(stored_plain), [None, 503, None, 502]

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/infer") and (status := turns.pop()):
            await send_body(send, status, b"busy", b"text/plain", [])
        else:
            await app(scope, receive, send)

    with (
        served(busy) as port,
        running_gateway(
            tmp_path, {"backends": {"plain": {"url": f"http://127.0.0.1:{port}"}}, "default": "plain"}
        ) as client,
    ):
        for _ in range(2):
            assert client.post("/v1/predict", json={"instances": [PLAIN]}).status_code == 200
        metrics = httpx.get(f"{client.headers['x-admin']}/metrics").text
        assert 'bentogate_retries_total{model="plain",reason="busy"} 2.0' in metrics


def test_records_are_known_again_by_their_values(stored_mixed: Path) -> None:
    """Whatever their columns are, nulls among them, and whichever requests they stand in."""
    features = load(stored_mixed).contract.features
    names = [feature.name for feature in features]
    one, other = ({**MIXED, names[0]: value} for value in (None, 31.0))

    def caller(*records: dict[str, Any]) -> Caller:
        body = msgspec.json.encode({"instances": records})
        return Caller(Reply(1), 0, RecordDecoder(features).decode(body, 10)[0], "id", 0.0)

    async def check() -> None:
        fatal = FatalRecords("mixed", 60)
        fatal.refuse([Piece(single := caller(one), 0, 1), Piece(several := caller(other, MIXED), 0, 2)])

        assert isinstance(single.reply.future.exception(), FatalRecord)
        assert isinstance(several.reply.future.exception(), FatalRecord)
        assert fatal.find(caller(one).table)
        assert "record 1 " in str(fatal.find(caller(MIXED, one).table))
        assert fatal.find(caller(other, MIXED).table)
        assert not fatal.find(caller(MIXED, other).table)
        assert not fatal.find(caller(other).table)

    asyncio.run(check())


def test_a_record_is_suspected_beyond_its_deadline(model: Model) -> None:
    """Who leaves before the model is back is refused when it ends the model again, but not who was answered since."""

    async def check() -> None:
        back = asyncio.Event()
        back.set()

        class Ended(Stub):
            async def ask(self, table: Table, call_id: str, again: bool) -> Heard:
                await back.wait()
                if POISON in table.columns["width"] and poisonous:
                    back.clear()
                    raise BackendLost("lost", model="plain")
                return await super().ask(table, call_id, again)

        poisonous = True
        one, _ = batcher(Ended(model))
        (answer,) = await ask(one, model, [[POISON]], within_s=0.5)
        assert isinstance(answer, DeadlineExceeded)
        back.set()
        (answer,) = await ask(one, model, [[1.0]])
        assert is_right(answer, model, [1.0])
        (answer,) = await ask(one, model, [[POISON]])
        assert isinstance(answer, FatalRecord)

        one.calls.fatal.known.clear()
        back.set()
        await ask(one, model, [[POISON]], within_s=0.5)
        poisonous = False
        back.set()
        (answer,) = await ask(one, model, [[POISON]])
        assert is_right(answer, model, [POISON])
        assert not one.calls.fatal.suspected

    asyncio.run(check())


def test_calls_that_are_lost_together_blame_nobody(model: Model) -> None:
    """A pod that goes loses every call that it has: one record in two of them, another answered between."""

    async def check() -> None:
        back, lost = asyncio.Event(), [asyncio.Event(), asyncio.Event()]

        class Going(Stub):
            async def ask(self, table: Table, call_id: str, again: bool) -> Heard:
                if lost and POISON in table.columns["width"]:
                    await lost.pop(0).wait()
                    raise BackendLost("lost", model="plain")
                return await super().ask(table, call_id, again)

            async def probe(self) -> None:
                await back.wait()

        one, _ = batcher(Going(model))
        one.concurrency = 3
        first, second = lost
        same = []
        for _ in range(2):
            same.append(asyncio.create_task(ask(one, model, [[POISON]])))
            await turns()
        first.set()
        await turns()
        (answer,) = await ask(one, model, [[1.0]])
        assert is_right(answer, model, [1.0])
        second.set()
        await turns()
        back.set()
        for (answer,) in await asyncio.gather(*same):
            assert is_right(answer, model, [POISON])
        assert not one.calls.fatal.known

    asyncio.run(check())
