"""Who may be missing in an answer: what route and request say of it, for any models that fail."""

import asyncio
import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import Feature, Interface, Output, Terms
from contract.table import pack
from gateway.batching import Caller, Needs, Prediction, all_parts, some_parts
from gateway.batching.partial import PartialReply
from gateway.batching.prediction import Joint
from gateway.deadline import TICK_S
from gateway.errors import BackendFault, DeadlineExceeded, GatewayError, MalformedRequest
from gateway.plans import needs_of

MODELS = ("a", "b", "c", "d")
FEATURES = (Feature(name="x", type="number", description="", example=1.0),)
OUTPUTS = (Output(name="x", type="number", description="", column=0),)
TABLE = pack(FEATURES, {"x": [1.0]})

subsets = st.sets(st.integers(0, len(MODELS) - 1))
rules = st.builds(
    Terms,
    partial=st.booleans(),
    require=st.lists(st.sampled_from(MODELS), max_size=2).map(tuple),
    quorum=st.integers(1, len(MODELS)),
)


def expected(route: Terms | None, asked: Terms | None, sick: set[int]) -> set[int] | None:
    """Say who is missing in the answer, None where there is none: the rule in the fewest words."""
    if (asked and not asked.partial) or not (route or asked):
        return None if sick else set()
    said = [terms for terms in (route, asked) if terms]
    required = {MODELS.index(name) for terms in said for name in terms.require}
    enough = len(MODELS) - len(sick) >= max(terms.quorum for terms in said)
    return sick if enough and not required & sick else None


def prediction(model: str) -> Prediction:
    """Make what a model answers."""
    contract = Interface(name=model, description="", features=FEATURES, outputs=OUTPUTS, version="1")
    return Prediction(Joint(contract, {"x": np.ones(1)}, "call", 1.0, None), 0, 1, 0.0)


class Waiting:
    """Take callers and leave them waiting."""

    def __init__(self) -> None:
        self.callers: list[Caller] = []

    def submit(self, caller: Caller) -> None:
        """Keep a caller."""
        self.callers.append(caller)

    def forsake(self) -> None:
        """Do nothing for anybody."""

    async def name(self) -> str:
        """Name nobody who would be known."""
        return "somebody"


async def asked_of(needs: Needs, failing: set[int], silent: set[int], order: list[int], within_s: float) -> Any:
    """Ask models of which some fail and some say nothing, in some order; gives what came."""
    model = Waiting()
    callers = model.callers
    deadline = asyncio.get_running_loop().time() + within_s
    waiting = asyncio.ensure_future(some_parts([model] * len(MODELS), [TABLE] * len(MODELS), "id", deadline, needs))
    await asyncio.sleep(0)
    for index in order:
        if index in failing:
            callers[index].fail(BackendFault("is sick", model=MODELS[index]))
            assert callers[index].gone
        elif index not in silent:
            callers[index].answer(0, prediction(MODELS[index]))
    try:
        return await asyncio.wait_for(waiting, 5)
    finally:
        assert all(caller.gone for caller in callers)


@given(
    route=st.none() | rules.filter(lambda terms: terms.partial),
    asked=st.none() | rules,
    failing=subsets,
    data=st.data(),
)
def test_who_may_be_missing_is_what_route_and_request_say(
    route: Terms | None, asked: Terms | None, failing: set[int], data: st.DataObject
) -> None:
    """For any models that fail or say nothing, in any order, and whatever is required."""
    needs = needs_of(MODELS, route, asked)
    silent = data.draw(subsets if data.draw(st.integers(0, 9)) == 0 else st.just(set[int]())) - failing
    order = data.draw(st.permutations(range(len(MODELS))))
    sick = failing | silent
    missing = expected(route, asked, sick)
    if needs is None:
        assert missing == (None if sick else set())
        return
    # What those that say nothing cannot change is known at once; for all else they are waited for.
    at_once = not silent or expected(route, asked, failing) is None
    asking = asked_of(needs, failing, silent, order, math.inf if at_once else 0.02)
    if missing is None:
        with pytest.raises((BackendFault, DeadlineExceeded)) as caught:
            asyncio.run(asking)
        assert MODELS.index(caught.value.model or "") in sick
        return
    answered, errors = asyncio.run(asking)

    assert {MODELS.index(name) for name in errors} == missing
    there = [one for one in answered if one is not None]
    assert [one.model for one in there] == [name for name in MODELS if name not in errors]
    for name, error in errors.items():
        assert type(error) is (BackendFault if MODELS.index(name) in failing else DeadlineExceeded)


def test_a_failure_is_gone_with_its_request() -> None:
    """No frame that it has come through holds it: it would keep the records until the next full collection."""

    async def failed() -> "weakref.ref[GatewayError]":
        class Sick(Waiting):
            def submit(self, caller: Caller) -> None:
                asyncio.get_running_loop().call_soon(lambda: caller.fail(BackendFault("is sick")))

        try:
            await some_parts([Sick()], [TABLE], "id", math.inf, Needs(MODELS[:1], frozenset(), 1))
        except GatewayError as error:
            return weakref.ref(error)
        raise AssertionError

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(failed())() is None
    finally:
        gc.enable()


def test_what_comes_too_late_changes_nothing() -> None:
    """A model that answers after it failed, or after the answer was put together."""

    async def late() -> None:
        reply = PartialReply(Needs(MODELS[:2], frozenset(), 1))
        reply.fail(0, BackendFault("is sick"))
        reply.answer(0, prediction("a"))
        reply.expire()
        reply.answer(1, prediction("b"))
        with pytest.raises(DeadlineExceeded):
            await reply.future
        assert reply.parts == [None, None]

    asyncio.run(late())


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (Terms(require=("e",)), "require names 'e', which is none of a, b, c, d"),
        (Terms(quorum=5), "quorum must be at most 4"),
    ],
)
def test_a_request_that_nobody_could_meet_is_refused(terms: Terms, text: str) -> None:
    """A model that the route does not ask, or more models than there are."""
    with pytest.raises(MalformedRequest, match=text):
        needs_of(MODELS, None, terms)


@pytest.mark.parametrize("needs", [None, Needs(MODELS[:1], frozenset(), 1)])
def test_a_deadline_is_gone_with_its_request(needs: Needs | None) -> None:
    """The failure that names who was late is held by no frame either."""

    async def failed() -> "weakref.ref[GatewayError]":
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        loop.call_soon(task.cancel)
        try:
            if needs is None:
                await all_parts([Waiting()], [TABLE], "id", loop.time())
            else:  # the timer of what it has to do without comes too late
                await some_parts([Waiting()], [TABLE], "id", loop.time() + TICK_S / 2, needs)
        except DeadlineExceeded as error:
            return weakref.ref(error)
        raise AssertionError

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(failed())() is None
    finally:
        gc.enable()
