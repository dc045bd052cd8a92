"""What was refused is told apart from what was answered."""

import uvloop
from starlette.responses import Response

from benchmarks.exchange import post
from benchmarks.overload import line, parted
from benchmarks.schedule import Load
from tests.benchmarks.slow import answering


def test_answers_and_refusals_have_latencies_of_their_own() -> None:
    """Each counts from the moment when it was due; a line says both."""
    with answering(lambda number: Response(status_code=503 if number % 3 == 0 else 200)) as url:
        found = uvloop.run(parted(Load(post(url, b"{}"), 300, 0.2, 8)))
    written = line("some", found)

    assert (len(found.of(200).sorted_s), len(found.of(503).sorted_s)) == (40, 20)
    assert "200/s answered" in written
    assert "100/s refused" in written
    assert "0 others" in written
