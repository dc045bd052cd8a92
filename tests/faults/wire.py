"""Faults of the way to a server: what happens to the bytes of an answer, or to a connection."""

import asyncio
import re
import threading

from tests.faults.callers import PATIENCE_S
from tests.faults.proxy import Exchange, Fault, Link

CONTENT_LENGTH = re.compile(rb"(?i)content-length: (\d+)")


def delayed(seconds: float) -> Fault:
    """Give the answer late."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await asyncio.sleep(seconds)
        await exchange.front.send(answer)

    return fault


def delayed_since(event: threading.Event, seconds: float) -> Fault:
    """Give the answer so long after something has happened elsewhere."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await asyncio.to_thread(event.wait, PATIENCE_S)
        await asyncio.sleep(seconds)
        await exchange.front.send(answer)

    return fault


def stalled(place: str) -> Fault:
    """Give an answer up to a place, then nothing."""

    async def fault(exchange: Exchange) -> None:
        await exchange.front.send(up_to(place, await exchange.answer()))
        await exchange.hold()

    return fault


def broken_off(place: str) -> Fault:
    """Give an answer up to a place, then RST."""

    async def fault(exchange: Exchange) -> None:
        await exchange.front.send(up_to(place, await exchange.answer()))
        await asyncio.sleep(0)  # a turn, so that what was sent is on its way before the end overtakes it
        exchange.front.reset()

    return fault


def cut(place: str) -> Fault:
    """Give an answer up to a place, then FIN."""

    async def fault(exchange: Exchange) -> None:
        await exchange.front.send(up_to(place, await exchange.answer()))
        await exchange.front.end()

    return fault


def in_pieces(size: int, pause_s: float = 0) -> Fault:
    """Give an answer in small pieces, each in a segment of its own."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        for start in range(0, len(answer), size):
            await exchange.front.send(answer[start : start + size])
            await asyncio.sleep(pause_s)

    return fault


def garbled(place: str) -> Fault:
    """Turn over every bit from a place on."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        sound = up_to(place, answer)
        await exchange.front.send(sound + bytes(byte ^ 255 for byte in answer[len(sound) :]))

    return fault


def lying(by: int, *, ends: bool) -> Fault:
    """Say a wrong length of the body; the connection ends after it, or stays."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.front.send(CONTENT_LENGTH.sub(lambda its: b"content-length: %d" % (int(its[1]) + by), answer, 1))
        await (exchange.front.end() if ends else exchange.hold())

    return fault


def scripted(answer: bytes, *, ends: bool = False) -> Fault:
    """Give this answer without asking the server."""

    async def fault(exchange: Exchange) -> None:
        await exchange.front.send(answer)
        if ends:
            await exchange.front.end()

    return fault


def followed(more: bytes, *, before: bool = False) -> Fault:
    """Give the answer with more bytes in front of it or behind it, in one piece."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.front.send(more + answer if before else answer + more)

    return fault


def endless(head: bytes, part: bytes, pause_s: float = 0) -> Fault:
    """Begin an answer and never end it."""

    async def fault(exchange: Exchange) -> None:
        await exchange.front.send(head)
        while not exchange.lifted.is_set():
            await exchange.front.send(part)
            await asyncio.sleep(pause_s)
        exchange.front.reset()

    return fault


def closed_after(seconds: float) -> Fault:
    """Give the answer, and end the connection soon after without a word."""

    async def fault(exchange: Exchange) -> None:
        await exchange.front.send(await exchange.answer())
        await asyncio.sleep(seconds)
        await exchange.front.end()

    return fault


async def reset_unread(exchange: Exchange) -> None:
    """Break off before the server has heard of the request."""
    exchange.front.reset()


async def ended_unanswered(exchange: Exchange) -> None:
    """End the connection after the server has answered, without the answer."""
    await exchange.answer()
    await exchange.front.end()


async def reset_at_connect(link: Link) -> None:
    """Break a new connection off at once."""
    link.reset()


def up_to(place: str, answer: bytes) -> bytes:
    """Give an answer up to `nothing`, the middle of its `head`, its `body`, or the middle of that."""
    body = answer.index(b"\r\n\r\n") + 4
    return answer[: {"nothing": 0, "head": body // 2, "body": body, "middle": (body + len(answer)) // 2}[place]]
