"""OpenTelemetry traces: a span for each request and each call to a model, exported over OTLP.

Nothing of the library is imported unless tracing is on: it takes 10 MiB. Nothing here is on the way of a request
unless it is either: traced accounts, batchers and calls take the places of the plain ones.
"""

from gateway.tracing.context import TRACEPARENT, TRACESTATE, SpanContext, read_context
from gateway.tracing.export import Export, Limits
from gateway.tracing.opening import open_tracing
from gateway.tracing.span import CALL, REQUEST, CallSpan, RequestSpan, Span
from gateway.tracing.tracing import Tracing

__all__ = [
    "CALL",
    "REQUEST",
    "TRACEPARENT",
    "TRACESTATE",
    "CallSpan",
    "Export",
    "Limits",
    "RequestSpan",
    "Span",
    "SpanContext",
    "Tracing",
    "open_tracing",
    "read_context",
]
