"""Spans: those of requests and calls that are under way, and what is exported of them at their end."""

import time
from contextvars import ContextVar
from typing import Any

import msgspec

from gateway.tracing.context import SpanContext


class RequestSpan(msgspec.Struct):
    """Hold the span of a request; `calls` are those that it shared with others, `entered` when each phase began."""

    context: SpanContext
    parent: SpanContext | None
    calls: list[SpanContext]
    entered: list[tuple[str, float]]


class CallSpan(msgspec.Struct):
    """Hold the span of a call to a model, with the spans of its requests where it has several."""

    context: SpanContext
    parent: SpanContext | None
    requests: list[SpanContext]
    began: float
    attributes: dict[str, Any]


class Span(msgspec.Struct, frozen=True):
    """Hold a span that has ended; `events` are names with their times, times are nanoseconds since 1970."""

    name: str
    is_call: bool
    context: SpanContext
    parent: SpanContext | None
    links: list[SpanContext]
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    events: list[tuple[str, int]]
    failed: bool


REQUEST: ContextVar[RequestSpan | None] = ContextVar("request", default=None)
"""The request that the running task belongs to."""

CALL: ContextVar[CallSpan | None] = ContextVar("call", default=None)
"""The call that the running task makes."""


def to_wall_ns() -> int:
    """Give what is to be added to nanoseconds of `perf_counter` now: a clock that people set may differ later."""
    return time.time_ns() - time.perf_counter_ns()
