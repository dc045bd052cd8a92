"""The HTTP/1.1 of the two generators of load: one request written once, and a parser of answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Request:
    """Hold where a request goes, and its bytes."""

    host: str
    port: int
    content: bytes


def post(url: str, body: bytes, headers: Mapping[str, str] = JSON) -> Request:
    """Write a request; raises ValueError for a URL that is not `http://host…`."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url!r} is no URL of HTTP without TLS")
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    lines = {"host": parts.netloc, **headers, "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Request(parts.hostname, parts.port or 80, f"POST {target} HTTP/1.1\r\n{head}\r\n".encode() + body)


class Answers:
    """Parse the answers of one connection, and tell the status of each when it is whole."""

    def __init__(self, answered: Callable[[int], None]) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.feed: Callable[[bytes], None] = self.parser.feed_data
        self.answered = answered
        self.done = False

    def on_message_complete(self) -> None:
        """Tell of an answer, but not of an interim one."""
        if (status := self.parser.get_status_code()) >= 200:
            self.done = True
            self.answered(status)
