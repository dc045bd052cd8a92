"""The cells into which values are counted, and how their counts follow from one search per column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.drift.profile import Field

Doubles = NDArray[np.float64]
Counts = NDArray[np.int64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Span:
    """Say that so many values lie between two thresholds: at `upper` less than at `lower`, one segment per field."""

    lower: Places
    upper: Places
    starts: Places

    def counts(self, below: Counts) -> Counts:
        """Give the counts of all segments, one after the other."""
        return below[self.upper] - below[self.lower]


class Codes(dict[str, float]):
    """Give the number for which a text stands; one that training does not list is below all others."""

    def __missing__(self, _: str) -> float:
        return -1.0


class Cells:
    """Hold the thresholds of all fields, as doubles; texts are counted by their places among the values of training.

    `thresholds` has an ascending array for each field, with NaN as its last, which counts what is not missing. What is
    counted is `below`, for each threshold the values below it, flat over all fields, and one 0 at its end.
    A bin is left-closed, as in training. `cells` are bins or values; `seen` is what training saw: the range of a number
    that was binned, else each value that a row had.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = fields
        self.codes = [codes_of(field) for field in fields]
        self.thresholds = [thresholds_of(field) for field in fields]
        sizes = [len(one) for one in self.thresholds]
        ends = np.cumsum(sizes)
        self.size = int(ends[-1])
        self.present: Places = ends - 1
        pairs = [self.pairs_of(field, int(end) - size) for field, end, size in zip(fields, ends, sizes, strict=True)]
        self.cells = span([cells for cells, _ in pairs])
        self.seen = span([seen for _, seen in pairs])

    def pairs_of(self, field: Field, at: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Give the places, lower and upper, of a field's cells and of what training saw; its thresholds begin at."""
        training, nothing = field.training, self.size
        if training.edges:
            last = at + len(training.edges)
            inner = range(at + 1, last - 1)
            return list(zip([nothing, *inner], [*inner, last], strict=True)), [(at, last - 1)]
        equal = [(at + 2 * index, at + 2 * index + 1) for index in range(len(training.values))]
        seen = [pair for pair, count in zip(equal, training.counts, strict=True) if count]
        last = at + 2 * len(equal)
        if field.ordered or not equal:  # a value between two of training counts with the larger one
            uppers = [upper for _, upper in equal[:-1]]
            return list(zip([nothing, *uppers], [*uppers, last], strict=True)), seen or [(nothing, nothing)]
        return equal, seen or [(nothing, nothing)]

    def below(self, columns: Doubles) -> Counts:
        """Count the rows of columns `[fields, rows]`, which are sorted in place.

        Of 32 columns and 100 rows this takes 30 microseconds; to put each value into its bin takes five times as long.
        """
        columns.sort(axis=1)  # what is missing comes last
        found = [column.searchsorted(its) for column, its in zip(columns, self.thresholds, strict=True)]
        return np.concatenate(found)


def span(segments: Sequence[Sequence[tuple[int, int]]]) -> Span:
    """Put the pairs of all fields one after the other."""
    lower, upper = np.array([pair for pairs in segments for pair in pairs], dtype=np.intp).T
    starts = np.cumsum([0, *(len(pairs) for pairs in segments[:-1])])
    return Span(lower, upper, starts)


def codes_of(field: Field) -> dict[str, float] | None:
    """Give the number for which a text stands, None where values are numbers."""
    if field.about.type != "category":
        return None
    return Codes({"": np.nan, **{str(value): float(index) for index, value in enumerate(field.training.values)}})


def thresholds_of(field: Field) -> Doubles:
    """Give the values that others are compared with: the edges, or each value and the next double after it."""
    edges, values = field.training.edges, field.training.values
    if edges:
        return np.array([*edges[:-1], np.nextafter(edges[-1], np.inf), np.nan])
    numbers = np.arange(len(values)) if codes_of(field) else np.array(values, dtype=np.float64)
    pairs = np.column_stack([numbers, np.nextafter(numbers.astype(np.float64), np.inf)])
    return np.array([*pairs.ravel(), np.nan])
