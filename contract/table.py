"""Records as columns: one numpy array per feature, or one matrix where all share a datatype."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.feature import MATRIX_NAME, Feature, Output, Value

Array = NDArray[Any]
Columns = Mapping[str, Array]

Reads = Literal["matrix", "columns"]
"""What an estimator reads: one matrix of numbers, or a column for each feature by its name."""

DTYPES: dict[str, np.dtype[Any]] = {
    "FP64": np.dtype(np.float64),
    "INT64": np.dtype(np.int64),
    "BOOL": np.dtype(np.bool_),
    "BYTES": np.dtype(object),
}


class Table(msgspec.Struct, frozen=True):
    """Hold `rows` records as columns, in the order of `features`.

    Where all features share a datatype, `matrix` is `[rows, len(features)]` and `columns` are views of it.
    Missing numbers are NaN, missing categories the empty string.
    """

    features: tuple[Feature, ...]
    rows: int
    columns: Columns
    matrix: Array | None

    def select(self, features: tuple[Feature, ...]) -> "Table":
        """Give the table of these features, without a copy where they are all of them, in order and in datatype.

        Raises KeyError for a feature that this table does not have.
        """
        wanted = [(feature.name, feature.datatype) for feature in features]
        if wanted == [(feature.name, feature.datatype) for feature in self.features]:
            return Table(features, self.rows, self.columns, self.matrix)
        return pack(features, self.columns)

    def under(self, features: tuple[Feature, ...]) -> "Table":
        """Give the table of other features with the same names and datatypes in the same order."""
        return Table(features, self.rows, self.columns, self.matrix)

    def inputs(self, reads: Reads) -> "dict[str, Array]":
        """Give what an estimator or an ONNX graph reads.

        That is one matrix of doubles, `{"features": [rows, k]}`, or one `[rows, 1]` column for each feature: doubles,
        but for the categories, which are objects holding str.
        """
        if reads == "columns":
            return {name: as_input(column)[:, None] for name, column in self.columns.items()}
        if self.matrix is not None and self.matrix.dtype == np.float64:
            return {MATRIX_NAME: self.matrix}
        return {MATRIX_NAME: np.column_stack([as_input(column) for column in self.columns.values()])}


def as_input(column: Array) -> Array:
    """Give every column but text as doubles."""
    return column if column.dtype == object else column.astype(np.float64)


def shared_datatype(features: Sequence[Feature]) -> str | None:
    """Name the one datatype of all features, or None where they differ."""
    datatypes = {feature.datatype for feature in features}
    return datatypes.pop() if len(datatypes) == 1 else None


def pack(features: Sequence[Feature], columns: Mapping[str, Any]) -> Table:
    """Make a table from sequences by name; values are taken as they are (check them with `table_faults`).

    Raises KeyError for a missing column and ValueError where a column cannot be read in its datatype.
    """
    arrays = {feature.name: as_column(feature, columns[feature.name]) for feature in features}
    rows = len(next(iter(arrays.values())))
    if shared_datatype(features) is None:
        return Table(tuple(features), rows, arrays, None)
    return pack_matrix(features, np.column_stack(list(arrays.values())))


def pack_matrix(features: Sequence[Feature], matrix: Array) -> Table:
    """Make a table from one `[rows, k]` matrix in the order of the features."""
    columns = {feature.name: matrix[:, index] for index, feature in enumerate(features)}
    return Table(tuple(features), len(matrix), columns, matrix)


def pack_rows(features: Sequence[Feature], rows: Sequence[Sequence[Value]]) -> Table:
    """Make a table from one sequence of values per record, in the order of the features."""
    datatype = shared_datatype(features)
    if datatype in ("FP64", "INT64", "BOOL"):
        # A missing number becomes NaN here: numpy reads None so when the dtype is float.
        return pack_matrix(features, np.array(rows, dtype=DTYPES[datatype]).reshape(len(rows), len(features)))
    return pack(features, dict(zip((f.name for f in features), zip(*rows, strict=True), strict=True)))


def as_column(feature: Feature, values: Iterable[Any]) -> Array:
    """Give the values as a column in the feature's datatype, with its mark for what is missing."""
    if feature.type != "category":
        return np.asarray(values, dtype=DTYPES[feature.datatype])
    column = np.empty(len(items := list(values)), dtype=object)
    column[:] = ["" if item is None or item != item else item for item in items]  # noqa: PLR0124 (NaN is not itself)
    return column


def columns_to_records(columns: Columns, fields: Sequence[Feature | Output]) -> list[dict[str, Value]]:
    """Give one JSON object per row; what is missing is None, and a nullable whole number is whole again."""
    lists = [from_column(field, columns[field.name]) for field in fields]
    names = [field.name for field in fields]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def from_column(field: Feature | Output, column: Array) -> list[Value]:
    """Give a column as JSON values."""
    values: list[Value] = column.tolist()
    if field.type == "category":
        return [value or None for value in values]
    if not getattr(field, "nullable", False):
        return values
    kind = {"number": float, "integer": int, "boolean": bool}[field.type]
    return [None if value != value else kind(value) for value in values]  # noqa: PLR0124
