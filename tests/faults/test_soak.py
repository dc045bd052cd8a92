"""For minutes nothing but faults: no answer is wrong, none is missing, and nothing stays behind."""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.soak.books import Books
from tests.faults.soak.caller import Caller, Told
from tests.faults.soak.changes import Changes
from tests.faults.soak.forms import WAYS
from tests.faults.soak.memory import EVERY_S, growth
from tests.faults.soak.troubles import troubles
from tests.faults.stack import MARGIN, Stack, State
from tests.serving import wait_until

CALLERS = 12
MOST_MIB_PER_MINUTE = 1.0
REST_S = 60
TOLD_EVERY_S = 5

Work = Callable[[threading.Event], None]


def test_a_soak(stack: Stack, before: State, minutes: float, seed: int) -> None:
    """Under faults that a seed chooses all that is promised holds, and the gateway's memory does not grow."""
    tell(f"\n{minutes:g} minutes with seed {seed}")
    sources, told, books = troubles(stack, seed), Told(), Books(stack)
    changes = Changes(stack.gateway.path, random.Random(f"{seed} changes"))
    callers = [
        Caller(stack, random.Random(f"{seed} caller {number}"), told, sources, keeps=number % 2 == 0)
        for number in range(CALLERS)
    ]
    work = [changes.go_on, *(one.go_on for one in sources), *(one.go_on for one in callers)]
    memory: list[int] = []
    with changes.until_restored():
        for second in while_running(work, minutes * 60):
            memory.append(stack.gateway.running.memory_info().rss)
            books.read_on()
            if second % TOLD_EVERY_S == 0:
                made = changes.made.total() + sum(one.made.total() for one in sources)
                tell(f"{second} s, {len(told.statuses)} requests, {made} faults, {memory[-1] / 2**20:.1f} MiB")
    wait_until(stack.at_rest, REST_S)
    tell(outcome(told, sum((one.made for one in sources), changes.made)))
    agree(books, told)
    recovery_s, slope = stack.until_normal(before), growth(memory)
    most = MOST_MIB_PER_MINUTE * max(1, MARGIN / minutes)
    tell(f"normal after {recovery_s:.1f} s; memory grew by {slope:.2f} MiB a minute, at most {most:g} are allowed")

    assert {path for path, status in told.ways if status == 200} == {form.path.format(route) for route, form in WAYS}
    assert slope < most


def test_what_stays_behind_is_seen() -> None:
    """Growth is told from what comes and goes, and from a step, once it is long enough."""
    source = random.Random(7)
    busy = [100 * 2**20 + source.randrange(30 * 2**20) for _ in range(600)]
    stepped = [size + 3 * 2**20 * (second > 300) for second, size in enumerate(busy)]
    leaking = [size + second * 2**20 // 30 for second, size in enumerate(busy)]

    assert abs(growth(busy)) < MOST_MIB_PER_MINUTE
    assert abs(growth(stepped)) < MOST_MIB_PER_MINUTE
    assert 1.5 < growth(leaking) < 2.5


def while_running(work: Sequence[Work], seconds: float) -> Iterator[int]:
    """Have threads do work for so long, and give each second; raises what one of them raises."""
    over = threading.Event()
    with ThreadPoolExecutor(len(work)) as pool:
        running = [pool.submit(one, over) for one in work]
        try:
            began = time.monotonic()
            while (gone := time.monotonic() - began) < seconds and not any(one.done() for one in running):
                yield int(gone)
                over.wait(EVERY_S)
        finally:
            over.set()
        for one in running:
            one.result()


def agree(books: Books, told: Told) -> None:
    """Wait until the gateway's books are closed, and say the same as the callers."""
    found: list[str] = []

    def closed() -> bool:
        found[:] = books.differences(told)
        return not found

    try:
        wait_until(closed)
    except AssertionError:
        pytest.fail("\n".join(found[:20]))


def outcome(told: Told, made: Counter[str]) -> str:
    """Say what was made, and what came of it."""
    statuses, reasons = Counter(told.statuses.values()), Counter(told.reasons.values())
    return (
        f"{made.total()} faults of {len(made)} kinds; told {dict(sorted(statuses.items()))}, the slowest after "
        f"{told.slowest_s:.2f} s; on /v1 for {dict(reasons.most_common())}"
    )


def tell(line: str) -> None:
    """Write a line, which `make soak` shows at once, and pytest where the soak fails."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
