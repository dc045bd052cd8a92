"""What a plan answers: rows and columns for the caller, and for the books who gave them."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Protocol

from contract import Output, Table
from contract.rows import Row, side_by_side
from contract.table import Columns
from gateway.batching import Leaf, Part, Prediction
from gateway.errors import GatewayError
from gateway.plans.formed import alone
from gateway.plans.nested import Form
from gateway.plans.outputs import below
from gateway.share import Share

Missing = Mapping[str, GatewayError]
"""Why a model is missing in an answer, by its name."""

Ways = Mapping[str, Mapping[str, int]]
"""How many rows each branch of a plan answered, by the names of both."""

NO_WAYS: Ways = {}


class Answer(Part, Protocol):
    """The answer to one request.

    There is one of the `predictions` for each model that answered. `missing` is None where the answer had to be whole.
    What one model answered has its `version`.
    """

    @property
    def predictions(self) -> Sequence[Prediction]:
        """Give what models answered."""

    @property
    def missing(self) -> Missing | None:
        """Say who is missing, and why."""

    @property
    def ways(self) -> Ways:
        """Say which branches the rows took."""

    @property
    def version(self) -> str | None:
        """Name the version of the one model."""

    def leaves(self, table: Table) -> list[Leaf]:
        """Give predictions with their records, where the plan was asked these."""


class Saying:
    """Hold what was `said`, and give it as it is."""

    __slots__ = ("said",)

    said: Part

    @property
    def outputs(self) -> Sequence[Output]:
        """Describe the outputs."""
        return self.said.outputs

    @property
    def columns(self) -> Columns:
        """Give `[rows]` arrays by the name of the output."""
        return self.said.columns

    @property
    def records(self) -> list[Row]:
        """Give one JSON object per row."""
        return self.said.records

    def some(self, start: int, stop: int) -> list[Row]:
        """Give those of some rows."""
        return self.said.some(start, stop)

    @property
    def share(self) -> Share:
        """Give the rows as those of a whole."""
        return self.said.share


class OfOne(Saying):
    """Hold what one model answered; it cannot be missing."""

    __slots__ = ("missing", "predictions")

    said: Prediction
    ways = NO_WAYS

    def __init__(self, prediction: Prediction, missing: Missing | None = None) -> None:
        self.said = prediction
        self.predictions = [prediction]
        self.missing = missing

    @property
    def version(self) -> str:
        """Name the version."""
        return self.said.version

    def leaves(self, table: Table) -> list[Leaf]:
        """Give the prediction with all records."""
        return [Leaf(table, self.predictions, None)]


class OfModels:
    """Hold what several models answered, each below its name, and None for those that are missing."""

    __slots__ = ("missing", "names", "parts", "predictions")

    ways = NO_WAYS
    version: str | None = None

    def __init__(self, names: Sequence[str], parts: Sequence[Prediction | None], missing: Missing | None) -> None:
        self.names = names
        self.parts = parts
        self.predictions = [part for part in parts if part is not None]
        self.missing = missing

    @property
    def outputs(self) -> Sequence[Output]:
        """Describe the outputs of those that answered."""
        return [output for one in self.predictions for output in below(one.model, one.outputs)]

    @property
    def columns(self) -> Columns:
        """Give their `[rows]` arrays by the name of the output."""
        return {f"{one.model}.{name}": column for one in self.predictions for name, column in one.columns.items()}

    @property
    def records(self) -> list[Row]:
        """Give one JSON object per row; what is missing is null."""
        return side_by_side(self.names, [repeat(None) if part is None else part.records for part in self.parts])

    def some(self, start: int, stop: int) -> list[Row]:
        """Give those of some rows."""
        lists = [repeat(None) if part is None else part.some(start, stop) for part in self.parts]
        return side_by_side(self.names, lists)

    @property
    def share(self) -> Share:
        """Put them together."""
        return alone(Form(self.outputs), self.columns, self.predictions[0].stop - self.predictions[0].start)

    def leaves(self, table: Table) -> list[Leaf]:
        """Give the predictions with all records."""
        return [Leaf(table, self.predictions, None)]
