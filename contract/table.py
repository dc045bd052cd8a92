"""Records as columns: one numpy array per feature, or one matrix where all share a datatype."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.feature import MATRIX_NAME, Feature, Output, Value
from contract.features import Features, in_order

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

KINDS = {"number": float, "integer": int, "boolean": bool}


class Table(msgspec.Struct, frozen=True, dict=True):
    """Hold `rows` records as columns, in the order of `features`.

    Where all features share a datatype, `matrix` is `[rows, len(features)]`, else `separate` has the columns.
    Missing numbers are NaN, missing categories the empty string. Arrays may be read-only.
    """

    features: Features
    rows: int
    separate: Columns
    matrix: Array | None

    @cached_property
    def columns(self) -> Columns:
        """Give each column by its name; of a matrix they are views.

        They are made when they are asked for: on the way from one matrix to the next nobody does, and to make thirty
        of them took half of the time of reading a record.
        """
        if self.matrix is None:
            return self.separate
        return {feature.name: self.matrix[:, index] for index, feature in enumerate(self.features)}

    def column(self, name: str) -> Array:
        """Give one column without making all others; raises KeyError."""
        return self.separate[name] if self.matrix is None else self.matrix[:, self.features.places[name]]

    def select(self, features: Sequence[Feature]) -> "Table":
        """Give the table of these features, without a copy where they are all of them, in order and in datatype.

        Raises KeyError for a feature that this table does not have.
        """
        wanted = in_order(features)
        if wanted is self.features:
            return self
        if wanted.layout == self.features.layout:
            return Table(wanted, self.rows, self.separate, self.matrix)
        return self.filled(wanted, {})

    def filled(self, features: Sequence[Feature], columns: Mapping[str, Any]) -> "Table":
        """Give the table of these features, with `columns` for those that are not to be read here; raises KeyError.

        One matrix is made of another by places: thirty columns of one row, put together, took fifteen times as long.
        """
        wanted = in_order(features)
        if self.matrix is None or wanted.datatype != self.features.datatype:
            return pack(wanted, {**self.columns, **columns})
        places = self.features.places
        matrix = self.matrix.take([0 if one.name in columns else places[one.name] for one in wanted], axis=1)
        for name, column in columns.items():
            matrix[:, wanted.places[name]] = as_column(wanted.by_name[name], column)
        return Table(wanted, self.rows, {}, matrix)

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
    return in_order(features).datatype


def pack(features: Sequence[Feature], columns: Mapping[str, Any]) -> Table:
    """Make a table from sequences by name; values are taken as they are (check them with `table_faults`).

    Raises KeyError for a missing column and ValueError where a column cannot be read in its datatype.
    """
    known = in_order(features)
    arrays = {feature.name: as_column(feature, columns[feature.name]) for feature in known}
    if known.datatype is None:
        return Table(known, len(next(iter(arrays.values()))), arrays, None)
    return pack_matrix(known, np.column_stack(list(arrays.values())))


def pack_matrix(features: Sequence[Feature], matrix: Array) -> Table:
    """Make a table from one `[rows, k]` matrix in the order of the features."""
    return Table(in_order(features), len(matrix), {}, matrix)


def pack_rows(features: Sequence[Feature], rows: Sequence[Sequence[Value]]) -> Table:
    """Make a table from one sequence of values per record, in the order of the features."""
    known = in_order(features)
    shape = len(rows), len(known)
    if known.doubles is not None:  # in half of numpy's time for one row, in a third for many
        row = known.doubles.pack
        return pack_matrix(known, np.ndarray(shape, np.float64, b"".join([row(*values) for values in rows])))
    if known.datatype in ("FP64", "INT64", "BOOL"):
        # A missing number becomes NaN here: numpy reads None so when the dtype is float.
        return pack_matrix(known, np.array(rows, dtype=DTYPES[known.datatype]).reshape(shape))
    return pack(known, dict(zip((f.name for f in known), zip(*rows, strict=True), strict=True)))


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
    if not field.nullable:
        return values
    kind = KINDS[field.type]
    return [None if value != value else kind(value) for value in values]  # noqa: PLR0124
