"""What stands before the elements of the tensors of a message: their names, datatypes, shapes and sizes."""

from collections.abc import Sequence

import msgspec

from oip.datatypes import DATATYPES
from oip.document import MOST_TENSORS
from oip.errors import ProtocolError
from oip.messages import TensorMessageIn, TensorParameters

MOST_DIMENSIONS = 8
LONGEST_DIMENSION = 2**31
NO_PARAMETERS = TensorParameters()


def check_headers(messages: Sequence[TensorMessageIn], at: str) -> None:
    """Raise ProtocolError for too many tensors, an impossible datatype or shape, or elements elsewhere."""
    if len(messages) > MOST_TENSORS:
        raise ProtocolError(f"{at}: holds {len(messages)} tensors, more than {MOST_TENSORS}")
    known: list[int] | None = None  # most columns have the shape of the one before
    for index, message in enumerate(messages):
        if message.datatype not in DATATYPES:
            raise ProtocolError(f"{at}/{index}/datatype: {message.datatype[:64]!r} is none of {', '.join(DATATYPES)}")
        if message.shape != known:
            check_shape(known := message.shape, f"{at}/{index}")
        if message.parameters is not None and message.parameters.shared_memory_region is not None:
            raise ProtocolError(f"{at}/{index}/parameters: shared memory is not supported")


def check_shape(shape: list[int], pointer: str) -> None:
    """Raise ProtocolError for a shape that no tensor has here."""
    if len(shape) > MOST_DIMENSIONS or (shape and not 0 <= min(shape) <= max(shape) < LONGEST_DIMENSION):
        right = f"at most {MOST_DIMENSIONS} whole numbers from 0 to 2**31 - 1"
        raise ProtocolError(f"{pointer}/shape: must be {right}")


def check_names(messages: Sequence[TensorMessageIn], at: str) -> None:
    """Raise ProtocolError where two tensors have one name."""
    if len(messages) == 1 or len(seen := {message.name for message in messages}) == len(messages):
        return
    for index, message in enumerate(messages):
        if message.name not in seen:
            raise ProtocolError(f"{at}/{index}/name: {message.name[:64]} is there twice")
        seen.remove(message.name)


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
