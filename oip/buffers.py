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

LENGTH = struct.Struct("<I")
"""What stands before each element of BYTES."""


def from_binary(message: TensorMessageIn, buffer: memoryview, pointer: str) -> NDArray[Any]:
    """Read one buffer, little-endian and in row-major order."""
    if message.datatype == "BYTES":
        return shaped(read_strings(buffer, math.prod(message.shape), pointer), message, pointer)
    dtype = DATATYPES[message.datatype]
    if len(buffer) != (wanted := dtype.itemsize * math.prod(message.shape)):
        raise ProtocolError(f"{pointer}/shape: wants {wanted} bytes, not {len(buffer)}")
    if dtype.kind == "b" and np.frombuffer(buffer, np.uint8).max(initial=0) > 1:
        raise ProtocolError(f"{pointer}: a BOOL is one byte, 0 or 1")
    return shaped(np.frombuffer(buffer, dtype), message, pointer)


def read_strings(buffer: memoryview, most: int, pointer: str) -> NDArray[Any]:
    """Read elements of BYTES: each a little-endian length of four bytes and that many bytes of UTF-8.

    It stops one element after `most`, which is one too many for the shape already.
    """
    data, texts, offset = bytes(buffer), list[bytes](), 0
    size, length_at, found = len(data), LENGTH.unpack_from, texts.append
    try:
        while offset < size and len(texts) <= most:
            start = offset + 4
            offset = start + length_at(data, offset)[0]
            found(data[start:offset])
        # A column of labels has few different ones: each is decoded once.
        known = {text: text.decode() for text in set(texts)}
    except (struct.error, UnicodeDecodeError) as exc:
        raise ProtocolError(f"{pointer}: is no sequence of lengths and UTF-8 texts") from exc
    if offset > size:
        raise ProtocolError(f"{pointer}: the last element of BYTES is cut off")
    array = np.empty(len(texts), dtype=object)
    array[:] = [known[text] for text in texts]
    return array


def write_strings(values: NDArray[Any]) -> bytes:
    """Write elements of BYTES."""
    texts = values.tolist()
    known = {text: LENGTH.pack(len(data := text.encode())) + data for text in set(texts)}
    return b"".join([known[text] for text in texts])
