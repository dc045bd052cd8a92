"""The gateway itself ends, or its settings change, while callers ask: a gateway of each row's own."""

import contextlib
import json
import shutil
import signal
import threading
from collections.abc import Callable, Iterator

from tests.faults.outcomes import ANSWERED, NOTHING, Outcome
from tests.faults.row import DEADLINE_S, Arrange, Row, on_the_way
from tests.faults.stack import MARGIN, Stack
from tests.faults.wire import delayed_since, stalled
from tests.serving import wait_until

CHANGES = "a change of the settings costs no request"
ENDS = "whoever is under way at the end is answered"
CALLERS = ("plain", "plain", "both", "both")
MORE_ANSWERS = 10
LATE_S = 0.5
"""How long after the signal they are answered: the gateway closes its door meanwhile."""

CALLERS_WAIT_S = 30
SOON_S = CALLERS_WAIT_S / 2
"""Who ends later may have waited for the callers; it takes half a second on a machine with nothing else to do."""


def row(what: str, promise: str, arrange: Arrange, expect: Outcome = ANSWERED, **settings: float) -> Row:
    """Make a row of a gateway with settings of its own."""
    return Row(what, promise, arrange, (expect,), DEADLINE_S, CALLERS, neighbours=(), settings=settings)


@contextlib.contextmanager
def asked_on_and_on(stack: Stack) -> Iterator[Callable[[], None]]:
    """Ask without a pause, and check each answer; gives what waits for some more of them."""
    over, right = threading.Event(), [0, 0]

    def ask(which: int) -> None:
        while not over.is_set() and stack.answers():
            right[which] += 1

    def go_on() -> None:
        before = list(right)
        wait_until(lambda: all(now >= then + MORE_ANSWERS for now, then in zip(right, before, strict=True)))

    threads = [threading.Thread(target=ask, args=[which]) for which in range(len(right))]
    for thread in threads:
        thread.start()
    try:
        yield go_on
        go_on()  # which a caller who was not answered rightly does not
    finally:
        over.set()
        for thread in threads:
            thread.join(DEADLINE_S * MARGIN)


def changed(change: Callable[[Stack], None], outcome: str, logged: str) -> Arrange:
    """Change the file of the settings under load, and wait until that is taken over, or refused, and told."""

    @contextlib.contextmanager
    def arrange(stack: Stack) -> Iterator[None]:
        with asked_on_and_on(stack) as go_on:
            go_on()
            change(stack)
            wait_until(lambda: stack.metrics()["bentogate_reloads_total", "settings", outcome])
            assert stack.metrics()["bentogate_reload_refused", "settings"] == (outcome == "refused")
            wait_until(lambda: logged in stack.gateway.log.read_text())
            yield

    return arrange


def cut_short(stack: Stack) -> None:
    """Write half of the file, as a disk does that is full."""
    text = stack.gateway.path.read_text()
    stack.gateway.path.write_text(text[: len(text) // 2])


def misnamed(stack: Stack) -> None:
    """Name a default that there is not."""
    stack.gateway.path.write_text(text_of(stack).replace('"default": "both"', '"default": "bth"'))


def elsewhere(stack: Stack) -> None:
    """Have another address for a model."""
    stack.gateway.path.write_text(text_of(stack).replace(f":{stack.way.port}", f":{stack.plain.port}"))


def swapped(stack: Stack) -> None:
    """Do the same as the kubelet does where a ConfigMap is mounted: by a link on the way to the file."""
    path = stack.gateway.path
    folders = [path.parent / name for name in ("..2026_1", "..2026_2")]
    for folder in folders:
        folder.mkdir()
        (folder / path.name).write_text(path.read_text())
    data, link = path.parent / "..data", path.parent / "link"
    data.symlink_to(folders[0].name)
    link.symlink_to(f"..data/{path.name}")
    link.rename(path)
    text = text_of(stack).replace(f":{stack.way.port}", f":{stack.plain.port}")
    (folders[1] / path.name).write_text(text)
    link.symlink_to(folders[1].name)
    link.rename(data)
    shutil.rmtree(folders[0])


def text_of(stack: Stack) -> str:
    """Give the settings as the file holds them."""
    return json.dumps(stack.gateway.settings)


@contextlib.contextmanager
def ended(stack: Stack) -> Iterator[None]:
    """End it by SIGTERM while all of them are under way, and start it again."""
    with when_all_wait(stack, 1) as sent, on_the_way(delayed_since(sent, LATE_S))(stack):
        yield
    assert stack.gateway.process.wait(SOON_S) == 0
    stack.gateway.start()


@contextlib.contextmanager
def ended_twice(stack: Stack) -> Iterator[None]:
    """Have a second SIGTERM follow, while the model is silent: nobody waits for that."""
    with when_all_wait(stack, 2), on_the_way(stalled("nothing"))(stack):
        yield
        assert stack.gateway.process.wait(SOON_S) == 0
    stack.gateway.start()


@contextlib.contextmanager
def when_all_wait(stack: Stack, times: int) -> Iterator[threading.Event]:
    """Send SIGTERM so often as soon as every caller waits for `plain`; gives what says that it is sent.

    Tasks of the gateway tell less: a caller who is there has several, and one who is not there yet would be refused.
    """

    def rows() -> float:
        now = stack.metrics()
        return now["bentogate_batch_rows_sum", "plain"] + now["bentogate_queued_rows", "plain"]

    before, sent = rows(), threading.Event()

    def end() -> None:
        wait_until(lambda: rows() >= before + len(CALLERS))
        for _ in range(times):
            stack.gateway.process.send_signal(signal.SIGTERM)
            wait_until(lambda: '"event": "ending"' in stack.gateway.log.read_text())
        sent.set()

    thread = threading.Thread(target=end)
    thread.start()
    try:
        yield sent
    finally:
        thread.join(DEADLINE_S * MARGIN)


REFUSED = "a change of the settings is refused, the old ones stay"
TAKEN = "took over a change of the settings"

ROWS = [
    row("half of a file of settings", CHANGES, changed(cut_short, "refused", REFUSED)),
    row("settings that name a default that there is not", CHANGES, changed(misnamed, "refused", "default names 'bth'")),
    row("settings with another address of a model", CHANGES, changed(elsewhere, "taken", TAKEN)),
    row("settings of a ConfigMap that is exchanged", CHANGES, changed(swapped, "taken", TAKEN)),
    row("SIGTERM to the gateway", ENDS, ended, timeout_s=CALLERS_WAIT_S),
    row("SIGTERM to the gateway, which drains for a second", ENDS, ended, timeout_s=CALLERS_WAIT_S, drain_s=1),
    row("two SIGTERM to the gateway", "who does not want to wait for the end need not", ended_twice, NOTHING,
        timeout_s=CALLERS_WAIT_S),
]  # fmt: skip
