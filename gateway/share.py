"""What was answered to several requests together, and the rows of one of them."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from itertools import count
from typing import Any

from contract import Output
from contract.rows import Row
from contract.table import Columns

MOST_TOGETHER = 256
"""Of more rows nothing is made for all of their requests: others may not want it, and one would wait for all of it."""

NUMBERS = count()


class Whole(ABC):
    """Hold `[rows]` arrays by the name of the output.

    Each has a `number` of its own. `forms` has what plans make of it, once for all requests. Of a split above a model
    that answers 32 callers in one call that halves the cost: columns and rows for each took as long as the rest.
    """

    outputs: Sequence[Output]

    def __init__(self, columns: Columns, rows: int) -> None:
        self.number = next(NUMBERS)
        self.columns = columns
        self.rows = rows
        self.forms: dict[Hashable, Any] = {}
        self.made: list[Row] | None = None
        self.lists: dict[str, list[Any]] = {}

    @abstractmethod
    def make(self, columns: Columns, rows: int) -> list[Row]:
        """Give one JSON object per row of such columns."""

    @property
    def records(self) -> list[Row]:
        """Give one JSON object per row."""
        if self.made is None:
            self.made = self.make(self.columns, self.rows)
        return self.made

    def values(self, name: str, places: slice) -> list[Any]:
        """Give some values of a column."""
        if self.rows > MOST_TOGETHER:
            some: list[Any] = self.columns[name][places].tolist()
            return some
        if (found := self.lists.get(name)) is None:
            found = self.lists[name] = self.columns[name].tolist()
        return found[places]


class Share:
    """Hold rows of a whole, from `start` up to `stop`."""

    __slots__ = ("start", "stop", "whole")

    def __init__(self, whole: Whole, start: int, stop: int) -> None:
        self.whole = whole
        self.start = start
        self.stop = stop

    @property
    def share(self) -> "Share":
        """Give itself."""
        return self

    @property
    def outputs(self) -> Sequence[Output]:
        """Describe the outputs."""
        return self.whole.outputs

    @property
    def columns(self) -> Columns:
        """Give `[rows]` arrays by the name of the output."""
        return {name: column[self.start : self.stop] for name, column in self.whole.columns.items()}

    @property
    def records(self) -> list[Row]:
        """Give one JSON object per row."""
        made = self.whole.made
        return (self.whole.records if made is None else made)[self.start : self.stop]

    def some(self, start: int, stop: int) -> list[Row]:
        """Give those of some rows, without making all others."""
        columns = {name: column[start:stop] for name, column in self.columns.items()}
        return self.whole.make(columns, len(range(self.stop - self.start)[start:stop]))
