"""The fast path and the slow path are one checker."""

import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import Feature, InvalidRecords, MalformedBody, RecordDecoder, Terms, TooManyRows, columns_to_records
from contract.check import record_faults, value_fault
from tests.contract.strategies import any_values, features, lists_of_features, records

ONE = RecordDecoder([Feature(name="width", type="number", description="", example=1.0, minimum=0, unit="m")])


@given(features(), any_values())
def test_the_decoder_accepts_exactly_what_the_checker_accepts(feature: Feature, value: Any) -> None:
    """For any feature and any JSON value, msgspec's struct and `value_fault` agree."""
    body = msgspec.json.encode({"instances": [{"x": value}]})
    try:
        RecordDecoder([feature]).decode(body, 10)
        accepted = True
    except InvalidRecords:
        accepted = False

    assert accepted == (value_fault(feature, value) is None)


@given(st.data(), lists_of_features())
def test_records_come_back_as_they_went_in(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """Decoding to columns and writing them out again is the identity."""
    given_records = data.draw(st.lists(records(fields), min_size=1, max_size=5))
    table, _ = RecordDecoder(fields).decode(msgspec.json.encode({"instances": given_records}), 10)

    assert columns_to_records(table.columns, fields) == given_records


@given(st.data(), lists_of_features(6))
def test_one_wrong_value_is_pointed_at(data: st.DataObject, fields: tuple[Feature, ...]) -> None:
    """A single bad value among good records gets exactly one fault, with its pointer."""
    given_records = data.draw(st.lists(records(fields), min_size=1, max_size=4))
    row, feature = data.draw(st.integers(0, len(given_records) - 1)), data.draw(st.sampled_from(fields))
    given_records[row][feature.name] = data.draw(any_values().filter(lambda value: value_fault(feature, value)))
    with pytest.raises(InvalidRecords) as caught:
        RecordDecoder(fields).decode(msgspec.json.encode({"instances": given_records}), 10)

    assert [fault.pointer for fault in caught.value.faults] == [f"/instances/{row}/{feature.name}"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", ""),
        (b"nope", ""),
        (b"\xff", ""),
        (b'{"instances": [{"width": NaN}]}', ""),
        (b'{"instances": [{"width": "\xff"}]}', ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (b'{"instances": ' + b"[" * 100_000, ""),
        (b"{}", "/instances"),
        (b'{"instances": 1}', "/instances"),
        (b'{"instances": null}', "/instances"),
        (b'{"instances": [{"width": 1}], "instnaces": 1}', "/instnaces"),
        (b'{"instances": [{"width": 1}], "partial": 1}', "/partial"),
        (b'{"instances": [{"width": "x"}], "partial": null}', "/partial"),
        (b'{"require": "one", "instances": [{"width": 1}]}', "/require"),
        (b'{"require": ["one", 2], "instances": [{"width": 1}]}', "/require/1"),
        (b'{"require": ["\\ud800"], "instances": [{"width": 1}]}', ""),
        (b'{"require": [1e999, "\\ud800"], "instances": [{"width": 1}]}', ""),
        (b'{"require": ' + b"[" * 4000 + b"]" * 4000 + b', "instances": [{"width": 1}]}', ""),
        (b'{"require": [' + b",".join([b'""'] * 1_000_000) + b'], "instances": [{"width": 1}]}', "/require"),
        (b'{"instances": [{"width": 1}], "quorum": 0}', "/quorum"),
        (b'{"instances": [{"width": 1}], "quorum": 1.5}', "/quorum"),
        (b'{"instances": [{"width": 1}], "quorum": true}', "/quorum"),
        (b'{"instances": [{"width": 1}], "quorum": 1e999}', "/quorum"),
        (b'{"partial": true, "instances": [{"width": 1}], "partial": true}', ""),
        (b'{"instances": [{"width": 1, "width": 2}]}', ""),
        (b'{"instances": [{"width": "x", "width": 2}]}', ""),
        (b'{"instances": 5, "instances": [{"width": 1}]}', ""),
        (b'{"instances": [{"width": 1e999, "\\ud800": 1}]}', ""),
    ],
)
def test_a_body_that_is_not_the_document_is_malformed(body: bytes, place: str) -> None:
    """What is no JSON, or not an object with instances, is told apart from a wrong record."""
    with pytest.raises(MalformedBody) as caught:
        ONE.decode(body, 10)

    assert caught.value.fault.pointer == place


@pytest.mark.parametrize(
    ("said", "terms"),
    [
        ({}, None),
        ({"partial": True}, Terms()),
        ({"partial": False}, Terms(partial=False)),
        ({"require": ["one", "two"]}, Terms(require=("one", "two"))),
        ({"quorum": 2.0, "require": []}, Terms(quorum=2)),
    ],
)
def test_how_complete_an_answer_must_be_is_said_beside_the_records(said: dict[str, Any], terms: Terms | None) -> None:
    """Before them or after them."""
    for document in ({**said, "instances": [{"width": 1}]}, {"instances": [{"width": 1}], **said}):
        assert ONE.decode(msgspec.json.encode(document), 10)[1] == terms


def test_a_key_may_be_escaped() -> None:
    """More quotation marks than members are no fault by themselves."""
    table, _ = RecordDecoder(
        [Feature(name="colour", type="category", description="", example='"', categories=('"', "red"))]
    ).decode(rb'{"instances": [{"colour": "\""}, {"\u0063olour": "red"}]}', 10)

    assert table.columns["colour"].tolist() == ['"', "red"]


def test_endless_digits_are_a_number_that_is_too_large() -> None:
    """They are JSON; no double holds them."""
    with pytest.raises(InvalidRecords, match="/instances/0/width: must be a finite number"):
        ONE.decode(b'{"instances": [{"width": ' + b"9" * 5000 + b"}]}", 10)


def test_an_empty_list_breaks_the_contract() -> None:
    """There must be at least one record."""
    with pytest.raises(InvalidRecords, match="/instances: must hold at least one record"):
        ONE.decode(b'{"instances": []}', 10)


@pytest.mark.parametrize("value", ["1", '"x"'])
def test_too_many_rows_are_refused_right_or_wrong(value: str) -> None:
    """The limit holds on the fast path and on the slow one."""
    body = '{"instances": [' + ",".join([f'{{"width": {value}}}'] * 3) + "]}"

    with pytest.raises(TooManyRows, match="3 records are more than the 2"):
        ONE.decode(body.encode(), 2)


@pytest.mark.parametrize("flood", ["{}", "[]", '{"":{}}', "1", '""'])
def test_a_flood_of_empty_records_is_refused_before_it_is_read(flood: str) -> None:
    """Eight megabytes of them cost less than a second copy of the body, where reading them took forty times as much."""
    body = f'{{"instances": [{",".join([flood] * 1_000_000)}]}}'.encode()
    tracemalloc.start()
    try:
        with pytest.raises((TooManyRows, MalformedBody), match=r"more (objects|values) than|more than 1000 lists"):
            ONE.decode(body, 10_000)
        assert tracemalloc.get_traced_memory()[1] < len(body)
    finally:
        tracemalloc.stop()


def test_every_wrong_field_is_named_up_to_twenty() -> None:
    """Thirty wrong rows give the first twenty faults."""
    with pytest.raises(InvalidRecords) as caught:
        ONE.decode(msgspec.json.encode({"instances": [{"width": -1}] * 30}), 100)

    assert [fault.pointer for fault in caught.value.faults] == [f"/instances/{row}/width" for row in range(20)]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "/instances/0/width is missing"),
        ({"width": -1}, "must be at least 0 m, not -1"),
        ({"width": True}, "must be a number, not true"),
        ({"width": "1"}, "must be a number, not the string '1'"),
        ({"width": None}, "must not be null"),
        ({"width": []}, "must be a number, not a list"),
        ({"wdith": 1}, "/instances/0/wdith is not a feature of this model; did you mean width"),
        ([], "must be an object with one member per feature, not a list"),
    ],
)
def test_messages_say_what_is_wrong_and_what_would_be_right(record: Any, message: str) -> None:
    """Each fault names the place, the rule and the value."""
    (fault, *_) = record_faults(ONE.features, [record], ("instances",))

    assert message in f"{fault.pointer} {fault.message}"


def test_pointers_escape_as_rfc_6901_wants() -> None:
    """A slash in a name cannot be read as a step."""
    (fault, *_) = record_faults(ONE.features, [{"width": 1, "a/b~c": 2}], ("instances",))

    assert fault.pointer == "/instances/0/a~1b~0c"
