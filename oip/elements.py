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

SMALL = 2**16
"""Bytes of data that need no count: for thirty tensors of one row it would be a tenth of reading them."""

TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"')


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
    if len(raw) > SMALL:
        check_count(message, raw, nested, pointer)
    try:
        values = decoder(message.datatype, depth if nested else 1).decode(raw)
    except RecursionError as exc:
        raise ProtocolError(f"{pointer}/data: is nested too deeply") from exc
    except UnicodeDecodeError as exc:
        raise ProtocolError(f"{pointer}/data: is not UTF-8") from exc
    except msgspec.ValidationError as exc:
        faults = [] if nested else element_faults(message.datatype, decoded(raw), pointer)
        raise ElementsError(faults or [msgspec_fault(exc, f"{pointer}/data")]) from exc
    array = array_of(values, message.datatype, nested, pointer)
    expected = tuple(message.shape)
    if nested and array.shape != expected:
        raise ProtocolError(f"{pointer}/data: is nested to {list(array.shape)}, but the shape is {list(expected)}")
    return shaped(array, message, pointer)


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
            array = np.array(values, dtype=DATATYPES[datatype])
    except (ValueError, OverflowError) as exc:
        raise ProtocolError(f"{pointer}/data: does not fit datatype and shape") from exc
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


def check_count(message: TensorMessageIn, raw: bytes, nested: bool, pointer: str) -> None:
    """Raise ProtocolError for more lists or elements than the shape has, before millions of them are made.

    Where texts may hold what is counted, it is what there are at least.
    """
    is_text = message.datatype == "BYTES"
    lists = sum(math.prod(message.shape[:depth]) for depth in range(len(message.shape))) if nested else 1
    if (TEXTS.sub(b"", raw) if is_text and raw.count(b"[") > lists else raw).count(b"[") > lists:
        raise ProtocolError(f"{pointer}/data: is nested otherwise than the shape {message.shape}")
    elements = (raw.count(b'"') - raw.count(b'\\"')) // 2 if is_text else raw.count(b",") + 1
    if elements > max(1, math.prod(message.shape)):
        raise ProtocolError(
            f"{pointer}/shape: {message.shape} wants {math.prod(message.shape)} elements, not {elements}"
        )


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
