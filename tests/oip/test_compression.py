"""gzip and deflate, both ways."""

import asyncio
import gzip
import json
import os
import time
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from oip import BodyTooLarge, ProtocolError, UnsupportedEncoding, packed, unpacked
from oip.compression import LARGE, inflated, preferred

pytestmark = pytest.mark.anyio

MIB = 2**20
PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
LONGEST_S = 0.25
"""Of processor time, which no other process takes: five times the 50 ms that are promised."""


def header(name: str, value: str) -> dict[bytes, bytes]:
    """Make the headers of a request."""
    return {name.encode(): value.encode()}


@pytest.mark.parametrize("size", [0, 1, LARGE, 3 * MIB])
@pytest.mark.parametrize("content", ["zeros", "random"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZip", " deflate "])
async def test_a_packed_body_is_unpacked(encoding: str, content: str, size: int) -> None:
    """Of any size, dense or not, up to the limit itself; the name's case does not matter."""
    body = bytes(size) if content == "zeros" else os.urandom(size)
    given = PACK[encoding.strip().lower()](body)

    assert await unpacked(header("content-encoding", encoding), given, size) == body


async def test_a_body_that_is_not_packed_is_left_alone() -> None:
    """Declared so, or not declared."""
    assert await unpacked({}, b"x", 1) == b"x"
    assert await unpacked(header("content-encoding", "Identity"), b"x", 1) == b"x"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "gzip, deflate", "zstd", "", "\u00ff" * 50])
async def test_other_encodings_are_refused(encoding: str) -> None:
    """More than one too."""
    with pytest.raises(UnsupportedEncoding, match="unknown; there are gzip and deflate"):
        await unpacked(header("content-encoding", encoding), b"x", 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip at all",
        gzip.compress(b"x" * 1000, mtime=0)[:-1],
        gzip.compress(b"x", mtime=0)[:12],
        gzip.compress(b"x", mtime=0) + b"more",
        gzip.compress(b"x", mtime=0) * 2,
        gzip.compress(b"x", mtime=0) + bytes(MIB),
        gzip.compress(b"x", mtime=0)[:-8] + bytes(8),
    ],
)
async def test_broken_bodies_are_refused(body: bytes) -> None:
    """Cut off, followed by something, or with a checksum that is another's."""
    with pytest.raises(ProtocolError, match="the body is not gzip, or damaged"):
        await unpacked(header("content-encoding", "gzip"), body, MIB)


async def test_a_raw_deflate_stream_is_no_deflate() -> None:
    """The name stands for the zlib format."""
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    with pytest.raises(ProtocolError):
        await unpacked(header("content-encoding", "deflate"), stream.compress(b"x") + stream.flush(), MIB)


async def test_a_bomb_is_refused_at_the_limit() -> None:
    """A quarter of a gibibyte in 260 kB: no more is unpacked than may be, and each piece is short."""
    bomb = zlib.compress(bytes(256 * MIB), 9)
    unpacked_bytes = 0
    for part in inflated(bomb, zlib.MAX_WBITS):
        unpacked_bytes += len(part)
        assert len(part) <= MIB
    with pytest.raises(BodyTooLarge, match="more than 1048576 bytes when it is unpacked"):
        await unpacked(header("content-encoding", "deflate"), bomb, MIB)

    assert unpacked_bytes == 256 * MIB


@pytest.mark.parametrize("kind", ["dense", "empty blocks", "answer"])
async def test_nothing_holds_up_the_event_loop(kind: str) -> None:
    """While a body is unpacked or packed, others have their turn."""
    empty_block = b"\x00\x00\x00\xff\xff"
    works: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "dense": lambda: unpacked(header("content-encoding", "gzip"), gzip.compress(bytes(64 * MIB), 1), 64 * MIB),
        "empty blocks": lambda: unpacked(
            header("content-encoding", "deflate"),
            b"\x78\x01" + empty_block * (16 * MIB // 5) + b"\x01\x00\x00\xff\xff\x00\x00\x00\x01",
            MIB,
        ),
        "answer": lambda: packed(header("accept-encoding", "gzip"), os.urandom(32 * MIB)),
    }
    task = asyncio.ensure_future(works[kind]())
    longest, turns = 0.0, 0
    while not task.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        longest, turns = max(longest, time.thread_time() - began), turns + 1

    assert turns > 50
    assert longest < LONGEST_S
    assert task.result() is not None


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", None),
        ("gzip", b"gzip"),
        ("deflate", b"deflate"),
        ("gzip, deflate, br, zstd", b"gzip"),
        ("GZIP;Q=0.5, deflate;q=0.8", b"deflate"),
        ("gzip ; q=0", None),
        ("gzip;q=0, *", b"deflate"),
        ("*", b"gzip"),
        ("*;q=0", None),
        ("br", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", b"gzip"),
        ("gzip;q=nonsense", None),
        ("gzip;q=0.5, deflate;q=0.5", b"gzip"),
    ],
)
def test_the_encoding_that_a_caller_likes_best(accepted: str, expected: bytes | None) -> None:
    """By its weights; of equal ones gzip, and none that the caller likes less than the body as it is."""
    assert preferred(accepted.encode()) == expected


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_large_answer_is_packed_for_those_who_ask(encoding: str) -> None:
    """And what others get says that it depends on who asks."""
    body = json.dumps(list(range(200_000))).encode()
    small, no_headers = await packed(header("accept-encoding", encoding), body[: LARGE - 1])
    plain, varying = await packed({}, body)
    given, headers = await packed(header("accept-encoding", encoding), body)

    assert (small, no_headers) == (body[: LARGE - 1], [])
    assert (plain, varying) == (body, [(b"vary", b"accept-encoding")])
    assert headers == [(b"content-encoding", encoding.encode()), (b"vary", b"accept-encoding")]
    assert len(given) < len(body) / 2
    assert await unpacked(header("content-encoding", encoding), given, len(body)) == body
