"""Calls that wait to be counted: their rows, and what was answered to them, copied out of the arrays that came."""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

import numpy as np

from contract import Columns, Table, picked
from contract.features import Features
from contract.table import DTYPES, Array
from gateway.drift.cells import Cells, Doubles

MOST_OF_A_CALL = 1000
"""Of a call of more rows only some are counted, evenly over all, so that others wait for half a millisecond at most."""

Copy = bytes | list[Any]
"""What a matrix, a column or an output held: its buffer, or its values."""

Call = tuple[int, list[Copy]]
"""How many rows there are, and the copies of all that was asked and answered."""


class Copies:
    """Copy what calls hold, and give it as columns.

    Nothing that came is kept, neither the caller's body nor the model's answer. It is not only for the memory: while
    the arrays of the last hundred calls were kept, whatever the next call made was made in memory that no cache had,
    which cost a caller alone 2 to 4 microseconds; to copy what has just been made costs about 1.
    """

    def __init__(self, cells: Cells, features: Features) -> None:
        self.cells = cells
        self.dtype = DTYPES[features.datatype or "BYTES"]
        self.width = 0 if self.dtype.hasobject else len(features)
        self.features = [] if self.width else [(one.name, one.datatype == "BYTES") for one in features]
        self.outputs = [field.about.name for field in cells.fields if field.kind == "output"]

    def of(self, table: Table, outputs: Columns) -> list[Copy]:
        """Copy the rows of a call."""
        if self.width:
            copies: list[Copy] = [table.matrix.tobytes()]  # type: ignore[union-attr]  # it follows from the features
        else:
            columns = table.columns
            copies = [columns[name].tolist() if text else columns[name].tobytes() for name, text in self.features]
        for name in self.outputs:
            copies.append(outputs[name].tolist())
        return copies

    def columns(self, calls: Collection[Call]) -> Doubles:
        """Give the rows of all calls as doubles, `[fields, rows]`."""
        columns = np.empty((len(self.cells.fields), sum(rows for rows, _ in calls)))
        kinds = list(zip(*(copies for _, copies in calls), strict=True))
        if self.width:
            matrix = np.frombuffer(b"".join(kinds.pop(0)), self.dtype)
            columns[: self.width] = matrix.reshape(-1, self.width).T
        for index, copies in enumerate(kinds, self.width):
            columns[index] = self.numbers(index, copies)
        return columns

    def numbers(self, index: int, copies: Sequence[Copy]) -> Array | list[float]:
        """Give the values of one field, the places of texts for these."""
        if isinstance(copies[0], bytes):
            return np.frombuffer(b"".join(copies), DTYPES[self.cells.fields[index].about.datatype])  # type: ignore[arg-type]
        values, codes = chain.from_iterable(copies), self.cells.codes[index]
        return list(values if codes is None else map(codes.__getitem__, values))


def some(table: Table, outputs: Columns) -> tuple[Table, Columns]:
    """Give some rows of a large call and what was answered to them, as views."""
    step = slice(None, None, -(-table.rows // MOST_OF_A_CALL))
    return picked(table, step), {name: column[step] for name, column in outputs.items()}
