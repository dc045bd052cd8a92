"""Whether two answers are the same: the one tolerance of parity gate, golden rows and tests."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from contract.feature import Value

TOLERANCE = 1e-6
"""Largest difference of two numbers that count as equal, absolute up to one and relative beyond."""


class Difference(NamedTuple):
    """Say that an output of a row is not what it should be."""

    row: int
    output: str
    expected: Value
    actual: Value

    def __str__(self) -> str:
        return f"row {self.row}, output {self.output}: expected {self.expected!r}, got {self.actual!r}"


def differences(expected: Sequence[dict[str, Value]], actual: Sequence[dict[str, Value]]) -> Iterator[Difference]:
    """Yield where two lists of predictions differ: labels exactly, numbers by more than TOLERANCE."""
    for row, (wanted, given) in enumerate(zip(expected, actual, strict=True)):
        for output in {**wanted, **given}:
            if not same(wanted.get(output), given.get(output)):
                yield Difference(row, output, wanted.get(output), given.get(output))


def same(expected: Value, actual: Value) -> bool:
    """Compare two values; a NaN equals nothing."""
    if isinstance(expected, float) and isinstance(actual, float | int) and not isinstance(actual, bool):
        return abs(expected - actual) <= TOLERANCE * max(1.0, abs(expected))
    return type(expected) is type(actual) and expected == actual
