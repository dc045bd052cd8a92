"""One connection of HTTP/1.1: what uvicorn's own does not do."""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GOODBYE_S = 1.0

FRAMING = (b"content-length", b"transfer-encoding")


class Connection(HttpToolsProtocol):
    """Stay with HTTP/1.1 where a client offers to go on with another protocol (RFC 9110, 7.8).

    Java's client offers HTTP/2 unless it is told not to. httptools leaves the body of such a request unread, and
    uvicorn hands it on without one: https://github.com/Kludex/uvicorn/issues/2722.
    """

    repeating = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser: Parser = Parser(self)

    def read_on(self) -> None:
        """Take a new parser, and have it read so much of a head that the body of the last request follows."""
        self.parser, self.repeating = Parser(self), True
        framing = [b"%s: %s\r\n" % line for line in self.headers if line[0] in FRAMING]
        self.parser.feed_data(b"".join([b"POST / HTTP/1.1\r\n", *framing, b"\r\n"]))

    def on_message_begin(self) -> None:
        """Begin a request, unless it has begun."""
        if not self.repeating:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        if not self.repeating:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if not self.repeating:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on, unless that is done."""
        if not self.repeating:
            super().on_headers_complete()
        self.repeating = False

    def on_message_complete(self) -> None:
        """End the request, but not where only its head was read."""
        if not self.parser.should_upgrade():
            super().on_message_complete()


class Parser(httptools.HttpRequestParser):
    """Have the connection read on after an offer, where httptools ends."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.connection = connection

    def feed_data(self, data: Any) -> None:
        """Read what has come; raises HttpParserError."""
        parser, rest = self, memoryview(data)
        while rest:
            try:
                super(Parser, parser).feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                self.connection.read_on()
                parser, rest = self.connection.parser, rest[offer.args[0] :]
            else:
                return


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
