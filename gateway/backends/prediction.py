"""What a model answers."""

import msgspec

from contract import Output
from contract.table import Array


class Prediction(msgspec.Struct, frozen=True):
    """Hold what one model answered: `[rows]` arrays by the name of the output.

    `call_ms` is how long the call took, `compute_ms` what the model says that it took itself, None if nothing.
    """

    model: str
    version: str
    outputs: tuple[Output, ...]
    columns: dict[str, Array]
    call_ms: float
    compute_ms: float | None
