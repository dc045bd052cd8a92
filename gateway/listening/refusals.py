"""How a caller is refused at the door: counted, told once a minute, answered, and let go."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.errors import GatewayError
from gateway.problems import rendered
from oip import REQUEST_ID

QUIET_S = 60.0
"""A flood of one kind is one line in so many seconds."""

LINGER_S = 1.0
"""So long what a refused caller still sends is read and dropped: where a connection is closed over unread bytes, the
system resets it, and the caller may never read why (RFC 9112, 9.6)."""

log = structlog.get_logger()


class Refusals:
    """Count refusals by their reason, and log each kind now and then."""

    def __init__(self, count: Callable[[str], Any]) -> None:
        self.count = count
        self.told: dict[str, float] = {}
        self.untold: dict[str, int] = {}

    def note(self, error: GatewayError, caller: str) -> None:
        """Count and log one."""
        self.count(error.reason)
        self.tell(error.reason, str(error), caller)

    def tell(self, reason: str, detail: str, caller: str) -> None:
        """Log one, if none of its kind was logged in the last minute."""
        now = time.monotonic()
        if now - self.told.get(reason, -QUIET_S) < QUIET_S:
            self.untold[reason] = self.untold.get(reason, 0) + 1
            return
        self.told[reason] = now
        log.warning("refused at the door", reason=reason, detail=detail, caller=caller, more=self.untold.pop(reason, 0))


def answer(error: GatewayError, path: str, request_id: str, first: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write a whole answer that ends its connection; `first` are headers of every answer."""
    status, body, content_type = rendered(error, path, request_id)
    headers = [
        *first,
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (REQUEST_ID.encode(), request_id.encode()),
        *error.headers,
        (b"connection", b"close"),
    ]
    return b"".join([STATUS_LINE[status], *[b"%s: %s\r\n" % line for line in headers], b"\r\n", body])


class Lingering(asyncio.Protocol):
    """Read what a refused caller still sends, and drop it; stands for its connection until the end."""

    def __init__(self, transport: asyncio.Transport, connection: asyncio.Protocol) -> None:
        self.connection = connection
        transport.set_protocol(self)
        if transport.can_write_eof():
            transport.write_eof()
        # A TLS connection would wait for its client to say goodbye.
        asyncio.get_running_loop().call_later(LINGER_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the connection know."""
        self.connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """Write no more anyhow."""

    def resume_writing(self) -> None:
        """Write no more anyhow."""
