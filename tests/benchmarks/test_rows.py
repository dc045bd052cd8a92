"""What `python -m benchmarks.rows` sends is what it says, and what it found is printed."""

import pytest

from benchmarks.forms import Form, example
from benchmarks.many_rows import FORMS, JSON, Found, Load, form_of
from benchmarks.rows import document
from benchmarks.sizing import MEBI
from contract import RecordDecoder, Table, table_from_tensors
from models import catalog
from oip import HEADER_LENGTH, read_request

FEATURES = catalog()["diagnosis"].features


def table_of(form: Form) -> Table:
    """Read a request as the gateway does."""
    if form.title == JSON:
        return RecordDecoder(FEATURES).decode(form.body, 100)[0]
    return table_from_tensors(FEATURES, read_request(form.body, form.headers[HEADER_LENGTH]).tensors)


@pytest.mark.parametrize("title", FORMS)
def test_a_request_has_its_rows(title: str) -> None:
    """In both forms they are the record of the examples."""
    form = form_of(title, "assessment", 7)
    table = table_of(form)

    assert form.title == title
    assert table.rows == 7
    assert {name: column.tolist() for name, column in table.columns.items()} == {
        name: [value] * 7 for name, value in example().items()
    }


def test_medians_are_printed() -> None:
    """Of all rounds, and the other caller's p99 as a multiple of what it is alone."""
    load = Load([90_000.0, 100_000.0, 200_000.0], [5.0, 6.0, 7.0], [3.0, 4.0, 90.0], 120 * MEBI, 90 * MEBI)
    lines = document(Found({("/v1 JSON", 10_000): load}, [2.0, 2.0, 50.0], 80 * MEBI))

    assert "| /v1 JSON | 10,000 | 100,000 | 10.0 | 6.0 µs | 4.0 ms | 2.0 | 120 MiB | 90 MiB |" in lines
    assert lines[-1] == "The other caller alone: p99 2.0 ms; the gateway before: 80 MiB."
