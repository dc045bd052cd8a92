"""Who may wait for a model, and how callers from several addresses share it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batching.caller import Caller
from gateway.batching.filling import Piece
from gateway.batching.queue import LOOKED_AT, Queue
from tests.gateway.test_queue import caller_of

LARGE = 1000


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def rows_of(pieces: Sequence[Piece]) -> Counter[str]:
    """Count the rows of a call by address."""
    found: Counter[str] = Counter()
    for piece in pieces:
        found[piece.caller.address] += piece.rows
    return found


def queue_of(bound: int, waiting: str = "", most_rows: int = 8) -> tuple[Queue, list[Caller]]:
    """Make a queue in which a row waits for each letter, which is its address."""
    queue = Queue(most_rows, bound)
    callers = [caller_of(1, letter) for letter in waiting]
    for caller in callers:
        assert not queue.append(caller)
    return queue, callers


@in_loop
async def test_a_flood_takes_its_share_only() -> None:
    """Whoever comes behind a thousand requests of another address is in the next call."""
    queue, _ = queue_of(LARGE, "f" * 900 + "a" + "b")
    call = queue.take()

    assert rows_of(call) == {"f": 6, "a": 1, "b": 1}


@in_loop
async def test_addresses_share_by_rows_and_not_by_requests() -> None:
    """One that sends three rows at a time has as many answered as one that sends single ones."""
    queue = Queue(8, LARGE)
    for _ in range(60):
        queue.append(caller_of(3, "a"))
        for _ in range(3):
            queue.append(caller_of(1, "b"))
    taken = Counter[str]()
    for _ in range(20):
        taken += rows_of(queue.take())

    assert abs(taken["a"] - taken["b"]) <= 8


@in_loop
async def test_nothing_is_saved_up_by_who_is_alone() -> None:
    """However long it asked for less than whole calls, it has no more than its share when another comes."""
    queue = Queue(8, LARGE)
    for _ in range(100):
        queue.append(caller_of(1, "a"))
        queue.take()
    for _ in range(200):
        queue.append(caller_of(1, "a"))
        queue.append(caller_of(1, "b"))
    taken = Counter[str]()
    for _ in range(20):
        taken += rows_of(queue.take())

    assert abs(taken["a"] - taken["b"]) <= 16


@in_loop
async def test_a_request_that_fills_a_call_has_its_turn_among_small_ones() -> None:
    """It finds no room beside them in one call, and is the first of the next."""
    queue, _ = queue_of(LARGE, "s" * 100)
    whole = caller_of(8, "w")
    queue.append(whole)
    calls = [queue.take() for _ in range(4)]

    assert [piece.caller is whole for call in calls for piece in call].count(True) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 20)), max_size=60), st.integers(1, 40))
@in_loop
async def test_no_more_wait_than_may(requests: list[tuple[str, int]], bound: int) -> None:
    """Everybody is either among those who wait or refused, and a request alone always finds room."""
    queue, refused, callers = Queue(8, bound), list[Caller](), list[Caller]()
    for address, rows in requests:
        callers.append(caller_of(rows, address))
        refused += queue.append(callers[-1])
        waiting = [caller for line in queue.lines.values() for caller in line.callers]

        assert queue.held == queue.rows == sum(line.rows for line in queue.lines.values())
        assert queue.rows <= bound or len(waiting) == 1
        assert {*waiting, *refused} == {*callers}
        assert len(waiting) + len(refused) == len(callers)


@in_loop
async def test_a_full_queue_refuses_the_newcomer_of_the_address_that_has_the_most() -> None:
    """Those who wait keep their places."""
    queue, _ = queue_of(10, "f" * 9 + "a")
    newcomer = caller_of(1, "f")

    assert queue.append(newcomer) == [newcomer]
    assert queue.rows == 10


@in_loop
async def test_a_full_queue_makes_room_for_an_address_that_has_less() -> None:
    """The newest requests of the one with the most rows are refused, so many as must be."""
    queue, waiting = queue_of(10, "f" * 9 + "a")

    assert queue.append(caller_of(3, "b")) == waiting[8:5:-1]
    assert {address: line.rows for address, line in queue.lines.items()} == {"f": 6, "a": 1, "b": 3}


@in_loop
async def test_who_has_gone_makes_room_first() -> None:
    """Whose deadline has passed or who has left is dropped before anybody is refused."""
    queue, waiting = queue_of(10, "f" * 10)
    for caller in waiting[2:5]:
        caller.reply.future.cancel()

    assert [len(queue.append(caller_of(1, "f"))) for _ in range(4)] == [0, 0, 0, 1]


@in_loop
async def test_a_long_queue_is_looked_through_now_and_then() -> None:
    """For each refusal so many are looked at, so that a flood of refusals costs little."""
    queue, waiting = queue_of(4 * LOOKED_AT, "f" * 4 * LOOKED_AT)
    for caller in waiting:
        caller.reply.future.cancel()

    assert [len(queue.append(caller_of(1, "f"))) for _ in range(4)] == [1, 1, 1, 0]


@pytest.mark.parametrize(("within_s", "refused"), [(2.9, 1), (3.5, 0)])
@in_loop
async def test_who_would_be_answered_too_late_is_refused_at_once(within_s: float, refused: int) -> None:
    """Two full calls of a second each come before its own."""
    queue, _ = queue_of(LARGE, "f" * 16)
    queue.note_full_call(1.0)

    assert len(queue.append(caller_of(1, "f", within_s=within_s))) == refused
    assert not queue.append(caller_of(1, "a", within_s=within_s))  # whose turn comes before


@pytest.mark.parametrize(("rows", "many"), [(3, False), (4, True), (20, True)])
@in_loop
async def test_small_calls_say_nothing_of_the_time_of_full_ones(rows: int, many: bool) -> None:
    """One row may take as long as eight: who estimates by it refuses what could be done."""
    queue, _ = queue_of(LARGE, "f" * rows)
    queue.take()

    assert queue.took_many is many
