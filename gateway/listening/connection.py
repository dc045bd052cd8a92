"""One connection of HTTP/1.1: what uvicorn's own does not do."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.errors import GatewayError
from gateway.listening.guarded import Guarded, reason_of
from gateway.listening.one_piece import InOnePiece

GOODBYE_S = 1.0

FRAMING = (b"content-length", b"transfer-encoding")

PIPELINED = 8
"""So many whole requests are read behind the one that is served; with more, its caller is not seen to leave.

Who leaves is seen only where somebody reads.
"""


class Connection(Guarded):
    """Stay with HTTP/1.1 where a client offers to go on with another protocol (RFC 9110, 7.8), and answer in one piece.

    A request ends with its connection, also where the caller has shut down its sending side only: uvicorn lets the
    handler run on for nobody.

    Java's client offers HTTP/2 unless it is told not to. httptools leaves the body of such a request unread, and
    uvicorn hands it on without one: https://github.com/Kludex/uvicorn/issues/2722.

    The two methods that every request goes through, for what has come and its end, stand for uvicorn's instead of
    calling them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.task: asyncio.Task[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request under way; those behind it are not begun."""
        super().connection_lost(exc)
        self.pipeline.clear()
        if self.task is not None:
            self.task.cancel()

    def shutdown(self) -> None:
        """Close what is answered, and all else after that."""
        self.burst.send()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Read what has come, on after each offer; what was asked before is answered by then."""
        if self.burst.answers:
            self.burst.send()
        self.heard = True
        rest: bytes | memoryview = data
        try:
            while rest:
                rest = self.read(rest)
            if self.scope is not self.whole:
                self.count(len(data))
        except httptools.HttpParserError as exc:
            self.refuse(reason_of(exc))
        except GatewayError as exc:
            self.refuse(exc)

    def read(self, data: bytes | memoryview) -> bytes | memoryview:
        """Read up to an offer, and give what follows it; raises HttpParserError."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self.read_on()
            return memoryview(data)[offer.args[0] :]
        return b""

    def read_on(self) -> None:
        """Take a new parser, and have it read so much of a head that the body of the last request follows."""
        self.parser = httptools.HttpRequestParser(Resumed(self))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        framing = [b"%s: %s\r\n" % line for line in self.scope["headers"] if line[0] in FRAMING]
        self.parser.feed_data(b"".join([b"POST / HTTP/1.1\r\n", *framing, b"\r\n"]))

    def on_message_complete(self) -> None:
        """End the request, but not where only its head was read."""
        if self.parser.should_upgrade():
            return
        self.whole = self.scope
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()
            if self.flow.read_paused and len(self.pipeline) < PIPELINED:
                self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """Go on with what was asked meanwhile; uvicorn sets a timer here, and we have a watch."""
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        served: Any = InOnePiece(app, cycle, self.burst)  # uvicorn has a type for each message
        self.task = task = self.loop.create_task(cycle.run_asgi(served))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


class Resumed:
    """Pass on to a connection what its parser reads, but for the head that it is given first: that was read before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.repeating = True

    def on_message_begin(self) -> None:
        """Begin a request, unless it has begun."""
        if not self.repeating:
            self.connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        if not self.repeating:
            self.connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if not self.repeating:
            self.connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on, unless that is done."""
        if not self.repeating:
            self.connection.on_headers_complete()
        self.repeating = False

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self.connection.on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self.connection.on_message_complete()


class SecureConnection(Connection):
    """End a TLS connection at shutdown without its client's consent.

    TLS closes when both sides have said so, and a client that keeps a connection for its next request says nothing: it
    would hold the end up for the whole deadline. What is not sent yet is still sent.
    """

    def shutdown(self) -> None:
        """Close, and cut off soon after."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_S, self.cut_off)

    def cut_off(self) -> None:
        """Give up on the client's consent once everything is sent."""
        if self.transport.get_write_buffer_size():
            self.loop.call_later(GOODBYE_S, self.cut_off)
        else:
            self.transport.abort()
