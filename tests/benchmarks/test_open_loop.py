"""The open-loop generator counts every request from the moment when it was due."""

from pathlib import Path

import pytest
import uvloop
from starlette.responses import Response

from benchmarks.exchange import post
from benchmarks.latencies import Latencies
from benchmarks.open_loop import main, open_loop
from benchmarks.ports import free_ports
from benchmarks.schedule import Load
from tests.benchmarks.slow import answering, raw, stalls_once


def run(url: str, rate: float, seconds: float, connections: int, **options: float) -> Latencies:
    """Put a load on a server."""
    return uvloop.run(open_loop(Load(post(url, b"{}"), rate, seconds, connections, **options)))  # type: ignore[arg-type]


def test_a_stall_is_felt_by_all_who_were_due_meanwhile() -> None:
    """Of 200 a second half a second's stall delays a hundred; a closed loop on four connections would tell of four."""
    with answering(stalls_once(at=60, seconds=0.5)) as url:
        found = run(url, rate=200, seconds=1.5, connections=4)

    assert (len(found.sorted_s), found.errors) == (300, 0)
    assert found.above(0.25) >= 45
    assert found.above(0.4) >= 15
    assert found.ms(1) >= 490
    assert found.ms(0.9) >= 200


def test_all_are_sent_at_their_rate() -> None:
    """The load lasts as long as it says, and a server that keeps up is not slowed."""
    with answering(lambda _: Response("{}")) as url:
        found = run(url, rate=300, seconds=0.5, connections=8)

    assert (len(found.sorted_s), found.statuses[200], found.unanswered) == (150, 150, 0)
    assert found.seconds >= 149 / 300


def test_random_moments_repeat_by_their_seed() -> None:
    """Of the same number on average, never evenly spaced."""
    request = post("http://127.0.0.1:1/", b"")
    one, same, other = (list(Load(request, 500, 2, 1, True, seed).moments()) for seed in (1, 1, 2))

    assert one == same != other
    assert 850 < len(one) < 1150
    assert one == sorted(one)
    assert one[-1] < 2
    assert list(Load(request, 4, 1, 1).moments()) == [0, 0.25, 0.5, 0.75]


def test_errors_are_counted_by_their_status() -> None:
    """Each third answer is a failure."""
    with answering(lambda number: Response(status_code=503 if number % 3 == 0 else 200)) as url:
        found = run(url, rate=300, seconds=0.2, connections=2)

    assert found.statuses == {200: 40, 503: 20}
    assert found.errors == 20


def test_lost_connections_are_errors_and_are_opened_again() -> None:
    """A server that hangs up without an answer fails every request, and the load goes on."""
    with raw(b"") as url:
        found = run(url, rate=200, seconds=0.3, connections=2, patience_s=2)

    assert (len(found.sorted_s), found.unanswered, found.errors) == (60, 60, 60)


def test_a_server_that_closes_after_each_answer_is_no_error() -> None:
    """A new connection takes the place of the closed one."""
    with raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}") as url:
        found = run(url, rate=100, seconds=0.3, connections=2)

    assert (found.statuses[200], found.unanswered) == (30, 0)


def test_what_is_never_answered_counts_with_the_time_that_was_waited() -> None:
    """Patience is bounded, and what it did not see is no better than its end."""
    with answering(stalls_once(at=0, seconds=1)) as url:
        found = run(url, rate=100, seconds=0.2, connections=1, patience_s=0.2)

    assert (len(found.sorted_s), found.unanswered) == (20, 20)
    assert found.ms(1) >= 390


@pytest.mark.parametrize(("rate", "seconds", "connections"), [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1e6, 3, 1)])
def test_a_load_is_bounded(rate: float, seconds: float, connections: int) -> None:
    """Nothing, or more than two million requests, is refused."""
    with pytest.raises(ValueError, match="more than"):
        Load(post("http://127.0.0.1:1/", b""), rate, seconds, connections)


def test_the_command_prints_percentiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It gives 1 where something was not answered with 200, and 2 where nobody listens."""
    body = tmp_path / "body"
    body.write_bytes(b"{}")
    options = ["--body", str(body), "--rate", "100", "--seconds", "0.2", "--connections", "2"]
    with answering(lambda _: Response("{}")) as url:
        assert main([url, *options, "--poisson", "--header", "x-who: me"]) == 0
    with answering(lambda _: Response(status_code=500)) as url:
        assert main([url, *options]) == 1
    with pytest.raises(SystemExit) as exit_code:
        main([f"http://127.0.0.1:{free_ports(1)[0]}/", *options])

    assert exit_code.value.code == 2
    assert "20 of 500, 0 unanswered" in (out := capsys.readouterr().out)
    assert "p50 " in out
    assert " ms " in out
