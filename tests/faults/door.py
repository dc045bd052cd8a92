"""Faults of callers: what happens to the bytes of a request, or to a caller who waits."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

from tests.faults.proxy import Exchange, Fault
from tests.faults.row import Arrange, at_the_door
from tests.faults.stack import Stack
from tests.faults.wire import delayed, up_to

CHUNKED = "Transfer-Encoding: chunked"


def unfinished(place: str, *, reset: bool) -> Fault:
    """Send a request up to a place, and go away."""

    async def fault(exchange: Exchange) -> None:
        await exchange.back.send(up_to(place, exchange.request))
        if reset:
            exchange.back.reset()
        else:
            await exchange.back.end()
        exchange.front.reset()

    return fault


def unfinished_silence(place: str) -> Fault:
    """Send a request up to a place, then nothing, and pass on what is said to that."""

    async def fault(exchange: Exchange) -> None:
        await exchange.back.send(up_to(place, exchange.request))
        await exchange.front.send(await exchange.back.message())

    return fault


def trickled(size: int, pause_s: float) -> Fault:
    """Send the head of a request, and its body in small pieces, each in a segment of its own."""

    async def fault(exchange: Exchange) -> None:
        # Who goes on sending to a server that has answered and gone hears of the end before the answer.
        answer = asyncio.create_task(exchange.back.message())
        head, body = exchange.parts
        await exchange.back.send(head)
        for start in range(0, len(body), size):
            if answer.done():
                break
            await exchange.back.send(body[start : start + size])
            await asyncio.sleep(pause_s)
        await exchange.front.send(await answer)

    return fault


def saying(length: str) -> Fault:
    """Send a request with another line for its length, in which `{}` is the true one."""

    async def fault(exchange: Exchange) -> None:
        head, body = exchange.parts
        true = b"Content-Length: %d" % len(body)
        line = f"Content-Length: {length.format(len(body))}".encode()
        await exchange.back.send(head.replace(true, line) + body)
        await exchange.front.send(await exchange.back.message())

    return fault


def said_otherwise(change: Callable[[bytes, bytes], bytes]) -> Fault:
    """Send what a change makes of head and body of a request."""

    async def fault(exchange: Exchange) -> None:
        # Who is refused while it still sends may hear of the end before the answer.
        answer = asyncio.create_task(exchange.back.message())
        with contextlib.suppress(ConnectionError):
            await exchange.back.send(change(*exchange.parts))
        await exchange.front.send(await answer)

    return fault


def with_lines(*lines: str) -> Fault:
    """Send a request with more lines in its head."""
    more = "".join(f"{line}\r\n" for line in lines).encode()
    return said_otherwise(lambda head, body: head[:-2] + more + b"\r\n" + body)


def with_url(more: str) -> Fault:
    """Send a request with more behind its path."""
    return said_otherwise(lambda head, body: head.replace(b" HTTP/1.1", more.encode() + b" HTTP/1.1", 1) + body)


def with_body(body: bytes, *lines: str) -> Fault:
    """Send a request with another body, and lines of the head that say how it is packed; of chunks without a length."""

    def change(head: bytes, true: bytes) -> bytes:
        kept, chunked = head.removesuffix(b"Content-Length: %d\r\n\r\n" % len(true)), CHUNKED in lines
        framing = [*lines] if chunked else [*lines, f"Content-Length: {len(body)}"]
        return kept + "\r\n".join(framing).encode() + b"\r\n\r\n" + body

    return said_otherwise(change)


def garbled(place: str) -> Fault:
    """Turn over every bit of a request from a place on."""

    async def fault(exchange: Exchange) -> None:
        sound = up_to(place, exchange.request)
        await exchange.back.send(sound + bytes(byte ^ 255 for byte in exchange.request[len(sound) :]))
        await exchange.front.send(await exchange.back.message())

    return fault


def gone_after(seconds: float, *, reset: bool) -> Fault:
    """Send a whole request, and go away before it is answered."""

    async def fault(exchange: Exchange) -> None:
        await exchange.back.send(exchange.request)
        await asyncio.sleep(seconds)
        if reset:
            exchange.back.reset()
        else:
            await exchange.back.end()
        exchange.front.reset()

    return fault


async def gone_in_the_answer(exchange: Exchange) -> None:
    """Read a part of the answer, and go away."""
    await exchange.back.send(exchange.request)
    await exchange.back.reader.readexactly(40)
    exchange.back.reset()
    exchange.front.reset()


async def pipelined(exchange: Exchange) -> None:
    """Send the request twice in one piece, and pass on the second answer, if the first one says the same."""
    first = exchange.request.replace(b"Connection: close\r\n", b"").replace(b"X-Request-Id: ", b"X-Request-Id: first-")
    await exchange.back.send(first + exchange.request)
    one, other = [await exchange.back.message() for _ in range(2)]
    if one.partition(b'"predictions"')[2] == other.partition(b'"predictions"')[2]:
        await exchange.front.send(other)


def with_slow_model(fault: Fault, seconds: float) -> Arrange:
    """Make a fault at the door while `plain` answers late."""

    @contextlib.contextmanager
    def arrange(stack: Stack) -> Iterator[None]:
        stack.way.fault = delayed(seconds)
        with at_the_door(fault)(stack):
            yield
        stack.way.lift()

    return arrange


def with_connections(count: int, said: bytes) -> Arrange:
    """Open so many connections to the gateway, on which no more than this is said, and nothing read."""

    @contextlib.contextmanager
    def arrange(stack: Stack) -> Iterator[None]:
        with contextlib.ExitStack() as all_of_them:
            for _ in range(count):
                one = all_of_them.enter_context(socket.create_connection(("127.0.0.1", stack.gateway.port)))
                one.sendall(said)
            yield

    return arrange
