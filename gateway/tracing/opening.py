"""Opening what exports spans, by the variables that OpenTelemetry has for it."""

import contextlib
import os
from collections.abc import Callable, Iterator

from gateway.settings import SettingsError
from gateway.tracing.export import Export, Limits
from gateway.tracing.tracing import Tracing

BATCH = 64
"""Spans that are sent at once; the SDK would send 512. Encoding takes up to 70 µs a span and hardly lets the
interpreter's lock go: a request beside 512 took up to 20 ms longer, beside 32 up to 3 ms."""

PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")


@contextlib.contextmanager
def open_tracing(on_loss: Callable[[int], None]) -> Iterator[Tracing]:
    """Export spans as long as this lasts, and count those that are lost; raises SettingsError."""
    for variable in PROTOCOLS:
        if os.environ.get(variable, "http/protobuf") != "http/protobuf":
            raise SettingsError(f"{variable}: spans are exported by http/protobuf only")
    from gateway.tracing.otlp import Otlp

    try:
        otlp = Otlp()
        limits = Limits(
            queue=number("OTEL_BSP_MAX_QUEUE_SIZE", 2048),
            batch=number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH),
            delay_s=number("OTEL_BSP_SCHEDULE_DELAY", 5000) / 1000,
        )
    except ValueError as exc:
        raise SettingsError(f"OTEL_…: {exc}") from exc
    with Export(otlp.send, limits, on_loss) as export:
        yield Tracing(otlp.sample, export.add)
    otlp.close()


def number(variable: str, default: int) -> int:
    """Read a positive whole number; raises ValueError."""
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdigit() or not int(text):
        raise ValueError(f"{variable} must be a positive whole number, not {text[:40]!r}")
    return int(text)
