"""The closed loop keeps every caller busy until the time is over, and counts how requests end."""

import asyncio

from starlette.responses import Response

from benchmarks.closed_loop import PATIENCE_S, closed_loop, connected
from benchmarks.exchange import post
from benchmarks.latencies import Latencies
from benchmarks.peers.echo import app as echo
from tests.benchmarks.slow import answering, raw
from tests.serving import served


def test_every_connection_sends_again_until_the_time_is_over() -> None:
    """What is under way then is still counted, and the next load goes over the same connections."""

    async def twice(url: str) -> tuple[Latencies, Latencies]:
        async with connected(post(url, b"a" * 300_000), 3) as loop:  # comes back in many parts
            return await loop.load(0.1), await loop.load(0)

    with served(echo) as port:
        first, second = asyncio.run(twice(f"http://127.0.0.1:{port}/"))

    assert first.statuses[200] >= 3
    assert len(first.sorted_s) == first.answered
    assert second.statuses == {200: 3}


def test_other_answers_than_200_are_errors() -> None:
    """Each is counted by its status."""
    with answering(lambda number: Response("{}", status_code=503 if number % 2 else 200)) as url:
        found = asyncio.run(closed_loop(post(url, b"{}"), 1, 1))

    assert 0 < found.errors == found.statuses[503] < found.answered


def test_a_server_that_hangs_up_is_an_error_and_is_called_again() -> None:
    """The load ends in time all the same."""
    with raw(b"") as url:
        found = asyncio.run(closed_loop(post(url, b"{}"), 2, 1))

    assert found.unanswered == len(found.sorted_s) > 2
    assert found.seconds < PATIENCE_S / 2
