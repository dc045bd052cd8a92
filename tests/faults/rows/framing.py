"""An answer whose bytes lie about where it ends, or are no HTTP/1.1: it ends alone, and the next one is its own."""

from oip import HEADER_LENGTH
from tests.faults.contents import said
from tests.faults.outcomes import ANSWERED, BACKEND_FAULT, LATE, Outcome
from tests.faults.proxy import Exchange, Fault
from tests.faults.row import AT_ONCE_S, DEADLINE_S, Row, on_the_way
from tests.faults.wire import cut, endless, followed, garbled, in_pieces, lying, scripted

PROMISE = "nothing wrong passes"
NO_MATTER = "a good answer passes however it comes"
LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: %s\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
MIB = b"100000\r\n" + b"x" * 2**20 + b"\r\n"


def row(what: str, fault: Fault, *expect: Outcome, promise: str = PROMISE, within_s: float = AT_ONCE_S) -> Row:
    """Make a row of one fault of the framing."""
    return Row(what, promise, on_the_way(fault), expect or (BACKEND_FAULT,), within_s)


def stale() -> Fault:
    """Give the answer of an earlier request behind one's own: who reads on gives it to the next caller."""
    earlier: list[bytes] = []

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        earlier.append(answer)
        await exchange.front.send(answer + earlier[0])

    return fault


def old() -> Fault:
    """Give a good answer in HTTP/1.0, which only the end of the connection ends (RFC 9112, 6.3)."""

    async def fault(exchange: Exchange) -> None:
        head, _, body = (await exchange.answer()).partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n")[1:] if not line.lower().startswith(b"content-length")]
        await exchange.front.send(b"\r\n".join([b"HTTP/1.0 200 OK", *kept, b"", body]))
        await exchange.front.end()

    return fault


def relabelled(header: bytes, value: bytes | None) -> Fault:
    """Give the answer with one header changed, or without it."""

    async def fault(exchange: Exchange) -> None:
        head, _, body = (await exchange.answer()).partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(header)]
        lines = [*kept] if value is None else [*kept, header + b": " + value]
        await exchange.front.send(b"\r\n".join([*lines, b"", body]))

    return fault


ROWS = [
    row("a head that breaks off (FIN)", cut("head")),
    row("a body that breaks off (FIN)", cut("middle")),
    row("garbled from the first byte on", garbled("nothing")),
    row("a garbled body", garbled("body")),
    row("the end of a body garbled", garbled("middle")),
    row("a length too large, then the end", lying(+7, ends=True)),
    row("a length too large, then silence", lying(+7, ends=False), LATE, within_s=DEADLINE_S),
    row("a length too small", lying(-7, ends=False)),
    row("a length that is no number", scripted(LENGTH % b"two")),
    row("a negative length", scripted(LENGTH % b"-2")),
    row("two lengths", scripted(LENGTH % b"2\r\ncontent-length: 3")),
    row("a length and chunks", scripted(LENGTH % b"2\r\ntransfer-encoding: chunked")),
    row("chunks of garbage", scripted(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n")),
    row("chunks without an end, then FIN", scripted(CHUNKED + b"2\r\n{}\r\n", ends=True)),
    row("an endless body", endless(CHUNKED, MIB), BACKEND_FAULT, LATE, within_s=DEADLINE_S),
    row("a body that never ends, byte by byte", endless(CHUNKED, b"1\r\nx\r\n", 0.02), LATE, within_s=DEADLINE_S),
    row("a head of 1 MiB", scripted(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 2**20 + b"\r\n\r\n")),
    row("a head of 50,000 lines", scripted(b"HTTP/1.1 200 OK\r\n" + b"x: 12345\r\n" * 50_000 + b"\r\n")),
    row("another protocol (101)", scripted(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n")),
    row("HTTP/2", scripted(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18)),
    row("TLS", scripted(b"\x15\x03\x01\x00\x02\x02\x46", ends=True)),
    row("a body said to be packed", scripted(said(200, b"\x1f\x8b\x08\x00", "content-encoding: gzip"))),
    row("tensors whose header is lost", relabelled(HEADER_LENGTH.encode(), None)),
    row("tensors whose header says too much", relabelled(HEADER_LENGTH.encode(), b"99999")),
    row("an earlier answer behind each", stale(), ANSWERED, promise="right rows to the right caller"),
    row("100 interim answers (103) before each", followed(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, before=True),
        ANSWERED, promise=NO_MATTER),
    row("interim answers (103) without an end", endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10, 0.001),
        LATE, within_s=DEADLINE_S),
    row("HTTP/1.0, ended by FIN", old(), ANSWERED, promise=NO_MATTER),
    row("one byte at a time", in_pieces(1), ANSWERED, promise=NO_MATTER, within_s=DEADLINE_S),
]  # fmt: skip
