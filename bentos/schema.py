"""The typed models of BentoML's own API, made from a contract."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from contract import MOST_ROWS, Contract, Feature, Output


def request_model(contract: Contract) -> type[BaseModel]:
    """Make the model of `{"instances": [record, …]}`, strict and without unknown members."""
    # A feature may be called `model_config` or `copy`, so the attributes have names of their own.
    fields: dict[str, Any] = {
        f"f{index}": (feature_type(feature), feature_field(feature)) for index, feature in enumerate(contract.features)
    }
    record = create_model("Record", __config__=ConfigDict(extra="forbid", strict=True), **fields)
    instances = Field(min_length=1, max_length=MOST_ROWS, description="Records, one object per row")
    return create_model(
        "Request",
        __config__=ConfigDict(extra="forbid"),
        instances=(list[record], instances),  # type: ignore[valid-type]
    )


def response_model(contract: Contract) -> type[BaseModel]:
    """Make the model of the answer: one prediction per instance, in order, and who gave it."""
    fields: dict[str, Any] = {
        f"f{index}": (output_type(output), Field(alias=output.name, description=output.description))
        for index, output in enumerate(contract.outputs)
    }
    prediction = create_model("Prediction", __config__=ConfigDict(serialize_by_alias=True), **fields)
    return create_model(
        "Response",
        predictions=(list[prediction], ...),  # type: ignore[valid-type]
        model=(str, ...),
        version=(str, ...),
    )


def feature_type(feature: Feature) -> Any:
    """Give the type of one feature with its bounds; a whole number is a number, true is none."""
    low, high = (None if abs(limit) == float("inf") else limit for limit in feature.limits)
    kinds: dict[str, Any] = {
        "number": Annotated[float, Field(ge=low, le=high, allow_inf_nan=False)],
        "integer": Annotated[int, Field(ge=None if low is None else int(low), le=high), BeforeValidator(whole)],
        "boolean": bool,
        "category": Literal[feature.categories] if feature.categories else str,
    }
    kind = kinds[feature.type]
    return kind | None if feature.nullable else kind


def whole(value: Any) -> Any:
    """Give a whole number that is written with a point as one; JSON knows no difference."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def feature_field(feature: Feature) -> Any:
    """Describe one feature."""
    text = f"{feature.description} ({feature.unit})" if feature.unit else feature.description
    return Field(alias=feature.name, description=text, examples=[feature.example])


def output_type(output: Output) -> Any:
    """Give the type of one output."""
    return {"number": float, "integer": int, "boolean": bool, "category": str}[output.type]
