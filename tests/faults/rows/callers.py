"""Callers that are slow, broken or gone: each costs itself only."""

import json

from tests.faults.door import (
    garbled,
    gone_after,
    gone_in_the_answer,
    pipelined,
    saying,
    trickled,
    unfinished,
    unfinished_silence,
    with_connections,
    with_slow_model,
)
from tests.faults.outcomes import ANSWERED, LATE, MALFORMED, NOTHING, Outcome
from tests.faults.proxy import Fault
from tests.faults.row import DEADLINE_S, Row, at_the_door

PROMISE = "a broken caller costs only itself"
NEIGHBOURS = ("plain", "plain", "mixed", "both")


def row(
    what: str,
    fault: Fault,
    *expect: Outcome,
    promise: str = PROMISE,
    recorded: bool = True,
    model_late_s: float = 0,
) -> Row:
    """Make a row of one fault of callers, whose neighbours ask the same models; these may be late."""
    arrange = with_slow_model(fault, model_late_s) if model_late_s else at_the_door(fault)
    return Row(
        f"a caller {what}",
        promise,
        arrange,
        expect,
        DEADLINE_S,
        neighbours=NEIGHBOURS,
        by_door=True,
        recorded=recorded,
    )


def crowd(what: str, count: int, said: bytes) -> Row:
    """Make a row of many connections that are of no use, beside which all others are answered."""
    return Row(f"{count} connections {what}", PROMISE, with_connections(count, said), (ANSWERED,), DEADLINE_S)


RECORD = {"width": 5.0, "height": 3.0, "count": 4}
LARGE = json.dumps({"instances": [RECORD] * 5_000}).encode()
HEAD = b"POST /v1/models/plain:predict HTTP/1.1\r\nHost: gateway\r\nContent-Length: %d\r\n\r\n"

ROWS = [
    row("leaves in the head of its request (FIN)", unfinished("head", reset=False), NOTHING, recorded=False),
    row("leaves in the head of its request (RST)", unfinished("head", reset=True), NOTHING, recorded=False),
    row("leaves in its body (FIN)", unfinished("middle", reset=False), NOTHING),
    row("leaves in its body (RST)", unfinished("middle", reset=True), NOTHING),
    row("leaves before the answer (RST)", gone_after(0, reset=True), NOTHING),
    row("leaves while a model is asked (FIN)", gone_after(0.1, reset=False), NOTHING, model_late_s=0.5),
    row("leaves while a model is asked (RST)", gone_after(0.1, reset=True), NOTHING, model_late_s=0.5),
    row("leaves in the answer", gone_in_the_answer, NOTHING),
    row("sends one byte at a time", trickled(1, 0), ANSWERED),
    row("sends too slowly for the deadline", trickled(4, 0.1), LATE),
    row("stops in the body", unfinished_silence("middle"), LATE),
    row("sends a garbled body", garbled("body"), MALFORMED),
    row("sends a garbled head", garbled("nothing"), MALFORMED, recorded=False),
    row("says a length too small", saying("20"), MALFORMED),
    row("says a length too large, and no more", saying("1{}"), LATE),
    row("says two lengths", saying("2\r\nContent-Length: {}"), MALFORMED, recorded=False),
    row("says a length and chunks", saying("{}\r\nTransfer-Encoding: chunked"), MALFORMED, recorded=False),
    row("sends two requests in one piece", pipelined, ANSWERED, promise="right rows to the right caller"),
    crowd("that say nothing", 200, b""),
    crowd("with half a head", 200, b"POST /v1/models/plain:predict HTTP/1.1\r\nHost: gate"),
    crowd("with half a body", 100, HEAD % 100 + b'{"instances"'),
    crowd("that never read their large answer", 5, HEAD % len(LARGE) + LARGE),
    crowd("that speak TLS", 50, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200),
]  # fmt: skip
