"""One connection to a model's server: HTTP/1.1, read by httptools as on the gateway's other side."""

import asyncio
import time
from typing import NamedTuple

import httptools

from gateway.errors import BackendBroken, BackendCorrupt, BackendLost, GatewayError

MOST_BYTES = 64 * 2**20
"""An answer larger than this is none."""

MOST_HEAD_BYTES = 256 * 2**10
"""Nor is one whose head is larger than this, or nearly so: it ends within what is read at once."""

JOINED_BYTES = 64 * 2**10
"""A body up to this size is copied behind the head: one buffer is sent faster than two."""

FRAMING = (b"content-length", b"transfer-encoding")


class Answer(NamedTuple):
    """Hold an answer; the names of its headers are in lower case. `by` is the address that gave it, if it is known."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    by: object = None

    def header(self, name: str) -> str | None:
        """Give the value of a header."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")


class Connection(asyncio.Protocol):
    """Exchange one request after the other with the server of a model, each for a whole answer.

    `reusable` says that the last exchange came to its end, and that both sides keep the connection; `since` is for who
    keeps it, `requests` counts.
    """

    parser: httptools.HttpResponseParser

    def __init__(self, model: str) -> None:
        self.model = model
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # before the connection is made
        self.answer: asyncio.Future[Answer] | None = None
        self.reusable = False
        self.made = time.monotonic()
        self.since = 0.0
        self.requests = 0
        self.begin()

    def begin(self) -> None:
        """Forget the answer before."""
        self.headers: dict[bytes, bytes] = {}
        self.parts: list[bytes] = []
        self.size = 0
        self.head_is_whole = False

    async def exchange(self, head: bytes, body: bytes) -> Answer:
        """Send a request and give its answer; the connection ends with a request that is given up.

        Raises BackendLost where nothing came, BackendBroken where the answer was broken off, and BackendCorrupt where
        what came is none.
        """
        self.answer, self.reusable = asyncio.get_running_loop().create_future(), False
        self.requests += 1
        # In one segment: the model's server is woken once, and has all of it.
        if len(body) <= JOINED_BYTES:
            self.transport.write(head + body)
        else:
            self.transport.writelines((head, body))
        try:
            return await self.answer
        except asyncio.CancelledError:
            self.reusable = False  # the answer may have come in the same turn, and nobody keeps the connection
            raise
        finally:
            self.answer = None  # which may hold an error, whose traceback holds this frame
            if not self.reusable:
                self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what carries it, and begin to read.

        Parser and connection hold each other, and all that was read, until a collection, which may be far: so they do
        while there is a connection only. uvloop makes this object also where there never is one.
        """
        self.transport = transport  # type: ignore[assignment]  # of TCP or TLS it is
        self.parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Read a part of an answer."""
        if self.answer is None or self.answer.done():  # what nobody asked for, such as 408 before the end
            self.transport.abort()
            return
        self.size += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail(self.fault("what came is not HTTP/1.1"))
        if self.size > (MOST_BYTES if self.head_is_whole else MOST_HEAD_BYTES):
            self.fail(self.fault("the answer is too large"))

    def on_message_begin(self) -> None:
        """Begin with an answer; a second one would be taken for that of the next request."""
        if self.answer is None or self.answer.done():
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Note that the body follows."""
        self.head_is_whole = True

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self.parts.append(part)

    def on_message_complete(self) -> None:
        """Give the answer, unless it only announces another (RFC 9110, 15.2)."""
        answer = Answer(self.parser.get_status_code(), self.headers, b"".join(self.parts))
        self.begin()
        if answer.status >= 200 and self.answer is not None and not self.answer.done():
            # An answer may come before the whole request is sent, and what is left would stand before the next one.
            self.reusable = self.parser.should_keep_alive() and not self.transport.get_write_buffer_size()
            self.answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail, or end an answer that only the end of the connection ends (RFC 9112, 6.3)."""
        if exc is None and self.head_is_whole and not any(name in self.headers for name in FRAMING):
            self.on_message_complete()
        elif self.size:
            self.fail(BackendBroken(f"{self.model} gave no valid answer: it was broken off", model=self.model))
        else:
            self.fail(BackendLost(f"the connection to {self.model} was lost", model=self.model))
        del self.parser

    def fault(self, what: str) -> BackendCorrupt:
        """Say why what came is no answer."""
        return BackendCorrupt(f"{self.model} gave no valid answer: {what}", model=self.model)

    def fail(self, error: GatewayError) -> None:
        """Fail, unless there is an answer already."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error)
