"""Where a span stands, as it travels from one process to another (W3C Trace Context)."""

import re
from random import getrandbits

import msgspec

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"

WRITTEN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""Section 3.2: version, trace, span, flags; a later version than ours may say more behind them."""

KEY = r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
MEMBER = KEY + r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"

STATE = re.compile(rf"(?=.{{1,512}}\Z)[ \t,]*{MEMBER}(?:[ \t]*,[ \t,]*{MEMBER}){{0,31}}[ \t,]*")
"""Section 3.3.1: what is longer may be dropped, and what is wrong has to be. The library would log each such member, so
that whoever asks could fill the log."""


class SpanContext(msgspec.Struct, frozen=True, gc=False):
    """Name a span; `state` is what the caller's systems want to hear again of its trace."""

    trace_id: int
    span_id: int
    sampled: bool
    state: str = ""

    def below(self) -> "SpanContext":
        """Make the context of a span below this one."""
        return SpanContext(self.trace_id, new_span_id(), self.sampled, self.state)

    @property
    def headers(self) -> bytes:
        """Write the lines of a request's head that give it on."""
        lines = f"{TRACEPARENT}: 00-{self.trace_id:032x}-{self.span_id:016x}-{self.sampled:02x}\r\n"
        return (f"{lines}{TRACESTATE}: {self.state}\r\n" if self.state else lines).encode()


def read_context(parent: str, state: str = "") -> SpanContext | None:
    """Read the two headers; None where there are none or they are wrong, and a new trace begins (section 4.3)."""
    found = WRITTEN.fullmatch(parent)
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace_id, span_id = int(found[2], 16), int(found[3], 16)
    if not trace_id or not span_id:
        return None
    return SpanContext(trace_id, span_id, bool(int(found[4], 16) & 1), state if STATE.fullmatch(state) else "")


def new_trace_id() -> int:
    """Make an id that is not 0; the last bits are random, as samplers want them."""
    return getrandbits(128) or 1


def new_span_id() -> int:
    """Make an id that is not 0."""
    return getrandbits(64) or 1
