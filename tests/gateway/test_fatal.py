"""Who is named as ending a model, and who is not."""

import asyncio
import itertools
from pathlib import Path

import pytest

from bentos.artifact import Model, load
from gateway.batching.batcher import Batcher
from gateway.batching.calls import Calls
from gateway.batching.fatal import CLEARED, SUSPECTED_S, Suspect
from gateway.batching.queue import Queue
from gateway.errors import BackendLost, BackendUnreachable, DeadlineExceeded, FatalRecord
from gateway.metrics import Metrics
from tests.gateway.test_batcher import Stub, ask, is_right, turns
from tests.gateway.test_retries import POISON, QUICK, batcher

LOST = BackendLost("lost", model="plain")
INNOCENT = [1.0 + 0.1 * index for index in range(10)]


@pytest.fixture(scope="module")
def model(stored_plain: Path) -> Model:
    """Load the tiny plain model."""
    return load(stored_plain)


def ended_by_poison(model: Model) -> Stub:
    """Make a model that one record ends."""
    return Stub(model, lambda given: LOST if POISON in given else None)


def test_two_callers_with_the_same_record_are_both_named(model: Model) -> None:
    """Side by side they end the model twice in a row, and it is no fault of the others."""

    async def check() -> None:
        one, _ = batcher(ended_by_poison(model))
        widths = [*INNOCENT[:5], POISON, POISON, *INNOCENT[5:]]
        answers = await ask(one, model, [[width] for width in widths])

        for width, answer in zip(widths, answers, strict=True):
            assert isinstance(answer, FatalRecord) if width == POISON else is_right(answer, model, [width])

    asyncio.run(check())


def test_a_request_that_is_cut_is_known_again(model: Model) -> None:
    """A part of it ended the model, and the whole is refused when it comes again."""

    async def check() -> None:
        stub = ended_by_poison(model)
        metrics = Metrics()
        calls = Calls("plain", stub.ask, stub, QUICK, metrics.batches("plain"))
        one = Batcher(calls, 1, Queue(2, 100_000))
        for _ in range(2):
            (answer,) = await ask(one, model, [[1.0, 2.0, POISON]])
            assert isinstance(answer, FatalRecord)
            asked, stub.asked = stub.asked, []
        assert not asked

    asyncio.run(check())


def test_a_model_that_loses_every_second_call_blames_nobody(model: Model) -> None:
    """So many innocent ones are lost that it is none of them."""

    async def check() -> None:
        turn = itertools.count(1)
        one, _ = batcher(Stub(model, lambda _: LOST if next(turn) % 2 else None))
        answers = await ask(one, model, [[width] for width in INNOCENT])

        assert not one.calls.fatal.known
        assert {type(answer) for answer in answers} == {list, BackendLost}
        assert all(isinstance(answer, (list, BackendUnreachable)) for answer in answers)

    asyncio.run(check())


def test_who_was_named_while_the_model_was_shaky_is_asked_again(model: Model) -> None:
    """Once many that were suspected are answered, a third loss is needed, and who was named of late is forgotten."""

    async def check() -> None:
        fails = [True, True, *[True, False] * CLEARED]  # of two calls that are lost the first is of nobody's fault
        one, _ = batcher(Stub(model, lambda _: LOST if fails and fails.pop(0) else None))
        (named,) = await ask(one, model, [[2.0]])
        assert isinstance(named, FatalRecord)
        for number in range(CLEARED):
            assert one.calls.fatal.known
            assert one.calls.fatal.losses == 2
            (answer,) = await ask(one, model, [[3.0 + number / 10]])
            assert is_right(answer, model, [3.0 + number / 10])
        assert not one.calls.fatal.known
        assert one.calls.fatal.losses == 3

        (answer,) = await ask(one, model, [[2.0]])
        assert is_right(answer, model, [2.0])

    asyncio.run(check())


def test_an_impatient_caller_is_named_once_a_probe_was_answered(model: Model) -> None:
    """Where nobody else asks, a probe tells that the model was back between two losses."""

    async def check() -> None:
        back = asyncio.Event()
        stub = ended_by_poison(model)

        async def probe() -> None:
            await back.wait()

        stub.probe = probe  # type: ignore[method-assign]
        one, _ = batcher(stub)
        for _ in range(2):
            (answer,) = await ask(one, model, [[POISON]], within_s=0.5)
            assert isinstance(answer, DeadlineExceeded)
        one.calls.fatal.note_back()  # as when a breaker closes
        (answer,) = await ask(one, model, [[POISON]])
        assert isinstance(answer, FatalRecord)

    asyncio.run(check())


def test_suspects_are_forgotten_in_time(model: Model) -> None:
    """Else each row of each call would be hashed for ever, after one caller who left."""

    async def check() -> None:
        one, _ = batcher(Stub(model))
        fatal = one.calls.fatal
        fatal.suspected[b"left"] = Suspect(0.0, 0, 1)
        fatal.suspected[b"leaves"] = Suspect(asyncio.get_running_loop().time() + SUSPECTED_S, 0, 1)
        await ask(one, model, [[1.0]])
        await turns()
        assert list(fatal.suspected) == [b"leaves"]

    asyncio.run(check())
