"""A burst sends from many new clients at one moment."""

import asyncio

from starlette.responses import Response

from benchmarks.burst import burst
from benchmarks.exchange import post
from benchmarks.ports import free_ports
from tests.benchmarks.slow import answering, raw, stalls_once


def test_every_client_is_answered() -> None:
    """Each on a connection of its own, those that stay go on asking, and warm ones ask meanwhile."""
    with answering(lambda _: Response("{}")) as url:
        new, none = asyncio.run(burst(post(url, b"{}"), 100))
        staying, warm = asyncio.run(burst(post(url, b"{}"), 20, warm=2, stay=True))

    assert (len(new.sorted_s), new.errors, len(none.sorted_s)) == (100, 0, 0)
    assert (len(staying.sorted_s), staying.errors, warm.errors) == (20, 0, 0)
    assert len(warm.sorted_s) > 0


def test_a_stall_is_felt_by_all() -> None:
    """All were due before it."""
    with answering(stalls_once(at=0, seconds=0.4)) as url:
        new, _ = asyncio.run(burst(post(url, b"{}"), 50))

    assert new.ms(0) >= 300


def test_clients_without_a_right_answer_count_as_the_slowest() -> None:
    """Whether the server hangs up, refuses, or nobody listens, and not as quick ones."""
    with raw(b"") as url:
        lost, _ = asyncio.run(burst(post(url, b"{}"), 10))
    with answering(lambda _: Response(status_code=503)) as url:
        refused, _ = asyncio.run(burst(post(url, b"{}"), 10))
    nobody, _ = asyncio.run(burst(post(f"http://127.0.0.1:{free_ports(1)[0]}/", b"{}"), 10))

    for found in (lost, refused, nobody):
        assert (found.ms(0), found.unanswered) == (20_000, 10)
