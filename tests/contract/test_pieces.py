"""A body that is read in pieces is read as if it were read as one."""

import json
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from contract import Feature, InvalidRecords, MalformedBody, RecordDecoder, TooManyRows
from contract.pieces import PIECE, cut, frame
from tests.contract.strategies import any_values, good_values, lists_of_features

HOSTILE = ("},{", '},{"', "}, {", '"', "\\", '\\"', "]", "]}", '],"instances":[', "{", ",", "ü", "\x7f", '"},{"x0":"')
MOST_ROWS = 6
NUMBER = RecordDecoder([Feature(name="width", type="number", description="", example=1.0, minimum=0)])


def finished(decoder: RecordDecoder, body: bytes, size: int, most_rows: int = MOST_ROWS) -> Any:
    """Read a body in pieces of some size, to the end."""
    steps = decoder.decode_in_pieces(body, most_rows, size)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def outcome(read: Any, *arguments: Any) -> Any:
    """Give all that there is to tell of a table, or of a refusal."""
    try:
        table, terms = read(*arguments)
    except (InvalidRecords, MalformedBody, TooManyRows) as exc:
        return type(exc), str(exc), getattr(exc, "faults", ()), getattr(exc, "fault", None)
    columns = {name: (column.dtype, str(column.tolist())) for name, column in table.columns.items()}
    return terms, table.rows, columns, table.features, None if table.matrix is None else table.matrix.tobytes()


def written(instances: list[dict[str, Any]], form: str, before: Any, after: Any) -> bytes:
    """Write a document in one of the forms in which clients write JSON, with members before and after the records."""
    document = {**before, "instances": instances, **after}
    if form == "compact":
        return msgspec.json.encode(document)
    return json.dumps(document, indent=1 if form == "indented" else None, ensure_ascii=form != "spaced").encode()


FORMS = st.sampled_from(["compact", "spaced", "escaped", "indented"])

SAID: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["partial", "require", "quorum", "partial", "require", "quorum", "y"]),
    st.sampled_from(
        [True, False, ["a"], ["a", "b"], ["]"], ['"'], ['"instances":['], ["ü"], [], 1, 2, 1.0, 0, 1.5, None, "a", {}]
    ),
    max_size=2,
)
"""What a document says beside its records, right or wrong."""


@st.composite
def decoders(draw: st.DrawFn) -> RecordDecoder:
    """Draw a contract whose categories look like JSON."""
    hostile = draw(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=4, unique=True))
    fields = draw(lists_of_features(4))
    return RecordDecoder(
        [msgspec.structs.replace(field, categories=tuple(hostile)) if field.categories else field for field in fields]
    )


@st.composite
def bodies(draw: st.DrawFn, decoder: RecordDecoder) -> bytes:
    """Draw a body whose records the contract allows."""
    record = st.fixed_dictionaries({feature.name: good_values(feature) for feature in decoder.features})
    return written(draw(st.lists(record, min_size=1, max_size=MOST_ROWS)), draw(FORMS), draw(SAID), draw(SAID))


@given(st.data(), decoders())
def test_every_size_of_pieces_gives_the_same_table(data: st.DataObject, decoder: RecordDecoder) -> None:
    """All four types, nulls, and texts that look like the places to cut at."""
    body = data.draw(bodies(decoder))
    size = data.draw(st.integers(0, len(body) // 3))
    framed = frame(body)
    event(f"{min(3, sum(1 for _ in cut(body, *framed[:2], size))) if framed else 0} pieces, or more")

    assert outcome(finished, decoder, body, size) == outcome(decoder.decode, body, MOST_ROWS)


@given(st.data(), decoders())
def test_wrong_records_get_the_same_faults(data: st.DataObject, decoder: RecordDecoder) -> None:
    """Whatever is wrong in them, how many are wrong, and even where there are too many."""
    value: st.SearchStrategy[Any] = st.one_of(
        any_values(), st.just([{"a": 1}, {"b": 2}]), st.just({"instances": [{"x0": 1}, {"x0": 2}]})
    )
    names = [feature.name for feature in decoder.features]
    record: st.SearchStrategy[Any] = st.fixed_dictionaries(
        {feature.name: good_values(feature) | value for feature in decoder.features}
    )
    other = st.dictionaries(st.sampled_from([*names, "y", "instances", '},{"']), value, max_size=3) | value
    body = written(
        data.draw(st.lists(record | other, max_size=MOST_ROWS + 2)), data.draw(FORMS), data.draw(SAID), data.draw(SAID)
    )
    size = data.draw(st.integers(0, len(body) // 3))

    assert outcome(finished, decoder, body, size) == outcome(decoder.decode, body, MOST_ROWS)


@given(st.data(), decoders())
def test_a_damaged_body_is_refused_in_the_same_words(data: st.DataObject, decoder: RecordDecoder) -> None:
    """Something is put into it, or in the place of a part of it: what is no JSON, and what only looks like it."""
    body = data.draw(bodies(decoder))
    junk = [
        b"",
        b'"',
        b"}",
        b"]",
        b"]}",
        b'},{"',
        b'],"instances":[',
        b'],"partial":true',
        b'"partial":false,',
        b',"require":["a"]',
        b',"instances":[{',
        b"{}",
        b"\xff",
        b'"x0":1,',
        b",",
    ]
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body) // 3))))
    last = min(last, first + data.draw(st.sampled_from([0, 1, 20])))
    damaged = body[:first] + data.draw(st.sampled_from(junk)) + body[last:]
    size = data.draw(st.integers(0, len(damaged) // 3))

    assert outcome(finished, decoder, damaged, size) == outcome(decoder.decode, damaged, MOST_ROWS)


@pytest.mark.parametrize("damage", [b"", b'"width":7,', b'"width":-7,"x":1,', b"-"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_what_is_wrong_anywhere_is_found(damage: bytes, place: int) -> None:
    """In the first piece or the last: doubled members, faults, and what is no JSON."""
    parts = [b'{"width":1}'] * 4
    parts[place] = b"{" + damage + parts[place][1:]
    body = b'{"instances":[' + b",".join(parts) + b"]}"

    for size in range(len(body)):
        assert outcome(finished, NUMBER, body, size) == outcome(NUMBER.decode, body, MOST_ROWS)


@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ('"partial":true,', ""), ("", ',"partial":true'), ('"quorum":2,', ',"require":["a"],"partial":true')],
)
def test_a_document_is_cut_wherever_it_says_more(before: str, after: str) -> None:
    """Before the records, after them, or both."""
    body = f'{{{before}"instances":[{",".join(["{}"] * 5)}]{after}}}'.encode().replace(b"{}", b'{"width":1}')
    framed = frame(body)

    assert framed is not None
    assert len(list(cut(body, *framed[:2], 1))) == 5
    assert outcome(finished, NUMBER, body, 1)[:2] == outcome(NUMBER.decode, body, MOST_ROWS)[:2]


def test_others_have_a_turn_every_sixty_four_kilobytes() -> None:
    """Whether the body is right or wrong; and no more than a few pieces are held at once."""
    right = b'{"instances":[' + b",".join([b'{"width":1.23456789}'] * 100_000) + b"]}"
    wrong = right.replace(b"1.2", b'"a"', 1).replace(b'"a"3456789', b'"a"')
    for body in (right, wrong):
        tracemalloc.start()
        steps = sum(1 for _ in looked_at(body))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert steps >= len(body) // PIECE - 1
        assert peak < 3 * len(body)


def looked_at(body: bytes) -> Any:
    """Yield for every step of reading a body."""
    try:
        yield from NUMBER.decode_in_pieces(body, 100_000)
    except InvalidRecords:
        return


OTHERS = RecordDecoder(NUMBER.features, others=True)


@given(st.data())
def test_what_no_feature_reads_may_be_left_out(data: st.DataObject) -> None:
    """Where records may hold others: the same table in pieces or as one, and the faults of the features only."""
    names = st.sampled_from(["width", "height", "}", 'wi"dth'])
    values = st.one_of(st.floats(-1, 9), any_values(), st.lists(st.dictionaries(names, st.integers()), max_size=2))
    instances = data.draw(st.lists(st.dictionaries(names, values), min_size=1, max_size=MOST_ROWS))
    body = written(instances, data.draw(FORMS), {}, {})
    bare = [{name: value for name, value in record.items() if name == "width"} for record in instances]
    expected = outcome(NUMBER.decode, written(bare, "compact", {}, {}), MOST_ROWS)
    event("refused" if isinstance(expected[0], type) else "read")

    assert outcome(OTHERS.decode, body, MOST_ROWS) == expected
    assert outcome(finished, OTHERS, body, data.draw(st.integers(1, 40))) == expected


@pytest.mark.parametrize("size", [PIECE, 100])
def test_a_flood_in_what_no_feature_reads_is_refused(size: int) -> None:
    """Before it is built; a member that is there twice is found among the others too."""
    flood = b'{"instances":[{"width":1,"other":[%s]}]}' % b",".join([b"[]"] * 1_000_000)
    twice = b'{"instances":[{"width":1,"a":1,"a":2}]}'
    tracemalloc.start()
    with pytest.raises(MalformedBody, match="lists"):
        OTHERS.decode(flood, MOST_ROWS)
    with pytest.raises(MalformedBody, match="lists"):
        finished(OTHERS, flood, size)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3 * len(flood)
    with pytest.raises(MalformedBody, match="'a' twice"):
        OTHERS.decode(twice, MOST_ROWS)
    with pytest.raises(MalformedBody, match="'a' twice"):
        finished(OTHERS, twice, size)


def test_many_records_of_many_others_are_no_flood() -> None:
    """Of 3,000 records with a hundred more values each all are read, and a wrong one is found by its place."""
    others = {f"other{number}": number for number in range(100)}
    records = [{"width": 1, **others} for _ in range(3000)]
    body = json.dumps({"instances": records}).encode()
    wrong = json.dumps({"instances": [*records[:2000], {"width": -1, **others}, *records[2000:]]}).encode()

    assert finished(OTHERS, body, PIECE, 3000)[0].rows == 3000
    with pytest.raises(InvalidRecords) as caught:
        finished(OTHERS, wrong, PIECE, 3001)
    assert [fault.path for fault in caught.value.faults] == [("instances", 2000, "width")]


@pytest.mark.parametrize("size", [PIECE, 10])
def test_what_nobody_could_read_of_the_others_is_no_fault_of_the_gateway(size: int) -> None:
    """It may be a number of any length; what is nested too deeply, or no UTF-8, is refused."""
    body = b'{"instances":[{"width":1},{"width":2,"other":%b}]}'
    long, deep, raw = body % (b"1" * 5000), body % (b'{"a":' * 990 + b"1" + b"}" * 990), body % b'"\xff"'

    for read in (lambda its: OTHERS.decode(its, MOST_ROWS), lambda its: finished(OTHERS, its, size)):
        assert read(long)[0].columns["width"].tolist() == [1, 2]
        with pytest.raises(MalformedBody, match="nested too deeply"):
            read(deep)
        with pytest.raises(MalformedBody, match="not UTF-8"):
            read(raw)
