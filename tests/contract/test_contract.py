"""Contracts that contradict themselves are refused, with the field's name."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract import (
    Contract,
    ContractError,
    Feature,
    columns_to_records,
    pack,
    table_from_tensors,
    tensors_of_table,
    union_of_features,
)
from models import catalog
from oip import Tensor


def feature(**changes: Any) -> Feature:
    """Make a feature with some parts changed."""
    return Feature(**{"name": "x", "type": "number", "description": "", "example": 1.0, **changes})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "2x"}, "'2x': a name matches"),
        ({"name": "features"}, "kept for the tensor"),
        ({"type": "text"}, "type is one of"),
        ({"type": "category"}, "categories are given for a category"),
        ({"categories": ("a",)}, "and for nothing else"),
        ({"type": "category", "categories": ("a", "")}, "never the empty string"),
        ({"type": "category", "categories": ("a", "a")}, "different from each other"),
        ({"type": "boolean", "minimum": 0}, "only numbers have"),
        ({"minimum": 2, "maximum": 1}, "in order"),
        ({"minimum": float("nan")}, "finite"),
        ({"type": "integer", "maximum": 1.5}, "whole numbers"),
    ],
)
def test_a_feature_that_cannot_be_is_refused(changes: dict[str, Any], text: str) -> None:
    """The message begins with the name of the feature and says what would be right."""
    with pytest.raises(ContractError) as caught:
        feature(**changes)

    assert str(caught.value).strip("'").startswith(changes.get("name", "x"))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "datatype"),
    [
        ({}, "FP64"),
        ({"type": "integer"}, "INT64"),
        ({"type": "integer", "nullable": True}, "FP64"),
        ({"type": "boolean"}, "BOOL"),
        ({"type": "boolean", "nullable": True}, "FP64"),
        ({"type": "category", "categories": ("a",)}, "BYTES"),
    ],
)
def test_the_datatype_follows_from_type_and_null(changes: dict[str, Any], datatype: str) -> None:
    """What may be missing travels in a datatype that has a word for it."""
    assert feature(**changes).datatype == datatype


def test_a_union_satisfies_every_model() -> None:
    """Bounds narrow, categories intersect, and null is allowed only where all allow it."""
    first = (feature(nullable=True, minimum=0, maximum=9), feature(name="y"))
    second = (feature(minimum=2), feature(name="z"))
    x, *others = union_of_features([first, second])

    assert (x.minimum, x.maximum, x.nullable) == (2, 9, False)
    assert [other.name for other in others] == ["y", "z"]


def test_a_union_of_different_units_is_refused() -> None:
    """A number would mean two things."""
    with pytest.raises(ContractError, match="x: one model reads it in mm, another in m"):
        union_of_features([(feature(unit="mm"),), (feature(unit="m"),)])


def test_a_table_is_read_in_each_model_s_own_datatypes() -> None:
    """Where one model allows null and another does not, each gets tensors that its contract allows."""
    nullable = (feature(type="integer", nullable=True), feature(name="y", type="integer"))
    strict = (feature(type="integer"), feature(name="y", type="integer"))
    table = pack(union_of_features([nullable, strict]), {"x": [1], "y": [2]})

    for fields in (nullable, strict):
        tensors = [Tensor(*tensor) for tensor in tensors_of_table(table.select(fields))]
        assert columns_to_records(table_from_tensors(fields, tensors).columns, fields) == [{"x": 1, "y": 2}]


def test_a_union_of_different_types_is_refused() -> None:
    """No record could satisfy both."""
    with pytest.raises(ContractError, match="x: one model reads it as number, another as boolean"):
        union_of_features([(feature(),), (feature(type="boolean"),)])


def test_a_contract_of_another_format_says_to_train_again(stored_plain: Path) -> None:
    """An artifact of another release is not half understood, whatever else it holds or lacks."""
    document = msgspec.json.decode((stored_plain / "contract.json").read_bytes())
    document["format"] = 99
    del document["features"]
    with pytest.raises(ContractError, match="format: 99 is not 2: train again"):
        Contract.from_json(msgspec.json.encode(document))


def test_a_contract_survives_its_json_form(stored_plain: Path) -> None:
    """Reading and writing gives the same bytes."""
    text = (stored_plain / "contract.json").read_bytes()

    assert Contract.from_json(text).to_json() == text


def test_the_shipped_models_agree_on_their_record() -> None:
    """Fanning out one record to both means something."""
    found = catalog()

    assert found["diagnosis"].features == found["novelty"].features
