"""Requests that are joined are answered as if each had come alone."""

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from contract import Feature, columns_to_records, join, pack
from contract.table import Table
from tests.contract.strategies import apart, lists_of_features, records


def table_of(fields: tuple[Feature, ...], rows: list[dict[str, Any]]) -> Table:
    """Put records into a table."""
    return pack(fields, {field.name: [row[field.name] for row in rows] for field in fields})


@given(st.data(), lists_of_features(40))
def test_what_is_joined_comes_apart_again(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """Every request gets its own rows back, whatever their types and however many."""
    requests = data.draw(st.lists(st.lists(records(fields), min_size=1, max_size=3), min_size=1, max_size=4))
    event(f"{len(requests)} requests")
    joined = join([table_of(fields, rows) for rows in requests])
    parts = list(apart(joined, [len(rows) for rows in requests]))

    assert joined.rows == sum(map(len, requests))
    assert [columns_to_records(one.columns, fields) for one in parts] == requests
    assert all((one.rows, one.features) == (len(rows), fields) for one, rows in zip(parts, requests, strict=True))


@given(st.data(), lists_of_features(6))
def test_a_joined_table_is_the_table_of_all_records(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """Datatypes and the matrix are the same as if one caller had sent all."""
    requests = data.draw(st.lists(st.lists(records(fields), min_size=1, max_size=3), min_size=2, max_size=4))
    joined = join([table_of(fields, rows) for rows in requests])
    whole = table_of(fields, [row for rows in requests for row in rows])

    assert {name: column.dtype for name, column in joined.columns.items()} == {
        name: column.dtype for name, column in whole.columns.items()
    }
    assert (joined.matrix is None) == (whole.matrix is None)
    assert joined.matrix is None or joined.matrix.tobytes() == whole.matrix.tobytes()  # type: ignore[union-attr]


def test_tables_of_different_features_are_not_joined() -> None:
    """Rows read by another contract belong to another call."""
    one, other = (Feature(name=name, type="number", description="", example=1.0) for name in "ab")
    with pytest.raises(ValueError, match="the same features"):
        join([table_of((one,), [{"a": 1.0}]), table_of((other,), [{"b": 1.0}])])


@given(st.data(), lists_of_features(12, fewest=2))
def test_some_features_of_a_table_with_others_are_the_table_of_both(
    data: st.DataObject, fields: tuple[Feature, ...]
) -> None:
    """Datatypes and the matrix are as if the columns had come together, in whichever order."""
    rows = data.draw(st.lists(records(fields), min_size=1, max_size=3))
    wanted = tuple(data.draw(st.lists(st.sampled_from(fields), min_size=1, unique_by=lambda field: field.name)))
    others = data.draw(st.sets(st.sampled_from([field.name for field in wanted])))
    own = tuple(field for field in fields if field.name not in others) or fields[:1]
    whole = table_of(fields, rows)
    found = table_of(own, rows).filled(wanted, {name: whole.columns[name] for name in others})

    assert columns_to_records(found.columns, wanted) == [
        {field.name: row[field.name] for field in wanted} for row in rows
    ]
    assert (found.rows, found.features) == (len(rows), wanted)
    assert (found.matrix is None) == (table_of(wanted, rows).matrix is None)
    assert found.matrix is None or found.matrix.flags.c_contiguous


def test_a_feature_that_a_table_lacks_is_named() -> None:
    """Also where all are of one datatype."""
    one, other = (Feature(name=name, type="number", description="", example=1.0) for name in "ab")
    with pytest.raises(KeyError, match="b"):
        table_of((one,), [{"a": 1.0}]).select((one, other))
