"""A category or a truth value of two plans, compared in constant memory: which became which."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from contract.feature import Value
from contract.table import Array

MOST = 1000
"""So many pairs are told apart."""


class Choices:
    """Count `pairs`, what callers get first; `lost` and `gained` are rows in which only one is missing."""

    def __init__(self) -> None:
        self.rows = self.lost = self.gained = self.changed = 0
        self.pairs: Counter[tuple[Value, Value]] = Counter()

    def add(self, was: Sequence[Value], now: Sequence[Value]) -> Array:
        """Take the values of rows, None where one is missing; gives in which rows they differ."""
        self.rows += len(was)
        for pair, count in Counter(zip(was, now, strict=True)).items():
            if pair in self.pairs or len(self.pairs) < MOST:
                self.pairs[pair] += count
            if pair[0] != pair[1]:
                self.changed += count
                self.lost += count * (pair[1] is None)
                self.gained += count * (pair[0] is None)
        return np.array([one != other for one, other in zip(was, now, strict=True)], dtype=np.bool_)

    @property
    def changes(self) -> list[tuple[tuple[Value, Value], int]]:
        """Give what became something else and how often, the most frequent first."""
        return [(pair, count) for pair, count in self.pairs.most_common() if pair[0] != pair[1]]
