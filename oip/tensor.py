"""One tensor: as JSON data, and as the buffers of the binary extension (`binary_tensor_data`)."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from oip.alike import read_alike
from oip.buffers import from_binary, write_strings
from oip.datatypes import DATATYPES
from oip.elements import from_json
from oip.errors import MOST_FAULTS, ElementsError, ProtocolError
from oip.headers import binary_size
from oip.messages import TensorMessageIn
from oip.pieces import PIECE, from_long_json
from oip.turns import Steps

HEADER_LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are JSON; it is there if a tensor is binary, and only then."""


# As all that each request makes this is a struct: making a frozen dataclass takes 0.4 µs, a struct 0.07.
class Tensor(msgspec.Struct, frozen=True):
    """Hold a named array in one of the protocol's datatypes; of one that is nullable NaN is null in JSON."""

    name: str
    datatype: str
    array: NDArray[Any]
    nullable: bool = False


class TensorMessage(msgspec.Struct, omit_defaults=True):
    """Mirror a tensor of a request or a response as it stands in JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] | None = None
    data: Any = msgspec.UNSET


def tensor_steps(messages: Sequence[TensorMessageIn], buffers: memoryview, at: str) -> Steps[list[Tensor]]:
    """Read the tensors of a message, whose headers are checked; `buffers` is what follows the JSON, used up to its end.

    Pauses in long data, and between tensors where many are not that long. Raises ProtocolError with a pointer that
    begins with `at`.
    """
    if len(messages) > 1 and (rows := read_alike(messages, buffers)) is not None:
        return [Tensor(one.name, one.datatype, row) for one, row in zip(messages, rows, strict=True)]
    tensors, faults, offset, unpaused = [], [], 0, 0
    for index, message in enumerate(messages):
        pointer = f"{at}/{index}"
        raw = raw_elements(message, buffers, offset, pointer)
        if (unpaused := unpaused + len(raw)) > PIECE:
            unpaused = len(raw)
            yield
        try:
            if isinstance(raw, memoryview):
                offset += len(raw)
                array = from_binary(message, raw, pointer)
            elif len(raw) <= PIECE:
                array = from_json(message, raw, pointer)
            else:
                array = yield from from_long_json(message, raw, pointer)
        except ElementsError as exc:  # all of them are told at once
            faults += exc.faults
        else:
            tensors.append(Tensor(message.name, message.datatype, array))
    if faults:
        raise ElementsError(faults[:MOST_FAULTS])
    if offset != len(buffers):
        raise ProtocolError(f"{at}: {len(buffers) - offset} bytes of the body belong to no tensor")
    return tensors


def raw_elements(message: TensorMessageIn, buffers: memoryview, offset: int, pointer: str) -> bytes | memoryview:
    """Give the JSON of a tensor's elements, or their buffer, which begins at `offset`."""
    size = binary_size(message, pointer)
    if size is None:
        return bytes(message.data)  # type: ignore[arg-type]  # msgspec.Raw is a buffer
    if offset + size > len(buffers):
        raise ProtocolError(f"{pointer}/parameters/binary_data_size: the body ends before the tensor does")
    return buffers[offset : offset + size]


def write_json(tensor: Tensor) -> TensorMessage:
    """Write a tensor with its data, flat; JSON has no NaN: it is null there."""
    array = tensor.array
    flat = array if array.ndim == 1 else array.reshape(-1)
    return TensorMessage(tensor.name, tensor.datatype, list(array.shape), None, flat.tolist())


def write_binary(tensor: Tensor) -> tuple[TensorMessage, memoryview]:
    """Write a tensor as its JSON part and its buffer."""
    buffer = buffer_of(tensor)
    shape, parameters = list(tensor.array.shape), {"binary_data_size": buffer.nbytes}
    return TensorMessage(tensor.name, tensor.datatype, shape, parameters), buffer


def buffer_of(tensor: Tensor) -> memoryview:
    """Give the elements as a buffer, not copied where they are one already."""
    if tensor.datatype == "BYTES":
        return memoryview(write_strings(tensor.array.reshape(-1)))
    return np.ascontiguousarray(tensor.array, DATATYPES[tensor.datatype]).data
