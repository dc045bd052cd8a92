"""BentoML's typed API accepts what the checker accepts."""

import math
from pathlib import Path
from typing import Any

import pydantic
from hypothesis import given

from bentos.schema import request_model
from contract import Contract, Feature
from contract.check import value_fault
from tests.contract.strategies import any_values, features


def one_feature(feature: Feature) -> Any:
    """Make the request model of a contract whose only part that counts is one feature."""

    class Only:
        features = (feature,)

    return request_model(Only())  # type: ignore[arg-type]


@given(features(), any_values())
def test_pydantic_and_the_checker_agree(feature: Feature, value: Any) -> None:
    """Strict types, bounds and categories are those of the contract."""
    import json

    if isinstance(value, float) and not math.isfinite(value):
        return  # no JSON can say it
    try:
        one_feature(feature).model_validate_json(json.dumps({"instances": [{"x": value}]}))
        accepted = True
    except pydantic.ValidationError:
        accepted = False

    assert accepted == (value_fault(feature, value) is None)


def test_the_schema_describes_every_feature(stored_mixed: Path) -> None:
    """Description, unit, bounds and example reach BentoML's documentation."""
    contract = Contract.from_json((stored_mixed / "contract.json").read_bytes())
    schema = request_model(contract).model_json_schema()
    record = schema["$defs"]["Record"]

    assert list(record["properties"]) == ["income", "age", "owner", "region"]
    assert record["properties"]["age"]["maximum"] == 150
    assert record["properties"]["owner"]["description"] == "A yes or no"
    assert record["additionalProperties"] is False
