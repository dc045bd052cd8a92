"""A deadline ends what a task does as asyncio's own timeout would."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.deadline import Deadline

NOW = 0.0


async def under(outer: float, inner: float, also: Callable[[asyncio.Task[str]], object] = lambda _: None) -> str:
    """Wait under two deadlines, from now on, and give what ended it; `also` happens in the turn before they pass."""

    async def waiting() -> str:
        loop = asyncio.get_running_loop()
        try:
            with Deadline(loop.time() + outer):
                try:
                    with Deadline(loop.time() + inner):
                        await loop.create_future()
                except TimeoutError:
                    await asyncio.sleep(0)
                    return "the inner one"
        except TimeoutError:
            await asyncio.sleep(0)
            return "the outer one"
        return "nothing"

    task = asyncio.create_task(waiting())
    await asyncio.sleep(0)
    also(task)
    return await task


@pytest.mark.parametrize(("outer", "inner", "ended"), [(9, 0.01, "the inner one"), (0.01, 9, "the outer one")])
def test_the_first_deadline_is_the_end(outer: float, inner: float, ended: str) -> None:
    """Each tells its own from that of the other."""
    assert asyncio.run(under(outer, inner)) == ended


def test_of_two_that_pass_together_the_outer_one_is_the_end() -> None:
    """Both cancel the task in one turn; one of them is not enough to go on."""
    assert asyncio.run(under(NOW, NOW)) == "the outer one"


def test_who_is_cancelled_as_well_is_cancelled() -> None:
    """In the turn in which a deadline passes, by somebody who means it."""
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(under(9, NOW, lambda task: task.cancel()))


@pytest.mark.parametrize(("said", "then"), [(9, 0.01), (0.01, 9)])
def test_it_is_brought_forward_and_never_put_off(said: float, then: float) -> None:
    """The nearer of the two counts."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = Deadline(began + said)
        try:
            with deadline:
                deadline.bring_forward(began + then)
                await loop.create_future()
        except TimeoutError:
            await asyncio.sleep(0)

        assert deadline.expired
        assert deadline.at == began + 0.01

    asyncio.run(check())


def test_it_is_not_brought_to_the_past_without_a_word() -> None:
    """What is over ends at once, and does not end anything afterwards."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError), Deadline(loop.time() + 9) as deadline:
            deadline.bring_forward(loop.time())
        await asyncio.sleep(0.01)

    asyncio.run(check())


def test_what_was_done_in_time_stays_done() -> None:
    """Nothing happens afterwards, and a failure is not a deadline's."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        with Deadline(loop.time() + 0.3):
            await asyncio.sleep(0)
        with pytest.raises(ValueError, match="no"), Deadline(loop.time() + 0.3):
            raise ValueError("no")
        await asyncio.sleep(0.4)

    asyncio.run(check())
