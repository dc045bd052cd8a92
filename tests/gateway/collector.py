"""Collectors of traces: one that reads OTLP over HTTP as the protocol's own messages, and some that are sick."""

import contextlib
import gzip
import socket
import time
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from oip.asgi import Headers, Receive, Scope, Send, headers_of, read_body, send_body
from tests.serving import served, wait_until


class Collector:
    """Receive spans; `status` is what it answers with, after so many seconds."""

    def __init__(self, status: int = 200, seconds: float = 0.0) -> None:
        self.status = status
        self.seconds = seconds
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        self.heads: list[Headers] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one export."""
        headers = headers_of(scope)
        body = await read_body(headers, receive, 2**26)
        time.sleep(self.seconds)  # noqa: ASYNC251 (nobody else is served here)
        if headers.get(b"content-encoding") == b"gzip":
            body = gzip.decompress(body)
        export = ExportTraceServiceRequest.FromString(body)
        assert (scope["path"], headers[b"content-type"]) == ("/v1/traces", b"application/x-protobuf")
        self.heads.append(headers)
        for group in export.resource_spans:
            self.resources.append(attributes(group.resource))
            for scoped in group.scope_spans:
                self.spans += scoped.spans
        await send_body(send, self.status, b"", b"application/x-protobuf")

    def of(self, name: str, **wanted: Any) -> Span:
        """Wait for a span of this name with these attributes, of which a dot is written as two underlines."""
        expected = {key.replace("__", "."): value for key, value in wanted.items()}

        def found() -> Span | None:
            spans = [one for one in self.spans if one.name == name and expected.items() <= attributes(one).items()]
            return spans[0] if spans else None

        span: Span = wait_until(found)
        return span


def attributes(one: Any) -> dict[str, Any]:
    """Read the attributes of a span or a resource."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in one.attributes}


def ids(one: Any) -> tuple[str, str]:
    """Read trace and span of a span or a link."""
    return one.trace_id.hex(), one.span_id.hex()


@contextlib.contextmanager
def collecting(collector: Collector) -> Iterator[str]:
    """Run a collector; gives its address."""
    with served(collector) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def hanging() -> Iterator[str]:
    """Take connections, and say nothing for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
