"""Bodies are read whole, up to a limit."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from oip import BodyTooLarge, Disconnected, headers_of, read_body

pytestmark = pytest.mark.anyio


def messages(*parts: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Give a `receive` that hands these out."""
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return receive


def part(body: bytes, more: bool) -> dict[str, Any]:
    """Make a part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_parts_are_joined() -> None:
    """A body that comes in pieces is one."""
    assert await read_body({}, messages(part(b"ab", True), part(b"c", False)), 10) == b"abc"


async def test_a_body_over_the_limit_is_refused_declared_or_not() -> None:
    """By its declared length before it is read, else as soon as it is too long."""
    with pytest.raises(BodyTooLarge):
        await read_body({b"content-length": b"11"}, messages(), 10)
    with pytest.raises(BodyTooLarge):
        await read_body({}, messages(part(b"x" * 6, True), part(b"x" * 6, True)), 10)


async def test_a_length_may_have_any_number_of_zeros_before_it() -> None:
    """Nor is it a fault of the server that Python reads no number of so many digits."""
    assert await read_body({b"content-length": b"0" * 5000 + b"3"}, messages(part(b"abc", False)), 10) == b"abc"


async def test_lines_of_one_name_are_one_list() -> None:
    """In their order; none is lost, whatever stands between them."""
    lines = [(b"content-encoding", b"br"), (b"host", b"a"), (b"content-encoding", b"gzip")]

    assert headers_of({"headers": lines}) == {b"content-encoding": b"br, gzip", b"host": b"a"}
    assert headers_of({"headers": lines[:2]}) == dict(lines[:2])


async def test_a_caller_that_goes_away_is_noticed() -> None:
    """Half a body is none."""
    with pytest.raises(Disconnected):
        await read_body({}, messages(part(b"x", True), {"type": "http.disconnect"}), 10)
