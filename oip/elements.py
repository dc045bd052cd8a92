"""The elements of a tensor: from JSON, from the buffers of the binary extension, and back."""

import math
import re
import struct
from functools import cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from oip.datatypes import DATATYPES, json_type
from oip.errors import MOST_FAULTS, ElementsError, ProtocolError

CHUNK = 10_000


class TensorMessageIn(msgspec.Struct):
    """Mirror a tensor that comes in; `data` stays unread until its datatype is known."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


@cache
def decoder(datatype: str, depth: int) -> msgspec.json.Decoder[Any]:
    """Make the decoder of a list of elements, nested `depth` times."""
    kind = json_type(datatype)
    for _ in range(depth):
        kind = list[kind]  # type: ignore[valid-type]
    return msgspec.json.Decoder(kind)


def from_json(message: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Read data that is flat in row-major order, or nested to the shape."""
    raw, depth = bytes(message.data), len(message.shape)  # type: ignore[arg-type]
    nested = depth > 1 and raw[1:].lstrip()[:1] == b"["
    try:
        values = decoder(message.datatype, depth if nested else 1).decode(raw)
    except RecursionError as exc:
        raise ProtocolError(f"{pointer}/data: is nested too deeply") from exc
    except msgspec.ValidationError as exc:
        faults = [] if nested else element_faults(message.datatype, raw, pointer)
        raise ElementsError(faults or [msgspec_fault(exc, f"{pointer}/data")]) from exc
    try:
        if message.datatype == "BYTES" and not nested:
            array = np.empty(len(values), dtype=object)
            array[:] = values
        else:
            array = np.array(values, dtype=DATATYPES[message.datatype])
    except (ValueError, OverflowError) as exc:
        raise ProtocolError(f"{pointer}/data: does not fit datatype and shape") from exc
    expected = tuple(message.shape)
    if nested and array.shape != expected:
        raise ProtocolError(f"{pointer}/data: is nested to {list(array.shape)}, but the shape is {list(expected)}")
    return shaped(array, message, pointer)


def element_faults(datatype: str, raw: bytes, pointer: str) -> list[str]:
    """Find the elements of flat data that do not fit, the first MOST_FAULTS of them.

    msgspec stops at the first, so each time it is asked again from there on, a part at a time.
    """
    try:
        values = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):  # a number beyond every datatype, for one
        return []
    if not isinstance(values, list):
        return []
    kind, faults, start = json_type(datatype), list[str](), 0
    while start < len(values) and len(faults) < MOST_FAULTS:
        part = values[start : start + CHUNK]
        try:
            msgspec.convert(part, list[kind])  # type: ignore[valid-type]
        except msgspec.ValidationError as exc:
            text, _, place = str(exc).partition(" - at `$[")
            start += int(place.rstrip("]`"))
            faults.append(f"{pointer}/data/{start}: {text[:1].lower()}{text[1:]}")
            start += 1
        else:
            start += CHUNK
    return faults


def from_binary(message: TensorMessageIn, buffer: memoryview, pointer: str) -> NDArray[Any]:
    """Read one buffer of the binary extension."""
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


def shaped(array: NDArray[Any], message: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Give the array its shape, if it has as many elements."""
    if array.size != math.prod(message.shape):
        raise ProtocolError(
            f"{pointer}/shape: {message.shape} wants {math.prod(message.shape)} elements, not {array.size}"
        )
    try:
        return array.reshape(message.shape)
    except ValueError as exc:  # none of its elements, and dimensions that numpy cannot count
        raise ProtocolError(f"{pointer}/shape: {message.shape} is too large") from exc


def msgspec_fault(exc: Exception, pointer: str) -> str:
    """Turn msgspec's `… - at `$.a[3]`` into `pointer/a/3: …`."""
    text, _, place = str(exc).partition(" - at `$")
    steps = re.sub(r"[.\[]", "/", place.rstrip("`").replace("]", ""))
    return f"{pointer}{steps.replace('...', '')}: {text[:1].lower()}{text[1:]}"
