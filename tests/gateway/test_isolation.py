"""A joined call that fails: who is to blame fails alone, and the model is not asked too often to find out."""

import asyncio
import math
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.artifact import Model, load
from contract.table import Array
from gateway.errors import BackendFault, BackendUnreachable, DeadlineExceeded
from tests.gateway.test_batcher import Stub, answered, ask, batcher, counted, is_right, rows_of

CALLS_EACH = 2.2
"""So many further calls for each request are made at most, however many are guilty; with random ones 1.5."""


@pytest.fixture(scope="module")
def model(stored_plain: Path) -> Model:
    """Load the tiny plain model."""
    return load(stored_plain)


def widths_of(callers: int) -> list[list[float]]:
    """Give each caller a record of its own."""
    return [[1.0 + index / 100] for index in range(callers)]


def fails_on(guilty: Collection[int]) -> Callable[[Array], Exception | None]:
    """Fail at every call with a record of one of these callers."""
    wrong = [1.0 + index / 100 for index in guilty]
    return lambda asked: BackendFault("refused", model="plain") if np.isin(asked, wrong).any() else None


@given(callers=st.integers(2, 64), data=st.data())
def test_one_guilty_record_costs_only_its_own_request(model: Model, callers: int, data: st.DataObject) -> None:
    """It is found with at most log2(n) + 1 further calls, which are counted; all others are answered."""
    guilty = data.draw(st.integers(0, callers - 1))
    widths = widths_of(callers)

    async def check() -> None:
        one, metrics = batcher(Stub(model, fails_on([guilty])))
        outcomes = await ask(one, model, widths)

        for index, outcome in enumerate(outcomes):
            assert isinstance(outcome, BackendFault) if index == guilty else is_right(outcome, model, widths[index])
        assert counted(metrics, "isolation_calls") <= math.ceil(math.log2(callers)) + 1
        assert counted(metrics, "rows") == callers - 1

    asyncio.run(check())


@given(callers=st.integers(1, 40), data=st.data())
def test_several_guilty_records_cost_only_their_own_requests(model: Model, callers: int, data: st.DataObject) -> None:
    """Whichever of the callers they are, all of them even, which is a model that fails at everything."""
    guilty = data.draw(st.sets(st.integers(0, callers - 1)) | st.just(set(range(callers))))
    widths = widths_of(callers)

    async def check() -> None:
        one, metrics = batcher(Stub(model, fails_on(guilty)))
        outcomes = await ask(one, model, widths)

        for index, outcome in enumerate(outcomes):
            assert isinstance(outcome, BackendFault) if index in guilty else is_right(outcome, model, widths[index])
        assert counted(metrics, "isolation_calls") <= CALLS_EACH * callers

    asyncio.run(check())


@given(callers=st.integers(2, 24), data=st.data())
def test_who_leaves_is_not_paid_for_by_another(model: Model, callers: int, data: st.DataObject) -> None:
    """Whoever leaves, guilty or not, and during whichever call: of those who stay only the guilty are refused."""
    index = st.integers(0, callers - 1)
    guilty = data.draw(st.sets(index, min_size=1, max_size=3))
    leaving = data.draw(st.dictionaries(index, st.integers(1, 6), max_size=3))  # who, and during which call
    widths = widths_of(callers)

    async def check() -> None:
        stub = Stub(model)
        one, _ = batcher(stub)
        blame = fails_on(guilty)
        deadline = asyncio.get_running_loop().time() + 10
        work = [asyncio.create_task(answered(one, rows_of(model, row), deadline)) for row in widths]

        def fails(asked: Array) -> Exception | None:
            for who, call in leaving.items():
                if call == len(stub.asked):
                    work[who].cancel()
            return blame(asked)

        stub.fails = fails
        outcomes = await asyncio.gather(*work, return_exceptions=True)

        for index, outcome in enumerate(outcomes):
            if not isinstance(outcome, asyncio.CancelledError):
                assert isinstance(outcome, BackendFault) == (index in guilty)

    asyncio.run(check())


@given(callers=st.integers(2, 64))
def test_a_failure_that_does_not_come_again_is_nobodys(model: Model, callers: int) -> None:
    """The last suspect is asked alone before it is refused where all the others were answered."""
    widths = widths_of(callers)

    async def check() -> None:
        stub = Stub(model)
        stub.fails = lambda _: BackendFault("once") if len(stub.asked) == 1 else None
        one, metrics = batcher(stub)
        outcomes = await ask(one, model, widths)

        assert all(is_right(outcome, model, row) for outcome, row in zip(outcomes, widths, strict=True))
        assert counted(metrics, "isolation_calls") <= math.ceil(math.log2(callers)) + 1

    asyncio.run(check())


def test_a_failure_in_the_midst_of_the_search_ends_it(model: Model) -> None:
    """A model that dies meanwhile is asked no more: who has no answer yet is told so."""

    async def check() -> None:
        stub = Stub(model)
        stub.fails = lambda _: BackendFault("no") if len(stub.asked) == 1 else BackendUnreachable("gone")
        one, _ = batcher(stub)
        outcomes = await ask(one, model, [[1.0], [2.0], [3.0]])

        assert [type(outcome) for outcome in outcomes] == [BackendUnreachable] * 3
        assert len(stub.asked) == 2

    asyncio.run(check())


def test_the_search_ends_at_the_latest_deadline(model: Model) -> None:
    """And not with the half that is asked, whose callers may have less time left."""

    async def check() -> None:
        stub = Stub(model)
        one, _ = batcher(stub)
        loop = asyncio.get_running_loop()
        began = loop.time()

        def fails(_: Array) -> Exception:
            stub.gate = asyncio.Event()  # nothing is answered from now on
            return BackendFault("no")

        stub.fails = fails
        work = [answered(one, rows_of(model, [1.0]), began + within) for within in (0.3, 0.5)]
        outcomes = await asyncio.gather(*(asyncio.wait_for(one, 5) for one in work), return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [DeadlineExceeded] * 2
        assert loop.time() - began >= 0.5

    asyncio.run(check())
