"""What is right survives every codec, and one thing that is wrong is pointed at, whichever codec it came by.

`pytest tests/oip/test_codecs.py --hypothesis-show-statistics` shows how the cases were distributed.
"""

import re
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from contract import Feature, InvalidRecords, MalformedBody, columns_to_records, join
from oip import ProtocolError
from tests.contract.strategies import apart, features, lists_of_features, records
from tests.oip.codecs import CODECS, RECORDS, TENSORS, Codec, Unwritable
from tests.oip.columns import columns_of, matrix
from tests.oip.mutations import TENSOR_MUTATIONS, wrong_values

REFUSALS = (InvalidRecords, ProtocolError, MalformedBody)


def tell(fields: tuple[Feature, ...]) -> None:
    """Count a case for the statistics: how many columns, of which types."""
    event(f"columns: {next(top for top in (1, 5, 10, 20, 40) if len(fields) <= top)} or fewer")
    for field in fields:
        event(f"a column: {field.type}{', nullable' if field.nullable else ''}")


@given(st.data(), lists_of_features(40))
def test_joined_records_survive_every_codec(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """What is joined comes apart as it was, over all types, nullable and not, one to forty columns."""
    requests = data.draw(st.lists(st.lists(records(fields), min_size=1, max_size=2), min_size=1, max_size=3))
    tell(fields)
    for codec in CODECS:
        if not codec.fits(fields):
            continue
        joined = join([codec.carry(fields, rows) for rows in requests])
        parts = apart(joined, [len(rows) for rows in requests])

        assert [columns_to_records(part.columns, fields) for part in parts] == requests, codec.name


def refusal(codec: Codec, fields: tuple[Feature, ...], carried: Any) -> str | None:
    """Give the text of the one fault that a codec finds, or None where it cannot say such a thing."""
    try:
        codec.carry(fields, carried) if isinstance(carried[0], dict) else codec.carry_columns(fields, carried)
    except Unwritable:
        return None
    except REFUSALS as exc:
        return str(exc)
    pytest.fail(f"{codec.name} took it")


@given(st.data(), lists_of_features(40))
def test_a_wrong_value_is_pointed_at_by_every_codec(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """Null, another type, a step out of bounds, an unknown category, NaN, a fraction: field and row are named."""
    rows = data.draw(st.lists(records(fields), min_size=1, max_size=3))
    row, odd = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(fields))
    kind, value = data.draw(st.sampled_from(list(wrong_values(odd))))
    rows[row] = {**rows[row], odd.name: value}
    tell(fields)
    for codec in filter(lambda codec: codec.fits(fields), CODECS):
        text = refusal(codec, fields, rows)
        event(f"{codec.name}: {'cannot say ' if text is None else ''}{kind}")
        if text is not None:
            pattern = codec.pointer([field.name for field in fields], row, odd.name) + ": "

            assert re.match(pattern, text), (codec.name, text)
            assert "; /" not in text, text


@given(st.data(), lists_of_features(39), features("odd"), st.booleans())
def test_a_member_too_few_or_too_many_is_named_by_every_codec(
    data: st.DataObject, others: tuple[Feature, ...], odd: Feature, missing: bool
) -> None:
    """A field that is missing, and one that the model does not know."""
    rows = data.draw(st.lists(records((*others, odd)), min_size=1, max_size=3))
    fields = (*others, odd) if missing else others
    if missing:
        rows = [{name: value for name, value in row.items() if name != "odd"} for row in rows]
    else:
        rows = [{**row, "odd": 1.0} for row in rows]
    tell(fields)
    for codec in (codec for codec in CODECS if codec.form is not matrix):
        text = refusal(codec, fields, rows) or ""
        if codec is RECORDS:
            assert text.startswith("/instances/0/odd: is missing" if missing else "/instances/0/odd: is not a feature")
        else:
            assert text == (
                "/inputs: the input odd is missing"
                if missing
                else f"/inputs/{len(others)}/name: odd is not an input of this model"
            )


@pytest.mark.parametrize("mutate", TENSOR_MUTATIONS, ids=lambda mutate: mutate.__name__)
@settings(max_examples=40)
@given(data=st.data(), fields=lists_of_features(40, fewest=3))
def test_a_wrong_tensor_is_pointed_at_by_every_codec(mutate: Any, data: st.DataObject, fields: Any) -> None:
    """Another datatype, another rank, a row too few, the same name twice: the tensor is named, and it alone."""
    rows = data.draw(st.lists(records(fields), min_size=2, max_size=3))
    odd = data.draw(st.integers(0, len(fields) - 1))
    tell(fields)
    for codec in (codec for codec in TENSORS if codec.form is not matrix):
        columns, pointer = mutate(columns_of(fields, rows), odd)
        text = refusal(codec, fields, columns) or ""

        assert text.startswith(f"{pointer}: {fields[odd].name} "), (codec.name, text)
        assert "; /" not in text, text
