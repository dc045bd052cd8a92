"""Tensors become the same checked columns as records do."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import (
    Feature,
    InvalidRecords,
    columns_to_records,
    pack,
    table_faults,
    table_from_tensors,
    tensors_of_table,
)
from contract.check import value_fault
from contract.check_columns import all_clear, as_json, suspects
from contract.table import as_column
from oip import Tensor, read_request, write_request
from tests.contract.strategies import features, lists_of_features, records

WIDTH = Feature(name="width", type="number", description="", example=1.0, minimum=0)
COLOUR = Feature(name="colour", type="category", description="", example="red", categories=("red", "blue"))


@given(st.data(), lists_of_features())
def test_a_table_survives_the_wire(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """Columns written as binary tensors and read again are the same records."""
    given_records = data.draw(st.lists(records(fields), min_size=1, max_size=5))
    columns = {field.name: [record[field.name] for record in given_records] for field in fields}
    body, length = write_request([Tensor(*tensor) for tensor in tensors_of_table(pack(fields, columns))])
    table = table_from_tensors(fields, read_request(body, str(length)).tensors)

    assert columns_to_records(table.columns, fields) == given_records


@given(features(), st.lists(st.floats() | st.sampled_from([0.0, 1.0, 2.5, -100.0, 2.0**53, 2.0**54]), min_size=1))
def test_columns_and_values_are_judged_by_the_same_rule(feature: Feature, values: list[float]) -> None:
    """What a column marks as suspect is what `value_fault` finds in its elements."""
    if feature.datatype == "BYTES":
        column = as_column(feature, ["a", "", "other"])
    elif feature.datatype == "FP64":
        column = np.array(values)
    else:
        column = np.array([int(v) % 7 if np.isfinite(v) else 3 for v in values]).astype(as_column(feature, [0]).dtype)
    found = [value_fault(feature, as_json(feature, value)) is not None for value in column]

    assert suspects(feature, column).tolist() == found


@given(
    st.lists(st.floats() | st.sampled_from([0.0, 5.0, -1e-9, 5.0000001]), min_size=3, max_size=9),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_the_quick_look_at_a_matrix_finds_what_the_columns_find(values: list[float], nullable: list[bool]) -> None:
    """One pass over a matrix of numbers and the pass over each column agree."""
    limits: tuple[dict[str, Any], ...] = ({"minimum": 0}, {"maximum": 5}, {})
    fields = [
        Feature(name=name, type="number", description="", example=1.0, nullable=null, **bounds)
        for name, null, bounds in zip("abc", nullable, limits, strict=True)
    ]
    rows = len(values) // 3
    table = pack(fields, {name: values[index * rows :][:rows] for index, name in enumerate("abc")})
    suspect = any(suspects(field, table.columns[field.name]).any() for field in fields)

    assert all_clear(table) == (not suspect) == (not table_faults(table))


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.sampled_from([2**53, 2**53 + 1, -1, 0]), min_size=2, max_size=6))
def test_the_quick_look_at_whole_numbers_is_exact(values: list[int]) -> None:
    """A bound of 2**53 tells it from the next number, which no double does."""
    fields = [
        Feature(name="age", type="integer", description="", example=1, minimum=0),
        Feature(name="children", type="integer", description="", example=1),
    ]
    rows = len(values) // 2
    table = pack(fields, {"age": values[:rows], "children": values[rows : 2 * rows]})
    suspect = any(suspects(field, table.columns[field.name]).any() for field in fields)

    assert all_clear(table) == (not suspect) == (not table_faults(table))


def refused(fields: list[Feature], tensors: list[Tensor]) -> str:
    """Give the text of the refusal."""
    with pytest.raises(InvalidRecords) as caught:
        table_from_tensors(fields, tensors)
    return str(caught.value)


def numbers(name: str, *values: Any, shape: tuple[int, ...] | None = None) -> Tensor:
    """Make a tensor of doubles."""
    array = np.array(values, dtype=float)
    return Tensor(name, "FP64", array if shape is None else array.reshape(shape))


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_a_column_is_flat_or_one_wide(shape: tuple[int, ...]) -> None:
    """Both forms that clients send are read alike."""
    table = table_from_tensors([WIDTH], [numbers("width", 1, 2, shape=shape)])

    assert table.columns["width"].tolist() == [1, 2]


def test_faults_of_tensors_point_at_their_elements() -> None:
    """A pointer has the place of the input and of the element in its flat data."""
    fields = [WIDTH, Feature(name="height", type="number", description="", example=1.0)]

    assert refused(fields, [numbers("height", 1, 2), numbers("width", 1, -2)]).startswith(
        "/inputs/1/data/1: width must"
    )
    assert refused(fields, [numbers("features", 1, 2, 3, np.nan, shape=(2, 2))]).startswith("/inputs/0/data/3: height")


def test_one_that_no_feature_reads_is_not_taken_for_all_of_them() -> None:
    """Where there may be others, one may have the name of a tensor of all columns."""
    with pytest.raises(InvalidRecords, match="/inputs/1/data/1: width must"):
        table_from_tensors([WIDTH], [numbers("features", 5), numbers("width", 1, -2)], others=True)


@pytest.mark.parametrize(
    ("fields", "tensors", "text"),
    [
        ([WIDTH], [numbers("height", 1)], "/inputs: the input width is missing"),
        ([WIDTH], [numbers("width", 1), numbers("x", 1)], "/inputs/1/name: x is not an input"),
        (
            [WIDTH],
            [Tensor("width", "FP32", np.ones(1, np.float32))],
            "/inputs/0/datatype: width must be FP64, not FP32",
        ),
        ([WIDTH], [numbers("width", 1, 2, shape=(1, 2))], "/inputs/0/shape: width must be [n] or [n, 1], not [1, 2]"),
        ([WIDTH], [numbers("width", 1, shape=())], "/inputs/0/shape: width must be [n] or [n, 1], not []"),
        ([WIDTH], [numbers("width")], "/inputs/0/shape: must hold at least one row"),
        ([WIDTH], [numbers("features", 1, 2, shape=(1, 2))], "/inputs/0/shape: must be [n, 1], not [1, 2]"),
        ([WIDTH, COLOUR], [numbers("features", 1, 2, shape=(1, 2))], "the columns differ in datatype"),
        ([COLOUR], [Tensor("colour", "BYTES", np.array([""], dtype=object))], "colour must not be null"),
    ],
)
def test_inputs_that_do_not_fit_are_told_why(fields: list[Feature], tensors: list[Tensor], text: str) -> None:
    """Missing, unknown, mistyped and misshapen inputs are each named."""
    assert text in refused(fields, tensors)


def test_columns_of_different_length_are_refused() -> None:
    """No row of one request may be completed from another."""
    fields = [WIDTH, Feature(name="height", type="number", description="", example=1.0)]

    text = refused(fields, [numbers("width", 1, 2), numbers("height", 1)])

    assert text == "/inputs/1/shape: height has 1 rows where the other inputs have 2"


def test_only_the_first_twenty_faults_are_told() -> None:
    """A column of nonsense does not make an endless message."""
    assert len(table_faults(pack([WIDTH], {"width": [-1.0] * 50}))) == 20
