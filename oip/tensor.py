"""One tensor: as JSON data, and as the buffers of the binary extension (`binary_tensor_data`)."""

import math
import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from oip.datatypes import DATATYPES, json_type
from oip.errors import ProtocolError

HEADER_LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are JSON; it is there if a tensor is binary, and only then."""

MOST_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """Hold a named array in one of the protocol's datatypes."""

    name: str
    datatype: str
    array: NDArray[Any]


class TensorMessage(msgspec.Struct, omit_defaults=True):
    """Mirror a tensor of a request or a response as it stands in JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] | None = None
    data: Any = msgspec.UNSET


class TensorMessageIn(msgspec.Struct):
    """Mirror a tensor that comes in; `data` stays unread until its datatype is known."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_tensors(messages: list[TensorMessageIn], buffers: memoryview, at: str) -> list[Tensor]:
    """Read the tensors of a message; `buffers` is what follows the JSON, in their order, used up to its end.

    Raises ProtocolError with a pointer that begins with `at`.
    """
    tensors, offset = [], 0
    for index, message in enumerate(messages):
        pointer = f"{at}/{index}"
        check_header(message, pointer)
        size = binary_size(message, pointer)
        if size is None:
            tensors.append(Tensor(message.name, message.datatype, from_json(message, pointer)))
            continue
        if offset + size > len(buffers):
            raise ProtocolError(f"{pointer}/parameters/binary_data_size: the body ends before the tensor does")
        array = from_binary(message, buffers[offset : offset + size], pointer)
        tensors.append(Tensor(message.name, message.datatype, array))
        offset += size
    if offset != len(buffers):
        raise ProtocolError(f"{at}: {len(buffers) - offset} bytes of the body belong to no tensor")
    names = [message.name for message in messages]
    if doubles := [name for name in names if names.count(name) > 1]:
        raise ProtocolError(f"{at}: {doubles[0]} is there twice")
    return tensors


def check_header(message: TensorMessageIn, pointer: str) -> None:
    """Raise ProtocolError for an unknown datatype or an impossible shape."""
    if message.datatype not in DATATYPES:
        raise ProtocolError(f"{pointer}/datatype: {message.datatype!r} is none of {', '.join(DATATYPES)}")
    if len(message.shape) > MOST_DIMENSIONS or any(size < 0 for size in message.shape):
        raise ProtocolError(f"{pointer}/shape: must be at most {MOST_DIMENSIONS} whole numbers that are not negative")


def binary_size(message: TensorMessageIn, pointer: str) -> int | None:
    """Give the length of the tensor's buffer in bytes, None where the data is in the JSON."""
    parameters = message.parameters or {}
    if any(name.startswith("shared_memory") for name in parameters):
        raise ProtocolError(f"{pointer}/parameters: shared memory is not supported")
    size = parameters.get("binary_data_size")
    if size is None:
        if message.data is msgspec.UNSET:
            raise ProtocolError(f"{pointer}/data: is missing")
        return None
    if type(size) is not int or size < 0:
        raise ProtocolError(f"{pointer}/parameters/binary_data_size: must be a whole number that is not negative")
    if message.data is not msgspec.UNSET:
        raise ProtocolError(f"{pointer}/data: must not be there beside binary_data_size")
    return size


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
    except (msgspec.ValidationError, RecursionError) as exc:
        raise ProtocolError(msgspec_fault(exc, f"{pointer}/data")) from exc
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


def from_binary(message: TensorMessageIn, buffer: memoryview, pointer: str) -> NDArray[Any]:
    """Read one buffer of the binary extension."""
    if message.datatype == "BYTES":
        return shaped(read_strings(buffer, pointer), message, pointer)
    dtype = DATATYPES[message.datatype]
    if len(buffer) != dtype.itemsize * math.prod(message.shape):
        raise ProtocolError(
            f"{pointer}/shape: wants {dtype.itemsize * math.prod(message.shape)} bytes, not {len(buffer)}"
        )
    if message.datatype == "BOOL" and buffer.nbytes and max(buffer) > 1:
        raise ProtocolError(f"{pointer}: a BOOL is one byte, 0 or 1")
    return np.frombuffer(buffer, dtype=dtype).reshape(message.shape)


def read_strings(buffer: memoryview, pointer: str) -> NDArray[Any]:
    """Read elements of BYTES: each a little-endian length of four bytes and that many bytes of UTF-8."""
    values, offset = [], 0
    try:
        while offset < len(buffer):
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


def shaped(array: NDArray[Any], message: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Give the array its shape, if it has as many elements."""
    if array.size != math.prod(message.shape):
        raise ProtocolError(
            f"{pointer}/shape: {message.shape} wants {math.prod(message.shape)} elements, not {array.size}"
        )
    return array.reshape(message.shape)


def write_tensor(tensor: Tensor, binary: bool) -> tuple[TensorMessage, bytes]:
    """Write a tensor as its JSON part and its buffer, which is empty where the data is in the JSON.

    Raises ProtocolError for a number that JSON has no word for.
    """
    array = tensor.array
    message = TensorMessage(tensor.name, tensor.datatype, list(array.shape))
    if binary:
        flat = array.reshape(-1)
        buffer = (
            write_strings(flat) if tensor.datatype == "BYTES" else flat.astype(DATATYPES[tensor.datatype]).tobytes()
        )
        message.parameters = {"binary_data_size": len(buffer)}
        return message, buffer
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ProtocolError(f"{tensor.name}: JSON has no NaN and no infinity")
    message.data = array.reshape(-1).tolist()
    return message, b""


def write_strings(values: NDArray[Any]) -> bytes:
    """Write elements of BYTES."""
    texts = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def msgspec_fault(exc: Exception, pointer: str) -> str:
    """Turn msgspec's `… - at `$.a[3]`` into `pointer/a/3: …`."""
    text, _, place = str(exc).partition(" - at `$")
    steps = re.sub(r"[.\[]", "/", place.rstrip("`").replace("]", ""))
    return f"{pointer}{steps.replace('...', '')}: {text[:1].lower()}{text[1:]}"
