"""How much a request may hold, whatever form its tensors have."""

import math
from collections.abc import Sequence

import msgspec

from oip.asgi import BodyTooLarge
from oip.errors import MOST_FAULTS, ProtocolError
from oip.headers import LONGEST_DIMENSION, check_headers
from oip.messages import TensorMessageIn


class Limits(msgspec.Struct, frozen=True):
    """Say how much a request may hold: `rows` is the first dimension, `columns` what the model reads."""

    rows: int = LONGEST_DIMENSION
    columns: int = LONGEST_DIMENSION


UNLIMITED = Limits()


def check_inputs(inputs: Sequence[TensorMessageIn], limits: Limits) -> None:
    """Raise ProtocolError where there is no tensor or one that cannot be, and BodyTooLarge for too many rows.

    A few columns too many pass, for what is wrong with each is told later; very many would take long to read.
    """
    if not inputs:
        raise ProtocolError("/inputs: must hold at least one tensor")
    check_headers(inputs, "/inputs")
    columns = 0
    for index, tensor in enumerate(inputs):
        shape = tensor.shape
        if shape and shape[0] > limits.rows:
            raise BodyTooLarge(f"{shape[0]} rows are more than the {limits.rows} of one request")
        columns += math.prod(shape[1:]) if len(shape) > 1 else 1
        if columns > limits.columns + MOST_FAULTS:
            raise ProtocolError(
                f"/inputs/{index}/shape: makes {columns} columns, where the model reads {limits.columns}"
            )
