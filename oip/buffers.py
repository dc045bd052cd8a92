"""The elements of a tensor as a buffer: the binary extension's, and gRPC's raw contents."""

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oip.datatypes import DATATYPES
from oip.elements import shaped
from oip.errors import ProtocolError
from oip.messages import TensorMessageIn


def from_binary(message: TensorMessageIn, buffer: memoryview, pointer: str) -> NDArray[Any]:
    """Read one buffer, little-endian and in row-major order."""
    if message.datatype == "BYTES":
        return shaped(read_strings(buffer, math.prod(message.shape), pointer), message, pointer)
    dtype = DATATYPES[message.datatype]
    if len(buffer) != dtype.itemsize * math.prod(message.shape):
        raise ProtocolError(
            f"{pointer}/shape: wants {dtype.itemsize * math.prod(message.shape)} bytes, not {len(buffer)}"
        )
    if message.datatype == "BOOL" and np.frombuffer(buffer, dtype=np.uint8).max(initial=0) > 1:
        raise ProtocolError(f"{pointer}: a BOOL is one byte, 0 or 1")
    return shaped(np.frombuffer(buffer, dtype=dtype), message, pointer)


def read_strings(buffer: memoryview, most: int, pointer: str) -> NDArray[Any]:
    """Read elements of BYTES: each a little-endian length of four bytes and that many bytes of UTF-8.

    It stops one element after `most`, which is one too many for the shape already.
    """
    values: list[str] = []
    offset = 0
    try:
        while offset < len(buffer) and len(values) <= most:
            (length,) = struct.unpack_from("<I", buffer, offset)
            offset += 4 + length
            if offset > len(buffer):
                raise ProtocolError(f"{pointer}: the last element of BYTES is cut off")
            values.append(str(buffer[offset - length : offset], "utf-8"))
    except (struct.error, UnicodeDecodeError) as exc:
        raise ProtocolError(f"{pointer}: is no sequence of lengths and UTF-8 texts") from exc
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def write_strings(values: NDArray[Any]) -> bytes:
    """Write elements of BYTES."""
    texts = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
