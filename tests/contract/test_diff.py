"""What a new contract changes for callers of the old one."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from contract import (
    ByLargest,
    ByThreshold,
    Change,
    Feature,
    Interface,
    Output,
    RecordDecoder,
    changes,
    table_from_tensors,
    tensors_of_table,
)
from contract.check_columns import output_fault
from oip import Tensor
from tests.contract.strategies import interfaces, records, successors

WIDTH = Feature(name="width", type="number", unit="m", description="", minimum=0, maximum=9, example=1.0)
HEIGHT = Feature(name="height", type="number", description="", example=1.0)
COUNT = Feature(name="count", type="integer", description="", example=1)
KIND = Feature(name="kind", type="category", description="", categories=("a", "b"), example="a")
LABEL = Output(name="label", type="category", categories=("low", "high"), description="")
SCORE = Output(name="score", type="number", minimum=0, maximum=1, description="", column=1)
RULE = ByThreshold(output="label", score="score", threshold=0.5, at_or_above="high", below="low")
OLD = Interface(
    name="plain",
    description="",
    features=(WIDTH, HEIGHT, COUNT, KIND),
    outputs=(LABEL, SCORE),
    decisions=(RULE,),
)
NUMBERS = msgspec.structs.replace(OLD, features=(WIDTH, HEIGHT))

with_parts = msgspec.structs.replace


def with_feature(**parts: Any) -> Interface:
    """Change the feature that has the name `name`."""
    features = (with_parts(one, **parts) if one.name == parts["name"] else one for one in OLD.features)
    return with_parts(OLD, features=tuple(features))


def with_output(old: Output, **parts: Any) -> Interface:
    """Change an output; what decides on it stays."""
    return with_parts(OLD, outputs=tuple(with_parts(one, **parts) if one is old else one for one in OLD.outputs))


def with_rule(**parts: Any) -> Interface:
    """Change the decision."""
    return with_parts(OLD, decisions=(with_parts(RULE, **parts),))


BREAKING = {
    "a feature is gone": (with_parts(OLD, features=OLD.features[1:]), "/features/width is gone"),
    "a feature is new": (
        with_parts(OLD, features=(*OLD.features, with_parts(WIDTH, name="depth"))),
        "/features/depth is new, and a record without it is refused",
    ),
    "another type": (with_feature(name="count", type="number"), "/features/count/type is number, was integer"),
    "another datatype": (with_feature(name="count", nullable=True), "/features/count/datatype is FP64, was INT64"),
    "another unit": (with_feature(name="width", unit="mm"), "/features/width/unit is mm, was m"),
    "a unit that was none": (with_feature(name="height", unit="m"), "/features/height/unit is m, was none"),
    "a higher minimum": (with_feature(name="width", minimum=0.5), "/features/width/minimum is 0.5, was 0"),
    "a lower maximum": (with_feature(name="width", maximum=8), "/features/width/maximum is 8, was 9"),
    "a bound that was none": (with_feature(name="height", minimum=-1), "/features/height/minimum is -1, was none"),
    "a category less": (with_feature(name="kind", categories=("b",)), "/features/kind/categories are without 'a'"),
    "an output is gone": (with_parts(OLD, outputs=(SCORE,), decisions=()), "/outputs/label is gone"),
    "another type of output": (
        with_output(SCORE, type="boolean", minimum=None, maximum=None),
        "/outputs/score/type is boolean, was number",
    ),
    "a label more": (
        with_output(LABEL, categories=("low", "high", "medium")),
        "/outputs/label/categories have 'medium' too",
    ),
    "a wider output": (with_output(SCORE, maximum=None), "/outputs/score/maximum is none, was 1"),
    "the score means the other label": (
        with_rule(at_or_above="low", below="high"),
        "/outputs/score speaks for 'low', spoke for 'high'",
    ),
    "the same by another rule": (
        with_parts(OLD, decisions=(ByLargest(output="label", columns=(1, 0)),)),
        "/outputs/score speaks for 'low', spoke for 'high'",
    ),
}

COMPATIBLE = {
    "another description": (
        with_feature(name="width", description="wide"),
        "/features/width/description is now 'wide'",
    ),
    "a lower minimum": (with_feature(name="width", minimum=-1), "/features/width/minimum is -1, was 0"),
    "no maximum": (with_feature(name="width", maximum=None), "/features/width/maximum is none, was 9"),
    "null for a number": (with_feature(name="width", nullable=True), "/features/width/nullable is true"),
    "null for a category": (with_feature(name="kind", nullable=True), "/features/kind/nullable is true"),
    "a category more": (
        with_feature(name="kind", categories=("b", "c", "a")),
        "/features/kind/categories have 'c' too",
    ),
    "an output more": (
        with_parts(OLD, outputs=(*OLD.outputs, with_parts(SCORE, name="other"))),
        "/outputs/other is new",
    ),
    "a narrower output": (with_output(SCORE, minimum=0.1), "/outputs/score/minimum is 0.1, was 0"),
    "another threshold": (with_rule(threshold=0.75), "/decisions/label/threshold is 0.75, was 0.5"),
    "another rule": (
        with_parts(OLD, decisions=(ByLargest(output="label", columns=(0, 1)),)),
        "/decisions/label follows from the largest score, not from the threshold of score",
    ),
}

SILENT = {
    "nothing": OLD,
    "another version": with_parts(OLD, version="0123456789ab"),
    "another example": with_feature(name="width", example=2.0),
    "categories in another order": with_feature(name="kind", categories=("b", "a")),
    "a bound where there was the same limit": with_feature(name="count", maximum=2**53),
    "tensors of several datatypes in another order": with_parts(OLD, features=OLD.features[::-1]),
    "outputs in another order": with_parts(OLD, outputs=OLD.outputs[::-1]),
    "another place of a score": with_output(SCORE, column=0),
}


def told(found: tuple[Change, ...], *, breaking: bool) -> list[str]:
    """Write changes of one kind."""
    return [str(change) for change in found if change.breaking == breaking]


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_caller_is_told_as_breaking(name: str) -> None:
    """The place, and both values."""
    new, text = BREAKING[name]

    assert text in told(changes(OLD, new), breaking=True)


@pytest.mark.parametrize("name", COMPATIBLE)
def test_what_no_caller_stumbles_over_is_told_as_compatible(name: str) -> None:
    """It is the only change, so nothing is breaking."""
    new, text = COMPATIBLE[name]

    assert [text] == told(changes(OLD, new), breaking=False)
    assert not told(changes(OLD, new), breaking=True)


@pytest.mark.parametrize("name", SILENT)
def test_what_nobody_notices_is_not_told(name: str) -> None:
    """An example, a version, and the order of what has names."""
    assert changes(OLD, SILENT[name]) == ()


def test_null_that_is_refused_again_is_breaking() -> None:
    """The other way round it is compatible."""
    nullable = with_feature(name="width", nullable=True)

    assert told(changes(nullable, OLD), breaking=True) == ["/features/width/nullable is false"]


def test_the_order_matters_in_the_tensor_of_all_columns() -> None:
    """It has no names: a caller's columns would be read as others."""
    turned = with_parts(NUMBERS, features=(HEIGHT, WIDTH))

    assert told(changes(NUMBERS, turned), breaking=True) == ["/features are in another order: 'height', 'width'"]


def test_long_lists_are_cut() -> None:
    """A sentence stays one, whatever is in a contract."""
    many = with_feature(name="kind", categories=("a", "b", *(f"c{index}" for index in range(1000))))
    (text,) = told(changes(OLD, many), breaking=False)

    assert text.startswith("/features/kind/categories have 'c0', 'c1', ")
    assert text.endswith("'c11', … too")


@settings(max_examples=500)
@given(st.data())
def test_without_a_breaking_change_every_record_and_every_answer_still_fits(data: st.DataObject) -> None:
    """What the old contract allows is read by the new one the same, as JSON and as tensors; no answer is a new one."""
    old = data.draw(interfaces())
    new = data.draw(successors(old))
    found = changes(old, new)
    broken = any(change.breaking for change in found)
    event("breaking" if broken else f"{'compatible' if found else 'the same'}")
    if broken:
        return
    record = data.draw(records(old.features))
    asked, _ = RecordDecoder(old.features).decode(msgspec.json.encode({"instances": [record]}), 1)
    by_json, _ = RecordDecoder(new.features).decode(msgspec.json.encode({"instances": [record]}), 1)
    by_tensors = table_from_tensors(new.features, [Tensor(*tensor) for tensor in tensors_of_table(asked)])
    score = np.array([data.draw(st.floats(-5, 5))])

    for feature in old.features:
        for table in (by_json, by_tensors):
            np.testing.assert_array_equal(table.columns[feature.name], asked.columns[feature.name])
            assert table.columns[feature.name].dtype == asked.columns[feature.name].dtype
    for one in old.outputs:
        (output,) = (output for output in new.outputs if output.name == one.name)
        assert output_fault(output, score) or not output_fault(one, score)
