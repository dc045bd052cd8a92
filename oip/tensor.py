"""One tensor: as JSON data, and as the buffers of the binary extension (`binary_tensor_data`)."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from oip.alike import read_alike
from oip.buffers import from_binary, write_strings
from oip.datatypes import DATATYPES
from oip.elements import from_json
from oip.errors import MOST_FAULTS, ElementsError, ProtocolError
from oip.headers import binary_size, check_names
from oip.messages import TensorMessageIn
from oip.pieces import PIECE, from_long_json
from oip.turns import Steps

HEADER_LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are JSON; it is there if a tensor is binary, and only then."""


NOTHING = memoryview(b"")

# An inner function's annotations are made anew with it: written out there, this one took 8 µs of a request.
Elements = NDArray[Any] | Steps[NDArray[Any]]
"""The elements of a tensor, or the steps that read them."""


# As all that each request makes this is a struct: making a frozen dataclass takes 0.4 µs, a struct 0.07.
class Tensor(msgspec.Struct, frozen=True):
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


def tensor_steps(messages: Sequence[TensorMessageIn], buffers: memoryview, at: str) -> Steps[list[Tensor]]:
    """Read the tensors of a message, whose headers are checked; `buffers` is what follows the JSON, used up to its end.

    Pauses in long data. Raises ProtocolError with a pointer that begins with `at`.
    """
    offset = 0

    def elements(_: int, message: TensorMessageIn, pointer: str) -> Elements:
        nonlocal offset
        size = binary_size(message, pointer)
        if size is None:
            raw = bytes(message.data)  # type: ignore[arg-type]
            return from_json(message, raw, pointer) if len(raw) <= PIECE else from_long_json(message, raw, pointer)
        if offset + size > len(buffers):
            raise ProtocolError(f"{pointer}/parameters/binary_data_size: the body ends before the tensor does")
        offset += size
        return from_binary(message, buffers[offset - size : offset], pointer)

    check_names(messages, at)
    if len(messages) > 1 and (rows := read_alike(messages, buffers)) is not None:
        return [Tensor(one.name, one.datatype, row) for one, row in zip(messages, rows, strict=True)]
    tensors = yield from collect_tensors(messages, elements, at)
    if offset != len(buffers):
        raise ProtocolError(f"{at}: {len(buffers) - offset} bytes of the body belong to no tensor")
    return tensors


def collect_tensors(
    messages: Sequence[TensorMessageIn],
    elements: Callable[[int, TensorMessageIn, str], Elements],
    at: str,
) -> Steps[list[Tensor]]:
    """Read each tensor of a message with `elements`, by its index, itself and its pointer, at once or in steps.

    Raises ProtocolError with a pointer that begins with `at`.
    """
    tensors, faults = [], []
    for index, message in enumerate(messages):
        try:
            found = elements(index, message, f"{at}/{index}")
            array = found if isinstance(found, np.ndarray) else (yield from found)
        except ElementsError as exc:  # all of them are told at once
            faults += exc.faults
        else:
            tensors.append(Tensor(message.name, message.datatype, array))
    if faults:
        raise ElementsError(faults[:MOST_FAULTS])
    return tensors


def write_tensor(tensor: Tensor, binary: bool) -> tuple[TensorMessage, memoryview]:
    """Write a tensor as its JSON part and its buffer, which is empty where the data is in the JSON.

    JSON has no NaN: it is null there, which only a request may hold.
    """
    message = TensorMessage(tensor.name, tensor.datatype, list(tensor.array.shape))
    buffer = buffer_of(tensor) if binary else NOTHING
    if binary:
        message.parameters = {"binary_data_size": buffer.nbytes}
    else:
        message.data = tensor.array.reshape(-1).tolist()
    return message, buffer


def buffer_of(tensor: Tensor) -> memoryview:
    """Give the elements as a buffer, not copied where they are one already."""
    if tensor.datatype == "BYTES":
        return memoryview(write_strings(tensor.array.reshape(-1)))
    return np.ascontiguousarray(tensor.array, DATATYPES[tensor.datatype]).data
