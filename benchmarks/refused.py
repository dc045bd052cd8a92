"""A connection that hears why a request was refused, and when it may come again."""

from collections.abc import Callable

import msgspec

from benchmarks.callers import Callers, Connection

Refused = Callable[[float, str, str | None], None]
"""Is told of a refusal: when the request was due, the reason, and the value of `Retry-After`."""


class Problem(msgspec.Struct):
    """Hold what a refusal says."""

    reason: str = ""


def reason_of(body: bytes) -> str:
    """Read the reason of a refusal, "" where it gives none."""
    try:
        return msgspec.json.decode(body, type=Problem).reason
    except msgspec.DecodeError:
        return ""


class Refusable(Connection):
    """Hear why a request was refused, and when it may come again."""

    def __init__(self, callers: Callers, refused: Refused) -> None:
        super().__init__(callers)
        self.refused = refused

    def on_message_begin(self) -> None:
        """Begin with nothing heard."""
        self.retry_after: str | None = None
        self.body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one that says when."""
        if name.lower() == b"retry-after":
            self.retry_after = value.decode()

    def on_body(self, part: bytes) -> None:
        """Keep the body."""
        self.body += part

    def answered(self, due: float, status: int) -> None:
        """Count an answer, and what a refusal says."""
        super().answered(due, status)
        if status == 503:
            self.refused(due, reason_of(self.body), self.retry_after)
