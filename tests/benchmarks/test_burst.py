"""A burst sends from many new clients at one moment."""

import asyncio

from starlette.responses import Response

from benchmarks.burst import burst, read_target
from benchmarks.measure import burst_p99_ms
from tests.benchmarks.slow import answering, raw, stalls_once
from tests.conftest import free_ports


def test_every_client_is_answered() -> None:
    """Each on a connection of its own."""
    with answering(lambda _: Response("{}")) as url:
        found = asyncio.run(burst(read_target(url, b"{}", None), 100, warm=0, stay=False))

    assert (len(found.new), found.failed) == (100, 0)


def test_a_stall_is_felt_by_all() -> None:
    """All were due before it."""
    with answering(stalls_once(at=0, seconds=0.4)) as url:
        assert asyncio.run(burst_p99_ms(url, b"{}")) >= 300


def test_clients_without_an_answer_are_counted() -> None:
    """Whether the server hangs up or nobody listens, and not as quick ones."""
    with raw(b"") as url:
        lost = asyncio.run(burst(read_target(url, b"{}", None), 10, warm=0, stay=False))
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}/"

    assert (lost.new, lost.failed) == ([], 10)
    assert asyncio.run(burst_p99_ms(nobody, b"{}")) == 20_000
