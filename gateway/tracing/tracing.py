"""Beginning and ending spans; whoever exports them gets only what is sampled."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from gateway.tracing.context import SpanContext, new_span_id, new_trace_id, read_context
from gateway.tracing.span import CallSpan, RequestSpan, Span, to_wall_ns

Sample = Callable[[int, SpanContext | None], bool]
"""Says whether a request is sampled: one of this trace, below that span of its caller's."""


class Tracing:
    """Make the spans of one process, and hand them on at their ends."""

    def __init__(self, sample: Sample, add: Callable[[Span], None]) -> None:
        self.sample = sample
        self.add = add

    def begin(self, parent: str, state: str) -> RequestSpan:
        """Begin the span of a request, below that of its caller where its headers name one."""
        above = read_context(parent, state) if parent else None
        trace_id = new_trace_id() if above is None else above.trace_id
        sampled = self.sample(trace_id, above)
        context = SpanContext(trace_id, new_span_id(), sampled, "" if above is None else above.state)
        return RequestSpan(context, above, [], [])

    def end(self, span: RequestSpan, name: str, times: tuple[float, float], attributes: Any, *, failed: bool) -> None:
        """End the span of a request, which began and ended at these times of `perf_counter`."""
        add = to_wall_ns()
        start_ns, end_ns = (int(time_s * 1e9) + add for time_s in times)
        events = [(phase, int(time_s * 1e9) + add) for phase, time_s in span.entered]
        self.add(Span(name, False, span.context, span.parent, span.calls, start_ns, end_ns, attributes, events, failed))

    def begin_call(self, requests: Sequence[RequestSpan]) -> CallSpan:
        """Begin the span of a call: of one request below that, of several in a trace of its own, linked both ways."""
        if len(requests) == 1:
            above = requests[0].context
            return CallSpan(above.below(), above, [], time.perf_counter(), {})
        sampled = [request for request in requests if request.context.sampled]
        context = SpanContext(new_trace_id(), new_span_id(), bool(sampled))
        for request in sampled:
            request.calls.append(context)
        return CallSpan(context, None, [request.context for request in sampled], time.perf_counter(), {})

    def end_call(self, span: CallSpan, name: str, failure: str | None) -> None:
        """End the span of a call, with the reason of its failure if it failed."""
        if failure is not None:
            span.attributes["error.type"] = failure
        add = to_wall_ns()
        start_ns, end_ns = int(span.began * 1e9) + add, time.perf_counter_ns() + add
        failed = failure is not None
        self.add(
            Span(name, True, span.context, span.parent, span.requests, start_ns, end_ns, span.attributes, [], failed)
        )
