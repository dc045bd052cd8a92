"""The OpenTelemetry SDK's part: sampling, the resource, and OTLP over HTTP, all by its `OTEL_…` variables.

Imported only where tracing is on.
"""

import logging
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace.status import Status, StatusCode

from gateway.metadata import VERSION
from gateway.tracing.context import SpanContext
from gateway.tracing.span import Span

NAME = "bentogate"

SCOPE = InstrumentationScope(NAME, VERSION)


class LastWords(logging.Filter):
    """Keep what a logger would say, and have it say nothing: a collector that refuses all would fill the log."""

    text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take a record."""
        self.text = record.getMessage()
        return False


class Otlp:
    """Sample requests and send spans; raises ValueError for variables that are wrong.

    The SDK's own way of making spans is not used: it would do on the event loop what here a thread does, and say
    nothing of the spans that it drops.
    """

    def __init__(self) -> None:
        self.resource = resource()
        self.sampler = TracerProvider(resource=self.resource, shutdown_on_exit=False).sampler
        self.exporter = OTLPSpanExporter()
        self.said = LastWords()
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(self.said)

    def sample(self, trace_id: int, parent: SpanContext | None) -> bool:
        """Ask the sampler."""
        context = Context()
        if parent is not None:
            context = trace.set_span_in_context(trace.NonRecordingSpan(told(parent, is_remote=True)), context)
        return self.sampler.should_sample(context, trace_id, "").decision is Decision.RECORD_AND_SAMPLE

    def send(self, spans: Sequence[Span]) -> str | None:
        """Send spans, for as long as `OTEL_EXPORTER_OTLP_TIMEOUT` allows; gives why they did not arrive."""
        found = self.exporter.export([self.readable(span) for span in spans])
        return None if found is SpanExportResult.SUCCESS else self.said.text

    def close(self) -> None:
        """End what is being sent again and again."""
        self.exporter.shutdown()  # type: ignore[no-untyped-call]  # of the library

    def readable(self, span: Span) -> ReadableSpan:
        """Write a span as the SDK has it."""
        return ReadableSpan(
            name=span.name,
            context=told(span.context),
            parent=told(span.parent, is_remote=not span.is_call) if span.parent else None,
            resource=self.resource,
            attributes=span.attributes,
            events=[Event(name, timestamp=time_ns) for name, time_ns in span.events],
            links=[trace.Link(told(context)) for context in span.links],
            kind=trace.SpanKind.CLIENT if span.is_call else trace.SpanKind.SERVER,
            status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=SCOPE,
        )


def told(context: SpanContext, *, is_remote: bool = False) -> trace.SpanContext:
    """Write a context as the SDK has it."""
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if context.sampled else trace.TraceFlags.DEFAULT)
    state = trace.TraceState.from_header([context.state]) if context.state else None
    return trace.SpanContext(context.trace_id, context.span_id, is_remote, flags, state)


def resource() -> Resource:
    """Name the gateway, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` do so."""
    found = Resource.create({SERVICE_VERSION: VERSION})
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: NAME}))
    return found
