"""The elements of a tensor as JSON or Python has them."""

import math
import re
from functools import cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from oip.datatypes import DATATYPES, json_type
from oip.errors import ElementsError, ProtocolError
from oip.faults import element_faults, msgspec_fault
from oip.messages import TensorMessageIn

NULL: NDArray[Any] = np.array(None)
"""To compare whole arrays with."""

NESTED = re.compile(rb"\[\s*\[")


@cache
def decoder(datatype: str, depth: int) -> msgspec.json.Decoder[Any]:
    """Make the decoder of a list of elements, nested `depth` times."""
    kind = json_type(datatype)
    for _ in range(depth):
        kind = list[kind]  # type: ignore[valid-type]
    return msgspec.json.Decoder(kind)


def is_nested(message: TensorMessageIn, raw: bytes) -> bool:
    """Say whether data is nested to its shape, and not flat in row-major order."""
    return len(message.shape) > 1 and NESTED.match(raw) is not None


def from_json(message: TensorMessageIn, raw: bytes, pointer: str) -> NDArray[Any]:
    """Read data that is flat in row-major order, or nested to the shape."""
    nested = is_nested(message, raw)
    array = read_list(message, raw, nested, pointer)
    return unnested(array, message, pointer) if nested else shaped(array, message, pointer)


def read_list(message: TensorMessageIn, raw: bytes, nested: bool, pointer: str, first: int = 0) -> NDArray[Any]:
    """Read a list as it is; `first` is the index that its first element has in the tensor."""
    try:
        values = decoder(message.datatype, len(message.shape) if nested else 1).decode(raw)
    except RecursionError as exc:
        raise ProtocolError(f"{pointer}/data: is nested too deeply") from exc
    except UnicodeDecodeError as exc:
        raise ProtocolError(f"{pointer}/data: is not UTF-8") from exc
    except msgspec.ValidationError as exc:
        faults = [] if nested else element_faults(message.datatype, decoded(raw), pointer, first)
        raise ElementsError(faults or [msgspec_fault(exc, f"{pointer}/data", first)]) from exc
    return array_of(values, message.datatype, nested, pointer)


def from_list(values: list[Any], message: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Read elements that are Python's own already, flat in row-major order."""
    if faults := element_faults(message.datatype, values, pointer):
        raise ElementsError(faults)
    return shaped(array_of(values, message.datatype, False, pointer), message, pointer)


def array_of(values: list[Any], datatype: str, nested: bool, pointer: str) -> NDArray[Any]:
    """Make an array of elements that fit their datatype; null becomes NaN, or the empty string."""
    try:
        if datatype == "BYTES" and not nested:
            array = np.empty(len(values), dtype=object)
            array[:] = values
        else:
            array = np.array(values, DATATYPES[datatype])
    except (ValueError, OverflowError) as exc:
        raise misfit(pointer) from exc
    if datatype == "BYTES":
        array[array == NULL] = ""
    return array


def decoded(raw: bytes) -> list[Any]:
    """Decode a list, whatever is in it; there is none where a number is beyond every datatype, or a text no UTF-8."""
    try:
        values = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return values if isinstance(values, list) else []


def check_texts(message: TensorMessageIn, raw: bytes, nested: bool, pointer: str) -> None:
    """Raise ProtocolError for more texts, lists or elements than the shape has, before millions of them are made.

    Texts may hold what is counted, so they are left out: a regular expression took 1.8 s to find them in 16 MiB.
    """
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    if (texts := plain.count(b'"') // 2) > math.prod(message.shape):
        raise miscounted(message, texts, pointer)
    rest = b"".join(plain.split(b'"')[::2])
    check_lists(message, rest, nested, pointer)
    check_count(message, rest, pointer)


def check_lists(message: TensorMessageIn, raw: bytes, nested: bool, pointer: str) -> None:
    """Raise ProtocolError for more lists than the shape has; texts are none."""
    lists = sum(math.prod(message.shape[:depth]) for depth in range(len(message.shape))) if nested else 1
    if raw.count(b"[") > lists:
        raise ProtocolError(f"{pointer}/data: is nested otherwise than the shape {message.shape}")


def check_count(message: TensorMessageIn, raw: bytes, pointer: str) -> None:
    """Raise ProtocolError for more elements than the shape has."""
    if (elements := raw.count(b",") + 1) > max(1, math.prod(message.shape)):
        raise miscounted(message, elements, pointer)


def shaped(array: NDArray[Any], message: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Give the array its shape, if it has as many elements."""
    if array.size != math.prod(message.shape):
        raise miscounted(message, array.size, pointer)
    try:
        return array.reshape(message.shape)
    except ValueError as exc:  # none of its elements, and dimensions that numpy cannot count
        raise ProtocolError(f"{pointer}/shape: {message.shape} is too large") from exc


def unnested(array: NDArray[Any], message: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Give an array of nested data, if it has the shape."""
    if array.shape != (expected := tuple(message.shape)):
        raise ProtocolError(f"{pointer}/data: is nested to {list(array.shape)}, but the shape is {list(expected)}")
    return array


def miscounted(message: TensorMessageIn, elements: int, pointer: str) -> ProtocolError:
    """Say that there are more elements or fewer than the shape wants."""
    wanted = math.prod(message.shape)
    return ProtocolError(f"{pointer}/shape: {message.shape} wants {wanted} elements, not {elements}")


def misfit(pointer: str) -> ProtocolError:
    """Say that lists are of different lengths, or numbers beyond their datatype."""
    return ProtocolError(f"{pointer}/data: does not fit datatype and shape")
