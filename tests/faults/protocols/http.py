"""HTTP/1.1 as bytes: one request over one connection, and whatever comes back until that ends."""

import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.faults.callers import PATIENCE_S


class Response(NamedTuple):
    """Hold one whole answer; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


def request(path: str, body: bytes, lines: Sequence[str]) -> bytes:
    """Write a request, after whose answer the gateway ends the connection."""
    head = [f"POST {path} HTTP/1.1", "Host: gateway", *lines, "Connection: close", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def exchanged(port: int, message: bytes) -> list[Response]:
    """Send a request and read to the end of the connection; gives all whole answers."""
    began = time.monotonic()
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
            connection.sendall(message)
            while part := connection.recv(65536):
                received += part
    except ConnectionError:
        pass
    return responses_in(received, time.monotonic() - began)


def responses_in(received: bytes, seconds: float) -> list[Response]:
    """Read whole answers one after the other."""
    found = []
    while b"\r\n\r\n" in received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(headers.get("content-length", 0))
        body, received = rest[:size], rest[size:]
        if len(body) < size:
            break
        found.append(Response(int(status.split(" ")[1]), headers, body, seconds))
    return found
