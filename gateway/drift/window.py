"""The last rows of a model, counted: constant memory, whatever comes."""

from collections import deque
from typing import NamedTuple

import numpy as np

from gateway.drift.cells import Cells, Counts, Doubles

PARTS = 5
"""A window loses its oldest rows part by part, so it holds four fifths of its rows at least."""


class Part(NamedTuple):
    """Hold how many rows were counted, and the counts."""

    rows: int
    below: Counts


class Window:
    """Count the last `wanted` rows, and none before them.

    `below` are the counts of all its `rows`, as `Cells` says.
    """

    def __init__(self, cells: Cells, wanted: int) -> None:
        self.cells = cells
        self.wanted = wanted
        self.part_rows = max(1, wanted // PARTS)
        self.parts: deque[Part] = deque()
        self.rows = 0
        self.below: Counts = np.zeros(cells.size + 1, dtype=np.int64)

    def count(self, columns: Doubles) -> None:
        """Count rows, given as `[fields, rows]`, which are sorted in place; of many the last."""
        last = columns[:, -self.wanted :]
        for start in range(0, last.shape[1], self.part_rows):  # as one part they would be forgotten all at once
            self.add(last[:, start : start + self.part_rows])
        while self.rows > self.wanted and len(self.parts) > 1:
            oldest = self.parts.popleft()
            self.rows -= oldest.rows
            self.below[:-1] -= oldest.below

    def add(self, columns: Doubles) -> None:
        """Count rows in the newest part, or in another one if that is full."""
        rows, below = columns.shape[1], self.cells.below(columns)
        self.below[:-1] += below
        self.rows += rows
        if self.parts and self.parts[-1].rows < self.part_rows:
            last = self.parts.pop()
            rows, below = rows + last.rows, below + last.below
        self.parts.append(Part(rows, below))
