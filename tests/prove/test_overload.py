"""Ten times as much as a model can do: what it can is answered as fast as always, the rest refused at once."""

import msgspec
import pytest
import uvloop

from benchmarks.exchange import post
from benchmarks.flood import CALL_S, NORMAL, ROWS, Extent, Found, flooded
from tests.faults.stack import MARGIN
from tests.gateway.conftest import PLAIN
from tests.prove.held import PATH, held

NORMAL_AFTER_S = 5.0
LEAST_GOODPUT = 0.9
MOST_UNSENT = 0.01
"""Where more is due than this machine can carry, it is no flood of ten times."""

FULL, SHORT = Extent(10, 30, 30), Extent(0.5, 5, 1, again=1)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, in_full: bool) -> Found:
    """Flood a model once."""
    with held(tmp_path_factory.mktemp("overload"), {"max_queued_rows": ROWS}) as client:
        url = f"{str(client.base_url).rstrip('/')}{PATH}"
        request = post(url, msgspec.json.encode({"instances": [PLAIN]}))
        return uvloop.run(flooded(request, FULL if in_full else SHORT, NORMAL_AFTER_S * MARGIN))


def test_whatever_is_asked_is_answered_or_refused(found: Found) -> None:
    """Nothing is lost or fails, and each refusal says why, and when to come again."""
    for run in (found.ordinary, *found.peaks, *(flood.run for flood in found.floods.values())):
        assert set(run.parts) <= {200, 503}
        assert run.unanswered == 0
        assert run.goodput > 0
        assert {reason for reason, _ in run.reasons} <= {"overloaded"}
        assert {again for _, again in run.reasons} <= {"1", "2", "3"}


def test_all_is_normal_again_after_it(found: Found, in_full: bool) -> None:
    """Callers from the same address are all answered and as fast as before, whoever asked how often."""
    for title, flood in found.floods.items():
        assert flood.normal_after_s is not None, title
        assert flood.normal_after_s < NORMAL_AFTER_S or not in_full, title


def test_what_the_model_can_do_is_answered_as_fast_as_always(found: Found, in_full: bool) -> None:
    """And who is refused does not wait even for one call."""
    print("", *found.lines(), sep="\n")  # noqa: T201
    flood = next(iter(found.floods.values())).run
    if in_full:
        assert flood.unsent <= MOST_UNSENT * len(flood.took)
        assert flood.goodput >= LEAST_GOODPUT * found.peak
        assert flood.of(200).ms(0.99) <= NORMAL * found.ordinary.of(200).ms(0.99)
        assert flood.of(503).ms(0.99) <= CALL_S * 1e3
