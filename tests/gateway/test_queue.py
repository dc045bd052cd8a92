"""What the next call takes of what waits."""

import asyncio
import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from contract import Feature, Table
from contract.features import Features, in_order
from contract.table import pack
from gateway.batching.caller import Caller, Reply
from gateway.batching.filling import Piece
from gateway.batching.queue import Queue

FEATURES = in_order([Feature(name="x", type="number", unit="", description="a number", example=1.0)])
OTHERS = in_order([Feature(name="x", type="number", unit="", description="another number", example=1.0)])


def table_of(rows: int, features: Features = FEATURES) -> Table:
    """Make a table with its row numbers."""
    return pack(features, {"x": list(range(rows))})


def calls(queue: Queue) -> list[list[Piece]]:
    """Take all that waits."""
    taken = []
    while pieces := queue.take():
        taken.append(pieces)
    return taken


def caller_of(rows: int, address: str = "", features: Features = FEATURES, within_s: float = math.inf) -> Caller:
    """Make a caller of so many rows, inside an event loop."""
    deadline = asyncio.get_running_loop().time() + within_s
    return Caller(Reply(1), 0, table_of(rows, features), "", deadline, address=address)


async def filled(sizes: Sequence[int], most_rows: int, addresses: str = "a") -> tuple[Queue, list[Caller]]:
    """Make a queue with callers of so many rows, from each of the addresses (a letter each) in turn."""
    queue = Queue(most_rows, 100_000)
    callers = [caller_of(size, addresses[index % len(addresses)]) for index, size in enumerate(sizes)]
    for caller in callers:
        assert not queue.append(caller)
    return queue, callers


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 40), st.sampled_from(["a", "ab", "abcde"]))
def test_every_row_is_taken_once(sizes: list[int], most_rows: int, addresses: str) -> None:
    """No call has more rows than it may, no small request is cut, and small ones of an address keep their order."""

    async def check() -> None:
        queue, callers = await filled(sizes, most_rows, addresses)
        waiting = queue.rows
        taken = calls(queue)
        pieces = [piece for call in taken for piece in call]

        assert waiting == sum(sizes)
        assert queue.rows == queue.held == 0
        assert all(sum(piece.rows for piece in call) <= most_rows for call in taken)
        for caller in callers:
            own = [(piece.start, piece.stop) for piece in pieces if piece.caller is caller]
            rows = [row for start, stop in sorted(own) for row in range(start, stop)]
            assert rows == list(range(caller.table.rows))
            assert len(own) == 1 or caller.table.rows > most_rows
        for address in addresses:
            small = [caller for caller in callers if caller.table.rows <= most_rows and caller.address == address]
            assert [piece.caller for piece in pieces if piece.caller in small] == small
        assert all(list(piece.table.columns["x"]) == list(range(piece.start, piece.stop)) for piece in pieces)

    asyncio.run(check())


def test_a_large_request_alone_takes_whole_calls() -> None:
    """Nobody else is there: it is cut into as few calls as can be."""

    async def check() -> None:
        queue, _ = await filled([100], 32)

        assert [[piece.rows for piece in call] for call in calls(queue)] == [[32], [32], [32], [4]]

    asyncio.run(check())


def test_large_requests_share_whole_calls() -> None:
    """With nobody else there, two of them take half of each call in turn."""

    async def check() -> None:
        queue, (one, other) = await filled([64, 64], 32)
        taken = calls(queue)

        assert [sum(piece.rows for piece in call) for call in taken] == [32] * 4
        assert {piece.caller for piece in taken[0]} == {one, other}

    asyncio.run(check())


def test_who_comes_behind_a_large_request_is_in_the_next_call() -> None:
    """The large one has a quarter of that call, and no more."""

    async def check() -> None:
        queue, (_, small, other) = await filled([100, 1, 2], 32)
        first = queue.take()

        assert [piece.caller for piece in first][1:] == [small, other]
        assert [piece.rows for piece in first] == [8, 1, 2]

    asyncio.run(check())


def test_who_has_gone_is_not_asked_for() -> None:
    """A caller whose deadline has passed, or one of whose models has failed, takes no room."""

    async def check() -> None:
        queue, (gone, other) = await filled([3, 2], 32)
        gone.reply.future.cancel()

        assert queue.rows == 2
        assert [piece.caller for piece in queue.take()] == [other]
        assert queue.take() == []

    asyncio.run(check())


def test_whose_deadline_has_passed_is_not_asked_for() -> None:
    """Though its timer has not run yet, as in a turn of the event loop that took long."""

    async def check() -> None:
        queue, (expired, other) = await filled([3, 2], 32)
        expired.deadline = asyncio.get_running_loop().time()

        assert not expired.gone
        assert [piece.caller for piece in queue.take()] == [other]

    asyncio.run(check())


def test_records_of_two_contracts_are_asked_apart() -> None:
    """While a model changes its features, what was read by the old ones is a call of its own."""

    async def check() -> None:
        queue, _ = await filled([1, 1], 32)
        for features in (OTHERS, OTHERS, FEATURES):
            queue.append(caller_of(1, "a", features))

        assert [len(call) for call in calls(queue)] == [2, 2, 1]

    asyncio.run(check())
