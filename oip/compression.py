"""gzip and deflate: packed requests are unpacked, answers are packed for those who ask.

Both are done in pieces and give way between them, so that no body holds up the event loop.
"""

import asyncio
import re
import zlib
from collections.abc import Iterator

from oip.asgi import BodyTooLarge, Headers
from oip.errors import ProtocolError

WINDOWS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
"""The encodings that clients know, with zlib's word for each; deflate is the zlib format (RFC 9110, 8.4.1.2)."""

ACCEPT_ENCODING = (b"accept-encoding", b", ".join(WINDOWS))
"""The header of a refusal for another encoding."""

PACKED_PIECE = 2**16
"""What is unpacked at once: input that gives no output, such as empty blocks, takes its time too."""

UNPACKED_PIECE = 2**18

LARGE = 4096
"""An answer is packed from here on: below it fits into three packets anyway."""

LEVEL = 1
"""The fastest: ten thousand predictions as JSON are 0.18 of their size after 6 ms, at the default 0.16 after 15."""

WEIGHT = re.compile(rb"\s*q=([01](?:\.\d{0,3})?)\s*")


class UnsupportedEncoding(ValueError):
    """Report a content encoding that is not known."""


async def unpacked(headers: Headers, body: bytes, limit: int) -> bytes:
    """Give a body as it was before its Content-Encoding, of at most `limit` bytes.

    Raises UnsupportedEncoding, BodyTooLarge, and ProtocolError for a body that is not in its encoding.
    """
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding == b"identity":
        return body
    name = encoding.decode("latin-1")[:40]
    if encoding not in WINDOWS:
        raise UnsupportedEncoding(f"the content encoding {name!r} is unknown; there are gzip and deflate")
    parts, size = [], 0
    try:
        for part in inflated(body, WINDOWS[encoding]):
            size += len(part)
            if size > limit:
                raise BodyTooLarge(f"the body has more than {limit} bytes when it is unpacked")
            parts.append(part)
            await asyncio.sleep(0)
    except zlib.error as exc:
        raise ProtocolError(f"the body is not {name}, or damaged") from exc
    return b"".join(parts)


def inflated(body: bytes, window: int) -> Iterator[bytes]:
    """Unpack a body in pieces of bounded size; raises zlib.error unless it is one whole stream and nothing else."""
    stream = zlib.decompressobj(window)
    for start in range(0, len(body), PACKED_PIECE):
        if stream.eof:
            raise zlib.error("goes on after its end")
        rest, full = body[start : start + PACKED_PIECE], True
        while full and not stream.eof:
            part = stream.decompress(rest, UNPACKED_PIECE)
            yield part
            rest = stream.unconsumed_tail
            full = len(part) == UNPACKED_PIECE
    if not stream.eof or stream.unused_data:
        raise zlib.error("is cut off, or goes on after its end")


async def packed(headers: Headers, body: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Give the body of an answer as the caller's Accept-Encoding asks for it, and the headers that say so.

    To be used for successful inference only: clients unpack nothing else.
    """
    if len(body) < LARGE:
        return body, []
    vary = (b"vary", b"accept-encoding")
    encoding = preferred(headers.get(b"accept-encoding", b""))
    if encoding is None:
        return body, [vary]
    stream, view, parts = zlib.compressobj(LEVEL, wbits=WINDOWS[encoding]), memoryview(body), []
    for start in range(0, len(body), UNPACKED_PIECE):
        parts.append(stream.compress(view[start : start + UNPACKED_PIECE]))
        await asyncio.sleep(0)
    parts.append(stream.flush())
    return b"".join(parts), [(b"content-encoding", encoding), vary]


def preferred(accepted: bytes) -> bytes | None:
    """Give the encoding that a caller likes best, None where that is none (RFC 9110, 12.5.3)."""
    weights = {}
    for entry in accepted.lower().split(b","):
        name, separator, parameter = entry.partition(b";")
        given = WEIGHT.fullmatch(parameter)
        weights[name.strip()] = float(given[1]) if given else float(not separator)
    others = weights.get(b"*", 0.0)
    weight, encoding = max((weights.get(name, others), name) for name in sorted(WINDOWS))
    return encoding if weight > 0 and weight >= weights.get(b"identity", 0.0) else None
