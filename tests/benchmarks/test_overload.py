"""What was refused is told apart from what was answered, and may be asked again; callers who share are compared."""

import json

import uvloop
from starlette.responses import Response

from benchmarks.exchange import post
from benchmarks.fair import CALLERS, GREEDY, by_address, by_forwarding, shared
from benchmarks.flood import line
from benchmarks.parted import Parted, Persistence, parted
from benchmarks.schedule import Load
from tests.benchmarks.slow import Answer, answering

BUSY = json.dumps({"reason": "overloaded"})


def refusing(first: int) -> Answer:
    """Refuse so many requests, and answer from then on."""
    return lambda number: Response(BUSY, 503, {"retry-after": "1"}) if number < first else Response("{}")


def run(answer: Answer, persistence: Persistence, seconds: float = 0.2) -> Parted:
    """Ask fifty times a second, over as many connections as requests: none is left out since it found none for long."""
    with answering(answer) as url:
        return uvloop.run(parted(Load(post(url, b"{}"), 50, seconds, 10), persistence))


def test_answers_and_refusals_have_latencies_of_their_own() -> None:
    """Each counts from the moment when it was due; a line says both, and as answered those until the load's end."""
    with answering(lambda number: Response(status_code=503 if number % 3 == 0 else 200)) as url:
        found = uvloop.run(parted(Load(post(url, b"{}"), 300, 0.2, 60)))
    written = line("some", found)

    assert (len(found.of(200).sorted_s), len(found.of(503).sorted_s)) == (40, 20)
    assert found.goodput <= 200  # the last is due at the end
    assert f" {found.goodput:.0f}/s answered" in written
    assert "100/s refused" in written
    assert "0 others" in written
    assert found.reasons == {("", None): 20}
    assert found.refused_for_good == 20


def test_who_is_refused_asks_again_at_once() -> None:
    """As often as it may; each attempt counts from its own moment."""
    found = run(refusing(1000), Persistence(3))

    assert (len(found.parts[503]), found.refused_for_good, found.unsent) == (40, 10, 0)
    assert found.reasons == {("overloaded", "1"): 40}
    assert run(refusing(2), Persistence(3)).statuses == {200: 10, 503: 2}


def test_who_is_refused_asks_again_when_it_is_told() -> None:
    """The load ends when the last of them has."""
    found = run(refusing(10), Persistence(1, when_told=True))

    assert (found.statuses, found.refused_for_good) == ({200: 10, 503: 10}, 0)
    assert found.sent.is_set()
    assert found.found().seconds >= 1
    assert (found.of(200).ms(1) < 900, found.goodput) == (True, 0)


def test_callers_who_share_are_compared() -> None:
    """All but the last ask for as much without and beside it; they come from different addresses, or say so."""
    with answering(lambda _: Response("{}")) as url:
        requests = by_address(post(url, b"{}"))
        found = uvloop.run(shared(requests, 20, 0.5))

    assert len({one.source for one in requests}) == len({one.content for one in by_forwarding(url, b"")}) == CALLERS
    assert [len(one.parts[200]) for one in (*found.alone, *found.beside)] == [10] * 2 * (CALLERS - 1)
    assert len(found.greedy.parts[200]) > GREEDY * 10 / 2
    assert f"{found.slower:.2f} times" in found.line("all")
