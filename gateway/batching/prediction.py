"""What a model answers: to one joined call, and of that to each caller."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from contract import Interface, Output, Table
from contract.rows import Row, rows_of
from contract.table import Array, Columns
from gateway.batching.way import Way
from gateway.share import Share, Whole


class Part(Protocol):
    """What somebody answered to all rows of a caller: a model, or whoever asks others."""

    @property
    def outputs(self) -> Sequence[Output]:
        """Describe the outputs."""

    @property
    def columns(self) -> Columns:
        """Give `[rows]` arrays by the name of the output."""

    @property
    def records(self) -> list[Row]:
        """Give one JSON object per row."""

    def some(self, start: int, stop: int) -> list[Row]:
        """Give those of some rows."""

    @property
    def share(self) -> Share:
        """Give the rows as those of a whole."""


class Joint(Whole):
    """Hold what one call answered, judged by the contract.

    `call_ms` is how long the call took, `compute_ms` what the model says that it took itself, None if nothing; `ms`
    has both by what each caller is told them as. `way` is for whoever looks at it later.
    """

    way: Way | None = None

    def __init__(
        self, contract: Interface, columns: Columns, call_id: str, call_ms: float, compute_ms: float | None
    ) -> None:
        super().__init__(columns, len(next(iter(columns.values()))))
        self.contract = contract
        self.outputs = contract.outputs
        self.call_id = call_id
        self.call_ms = call_ms
        self.compute_ms = compute_ms
        self.ms = {f"call.{contract.name}": round(call_ms, 3)}
        if compute_ms is not None:
            self.ms[f"compute.{contract.name}"] = round(compute_ms, 3)

    def make(self, columns: Columns, rows: int) -> list[Row]:  # noqa: ARG002 (none of these is missing)
        """Give one JSON object per row."""
        return rows_of(columns, self.contract.outputs)


class Prediction(Share):
    """Hold a caller's rows of a call; `queue_ms` is how long it waited for the call."""

    __slots__ = ("joint", "queue_ms")

    def __init__(self, joint: Joint, start: int, stop: int, queue_ms: float) -> None:
        self.whole = self.joint = joint  # without `super()`, which takes as long as all of this
        self.start = start
        self.stop = stop
        self.queue_ms = queue_ms

    @property
    def model(self) -> str:
        """Name the model."""
        return self.joint.contract.name

    @property
    def version(self) -> str:
        """Give the version that answered."""
        return self.joint.contract.version


class Leaf(NamedTuple):
    """Hold records of one request, what models predicted for them, and their places in the request, None for all."""

    table: Table
    predictions: Sequence[Prediction]
    instances: Array | None


def put_together(parts: Sequence[Prediction]) -> Prediction:
    """Give the rows of several calls of one version, in order, as those of one; it took as long as all of them."""
    joints = [part.joint for part in parts]
    pieces = [part.columns for part in parts]
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    computed = [joint.compute_ms for joint in joints if joint.compute_ms is not None]
    first, call_ms, compute_ms = joints[0], sum(joint.call_ms for joint in joints), sum(computed) if computed else None
    joint = Joint(first.contract, columns, first.call_id, call_ms, compute_ms)
    joint.way = first.way
    return Prediction(joint, 0, sum(part.stop - part.start for part in parts), parts[0].queue_ms)
