"""Restarting gateways and models, one after the other, under load: no request is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.latencies import Latencies
from tests.prove.asking import asking
from tests.prove.doubled import Doubled, doubled
from tests.serving import wait_until

RATE = 500


@pytest.fixture(scope="module")
def stack(stored_plain: Path, stored_mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    """Run it all."""
    assert stored_plain.name
    assert stored_mixed.name
    with doubled(tmp_path_factory.mktemp("rolling")) as stack:
        yield stack


@pytest.mark.parametrize(("what", "in_short"), [("gateways", 20_000), ("replicas", 5_000)])
def test_a_rolling_restart_loses_nothing(stack: Doubled, what: str, in_short: int, *, in_full: bool) -> None:
    """Each request, 500 of them a second, is answered once and rightly; who asks, and HAProxy, ask nothing again."""
    roll: Callable[[], None] = {"gateways": stack.roll_gateways, "replicas": stack.roll_replicas}[what]
    wanted = 100_000 if in_full else in_short
    rolled = 0
    with asking(stack.proxy.port, stack.canaries, RATE, what) as load:
        while rolled == 0 or len(load.heard) < wanted:
            roll()
            rolled += 1
    took = Latencies(sorted(one.seconds for one in load.heard))
    rate = len(load.heard) / load.seconds
    asked = f"{len(load.heard)} requests, {rate:.0f}/s, p99 {took.ms(0.99):.0f} ms, the longest {took.ms(1):.0f}"
    print(f"{what} were restarted {rolled} times: {asked}")  # noqa: T201 (judged nowhere else)

    assert [one for one in load.heard if one.wrong] == [], stack.proxy.log.read_text()
    once = Counter((one.id, 200) for one in load.heard)
    assert set(once.values()) == {1}
    wait_until(lambda: stack.recorded(what) == once)  # records are written some time later
    assert not in_full or rate > 0.95 * RATE
