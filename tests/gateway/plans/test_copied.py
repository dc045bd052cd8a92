"""What a shadow keeps of a request is bounded, and part of nothing larger."""

import numpy as np
import pytest

from contract import Feature, Table
from contract.features import in_order
from contract.table import pack_matrix
from gateway.plans.copied import MOST_OF_ONE, MOST_VALUES, first_rows, rows_of


def features(count: int) -> list[Feature]:
    """Make features."""
    return [Feature(name=f"x{index}", type="number", description="Any", example=1.0) for index in range(count)]


@pytest.mark.parametrize(
    ("rows", "columns", "kept"),
    [(1, 30, 1), (1000, 30, 1000), (10_000, 30, MOST_OF_ONE), (1000, 500, MOST_VALUES // 500), (2, 60_000, 1)],
)
def test_a_request_has_rows_and_values_at_most(rows: int, columns: int, kept: int) -> None:
    """Of a request of many features fewer rows are compared, and always one."""
    matrix = np.broadcast_to(np.float64(0), (rows, columns))

    assert rows_of(pack_matrix(features(columns), matrix)) == kept


def test_records_without_features_are_counted_by_rows() -> None:
    """As those of a route of which only the stored answer is known yet."""
    table = Table(in_order([]), 3, {}, None)

    assert first_rows(table).rows == 3


def test_no_body_waits_for_a_candidate() -> None:
    """Tensors are parts of the body that they came in; neither a matrix nor columns of it are held."""
    body = np.frombuffer(bytes(2**20), np.float64)
    three = in_order(features(3))
    of_one = first_rows(pack_matrix(three, body[:3].reshape(1, 3)))
    of_columns = first_rows(Table(three, 2, {one.name: body[:2] for one in three}, None))

    assert of_one.matrix is not None
    assert not any(np.shares_memory(array, body) for array in (of_one.matrix, *of_columns.columns.values()))
