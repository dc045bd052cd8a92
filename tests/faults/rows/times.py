"""A model that is slow or silent: nobody waits longer than the deadline."""

from tests.faults.contents import said
from tests.faults.outcomes import ANSWERED, LATE, Outcome
from tests.faults.proxy import Fault
from tests.faults.row import DEADLINE_S, Arrange, Row, on_the_way
from tests.faults.wire import delayed, in_pieces, scripted, stalled

PROMISE = "nobody waits longer than the deadline"
SLOW = "who is slow but in time is waited for"
BESIDE = "a contract that is known holds"
ABOUT = (b"/artifact/contract ",)
"""Where the gateway asks a model for its contract, every `refresh_s`."""


def row(what: str, fault: Fault, *expect: Outcome, promise: str = PROMISE) -> Row:
    """Make a row of one fault of time."""
    return Row(what, promise, on_the_way(fault), expect or (LATE,), DEADLINE_S)


def beside(what: str, fault: Fault) -> Row:
    """Make a row of a fault that meets the question for the contract only."""
    arrange: Arrange = on_the_way(fault, ABOUT)
    return Row(what, BESIDE, arrange, (ANSWERED,), DEADLINE_S)


def hurried(what: str, fault: Fault, wish_ms: int) -> Row:
    """Make a row of callers who wait a shorter time than others, whom they share a call with."""
    others = ("plain", "plain", "mixed", "both")
    return Row(what, PROMISE, on_the_way(fault), (LATE,), wish_ms / 1000, ("plain", "both"), others, wish_ms=wish_ms)


ROWS = [
    row("answers 0.3 s late", delayed(0.3), ANSWERED, promise=SLOW),
    row("answers after the deadline", delayed(DEADLINE_S + 1)),
    row("answers in pieces of 64 bytes, 5 ms apart", in_pieces(64, 0.005), ANSWERED, promise=SLOW),
    row("silence after the request", stalled("nothing")),
    row("silence in the head of the answer", stalled("head")),
    row("silence after the head", stalled("body")),
    row("silence in the body", stalled("middle")),
    row("an interim answer (102), then nothing", scripted(b"HTTP/1.1 102 Processing\r\n\r\n")),
    hurried("answers 0.5 s late, to callers who wait 0.2 s, and others", delayed(0.5), 200),
    beside("its contract is garbage", scripted(said(200, b"\x00\xff"))),
    beside("its contract is not told any more (500)", scripted(said(500))),
    beside("its contract never comes", stalled("middle")),
]
