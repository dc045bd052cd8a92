"""How an output that is no score follows from the scores."""

from collections.abc import Mapping

import msgspec
import numpy as np

from contract.feature import ContractError, Output
from contract.table import Array


class ByThreshold(msgspec.Struct, frozen=True, kw_only=True, tag_field="by", tag="threshold"):
    """Say which value the output `output` has at and above the threshold of the output `score`, and which below."""

    output: str
    score: str
    threshold: float
    at_or_above: str | bool
    below: str | bool

    def check(self, outputs: Mapping[str, Output]) -> None:
        """Raise ContractError where the outputs have no such score, or no such values."""
        if self.score not in outputs or outputs[self.score].column is None:
            raise ContractError(f"decisions: {self.score!r} is no score")
        allowed = values_of(outputs[self.output])
        if not {self.at_or_above, self.below} <= set(allowed):
            raise ContractError(f"decisions: {self.output} is one of {', '.join(map(str, allowed))}")

    def speaks_for(self, outputs: Mapping[str, Output]) -> dict[str, str | bool]:  # noqa: ARG002
        """Give the value for which each score speaks, by the score's name."""
        return {self.score: self.at_or_above}

    def decide(self, outputs: Mapping[str, Output], columns: Mapping[str, Array], scores: Array) -> Array:  # noqa: ARG002
        """Give the values `[rows]`."""
        above = columns[self.score] >= self.threshold
        return chosen((self.below, self.at_or_above), above.astype(np.intp))


class ByLargest(msgspec.Struct, frozen=True, kw_only=True, tag_field="by", tag="largest"):
    """Say that the output `output` is the value with the largest score, the first of equal ones.

    `columns` are places among the scores, one for each of the output's categories (for a boolean: false, true).
    """

    output: str
    columns: tuple[int, ...]

    def check(self, outputs: Mapping[str, Output]) -> None:
        """Raise ContractError unless there is one column per value."""
        values = values_of(outputs[self.output])
        if len(values) != len(self.columns) or min(self.columns, default=0) < 0:
            raise ContractError(f"decisions: {self.output} has {len(values)} values, and a column for each")

    def speaks_for(self, outputs: Mapping[str, Output]) -> dict[str, str | bool]:
        """Give the value for which each output that is one of the scores speaks, by its name."""
        of = dict(zip(self.columns, values_of(outputs[self.output]), strict=True))
        return {output.name: of[output.column] for output in outputs.values() if output.column in of}

    def decide(self, outputs: Mapping[str, Output], columns: Mapping[str, Array], scores: Array) -> Array:  # noqa: ARG002
        """Give the values `[rows]`."""
        return chosen(values_of(outputs[self.output]), scores[:, list(self.columns)].argmax(axis=1))


Decision = ByThreshold | ByLargest


def values_of(output: Output) -> tuple[str | bool, ...]:
    """Give the values that a decision may have."""
    return output.categories or (False, True)


def chosen(values: tuple[str | bool, ...], index: Array) -> Array:
    """Give the value for each index: an array of booleans, or of objects that hold str."""
    return np.array(values, dtype=bool if isinstance(values[0], bool) else object)[index]
