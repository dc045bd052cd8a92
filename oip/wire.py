"""Messages of gRPC from their bytes, which are checked before protobuf makes an object of every part of them."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from oip.errors import ProtocolError

SMALL = 2**16
"""Bytes that need no check: a part of two of them becomes an object of 90."""

MOST_PARTS = 10_000
"""Inputs, their buffers, outputs and parameters in one message: five for each tensor that there may be."""

VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5
"""Wire types of a field: https://protobuf.dev/programming-guides/encoding/#structure."""

M = TypeVar("M", bound=Message)


def decode_message(kind: type[M], body: bytes) -> M:
    """Read a message; raises ProtocolError for bytes that are none, or that hold more parts than a request can have."""
    if len(body) > SMALL:
        check_parts(body)
    try:
        return kind.FromString(body)
    except DecodeError as exc:
        raise ProtocolError(f"the message is no {kind.DESCRIPTOR.name}") from exc


def check_parts(body: bytes) -> None:
    """Raise ProtocolError for a message of too many fields: 16 MiB of empty inputs would take 740 MiB and 1.6 s."""
    at, parts = 0, 0
    while at < len(body):
        parts += 1
        if parts > MOST_PARTS:
            raise ProtocolError(f"the message has more than {MOST_PARTS} parts")
        tag, at = varint(body, at)
        kind = tag & 7
        if kind == LENGTH:
            size, at = varint(body, at)
            at += size
        elif kind == VARINT:
            _, at = varint(body, at)
        elif kind in (FIXED_64, FIXED_32):
            at += 8 if kind == FIXED_64 else 4
        else:
            raise ProtocolError("the message has a field of no known type")


def varint(body: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; gives it and where it ends."""
    value = 0
    for index, byte in enumerate(body[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise ProtocolError("the message is cut off")
