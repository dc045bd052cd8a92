"""Long data of a tensor as JSON, read a piece at a time.

Ten thousand rows of thirty numbers take 20 ms, a piece of them 1: whoever waits for the event loop waits no longer.
"""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from oip.elements import (
    check_count,
    check_lists,
    check_texts,
    decoded,
    is_nested,
    miscounted,
    misfit,
    read_list,
    shaped,
    unnested,
)
from oip.errors import MOST_FAULTS, ElementsError
from oip.messages import TensorMessageIn
from oip.turns import Steps

PIECE = 2**17
"""Bytes; some 65,000 elements at most."""


def from_long_json(message: TensorMessageIn, raw: bytes, pointer: str) -> Steps[NDArray[Any]]:
    """Read data as `from_json` does, with a pause before each step."""
    nested, texts = is_nested(message, raw), message.datatype == "BYTES"
    yield
    (check_texts if texts else check_lists)(message, raw, nested, pointer)
    parts, faults, first = [], [], 0
    for piece in pieces(message, raw, nested):
        yield
        if not texts and len(piece) > 2 * PIECE:  # there was nothing to cut it at
            check_count(message, piece, pointer)
        try:
            part = read_piece(message, piece, nested, pointer, first)
        except ElementsError as exc:
            faults += exc.faults
            length = 0 if nested else len(decoded(piece))
        else:
            length = len(part)
            parts.append(part)
        first += length
        if not nested and first > max(1, math.prod(message.shape)):
            raise miscounted(message, raw.count(b",") + 1, pointer)
        if faults and (not length or len(faults) >= MOST_FAULTS):
            break
    if faults:
        raise ElementsError(faults)
    return joined(parts, message, nested, pointer)


def read_piece(message: TensorMessageIn, piece: bytes, nested: bool, pointer: str, first: int) -> NDArray[Any]:
    """Read a piece as `read_list` does; a text in which it was cut, and where none may be, is told as any other.

    It is the first of the piece, for msgspec reads no further than a text.
    """
    try:
        return read_list(message, piece, nested, pointer, first)
    except msgspec.DecodeError:
        before = piece[: piece.index(b'"')]
    return read_list(message, before + (b'""]]' if nested else b'""]'), nested, pointer, first)


def joined(parts: list[NDArray[Any]], message: TensorMessageIn, nested: bool, pointer: str) -> NDArray[Any]:
    """Put the pieces together."""
    try:
        array = parts[0] if len(parts) == 1 else np.concatenate(parts)
    except ValueError as exc:
        raise misfit(pointer) from exc
    return unnested(array, message, pointer) if nested else shaped(array, message, pointer)


def pieces(message: TensorMessageIn, raw: bytes, nested: bool) -> Iterator[bytes]:
    """Cut a list of numbers, or of lists of numbers, into shorter lists.

    Texts may hold what it would be cut at, and what is nested three times is rare: they stay whole. Of what is none of
    these a piece cannot be read either, wherever it is cut.
    """
    start, end, mark = 1, len(raw) - 1, b"]," if nested else b","
    if message.datatype != "BYTES" and raw[:1] == b"[" and (len(message.shape) == 2 or not nested):
        while (found := raw.find(mark, start + PIECE, end)) >= 0:
            stop = found + len(mark) - 1
            yield b"[%b]" % raw[start:stop]
            start = stop + 1
    yield b"[%b]" % raw[start:end] if start > 1 else raw
