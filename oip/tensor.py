"""One tensor: as JSON data, and as the buffers of the binary extension (`binary_tensor_data`)."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from numpy.typing import NDArray

from oip.buffers import from_binary, write_strings
from oip.datatypes import DATATYPES
from oip.document import MOST_TENSORS
from oip.elements import from_json
from oip.errors import MOST_FAULTS, ElementsError, ProtocolError
from oip.messages import TensorMessageIn, TensorParameters

HEADER_LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are JSON; it is there if a tensor is binary, and only then."""

MOST_DIMENSIONS = 8
LONGEST_DIMENSION = 2**31
NO_PARAMETERS = TensorParameters()


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


def read_tensors(messages: Sequence[TensorMessageIn], buffers: memoryview, at: str) -> list[Tensor]:
    """Read the tensors of a message, whose headers are checked; `buffers` is what follows the JSON, used up to its end.

    Raises ProtocolError with a pointer that begins with `at`.
    """
    offset = 0

    def elements(_: int, message: TensorMessageIn, pointer: str) -> NDArray[Any]:
        nonlocal offset
        size = binary_size(message, pointer)
        if size is None:
            return from_json(message, pointer)
        if offset + size > len(buffers):
            raise ProtocolError(f"{pointer}/parameters/binary_data_size: the body ends before the tensor does")
        offset += size
        return from_binary(message, buffers[offset - size : offset], pointer)

    tensors = collect_tensors(messages, elements, at)
    if offset != len(buffers):
        raise ProtocolError(f"{at}: {len(buffers) - offset} bytes of the body belong to no tensor")
    return tensors


def collect_tensors(
    messages: Sequence[TensorMessageIn], elements: Callable[[int, TensorMessageIn, str], NDArray[Any]], at: str
) -> list[Tensor]:
    """Read each tensor of a message with `elements`, by its index, itself and its pointer; no two have one name.

    Raises ProtocolError with a pointer that begins with `at`.
    """
    tensors, faults, seen = [], list[str](), set[str]()
    for index, message in enumerate(messages):
        pointer = f"{at}/{index}"
        try:
            tensors.append(Tensor(message.name, message.datatype, elements(index, message, pointer)))
        except ElementsError as exc:  # all of them are told at once
            faults += exc.faults
    if faults:
        raise ElementsError(faults[:MOST_FAULTS])
    for index, message in enumerate(messages):
        if message.name in seen:
            raise ProtocolError(f"{at}/{index}/name: {message.name[:64]} is there twice")
        seen.add(message.name)
    return tensors


def check_headers(messages: Sequence[TensorMessageIn], at: str) -> None:
    """Raise ProtocolError for too many tensors, an unknown datatype, an impossible shape, or elements elsewhere."""
    if len(messages) > MOST_TENSORS:
        raise ProtocolError(f"{at}: holds {len(messages)} tensors, more than {MOST_TENSORS}")
    for index, message in enumerate(messages):
        pointer = f"{at}/{index}"
        if message.datatype not in DATATYPES:
            raise ProtocolError(f"{pointer}/datatype: {message.datatype[:64]!r} is none of {', '.join(DATATYPES)}")
        if len(message.shape) > MOST_DIMENSIONS or not all(0 <= size < LONGEST_DIMENSION for size in message.shape):
            right = f"at most {MOST_DIMENSIONS} whole numbers from 0 to 2**31 - 1"
            raise ProtocolError(f"{pointer}/shape: must be {right}")
        if message.parameters is not None and message.parameters.shared_memory_region is not None:
            raise ProtocolError(f"{pointer}/parameters: shared memory is not supported")


def binary_size(message: TensorMessageIn, pointer: str) -> int | None:
    """Give the length of the tensor's buffer in bytes, None where the data is in the JSON."""
    size = (message.parameters or NO_PARAMETERS).binary_data_size
    if size is None:
        if message.data is msgspec.UNSET:
            raise ProtocolError(f"{pointer}/data: is missing")
        return None
    if message.data is not msgspec.UNSET:
        raise ProtocolError(f"{pointer}/data: must not be there beside binary_data_size")
    return size


def write_tensor(tensor: Tensor, binary: bool) -> tuple[TensorMessage, bytes]:
    """Write a tensor as its JSON part and its buffer, which is empty where the data is in the JSON.

    JSON has no NaN: it is null there, which only a request may hold.
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
    message.data = array.reshape(-1).tolist()
    return message, b""
