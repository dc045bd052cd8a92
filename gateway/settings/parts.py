"""What all settings are made of, and how a place in them is named as wrong."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

LONGEST_TIMEOUT_S = 30.0
"""A model service gives up a second later (`traffic.timeout`)."""

Timeout = Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)]
"""A deadline in seconds."""

LONGEST_TOLD = 60

Place = tuple[str | int, ...]

Named = Iterator[tuple[Place, str]]
"""The places in the settings of a route that name another plan, and the names."""


class Strict(BaseModel):
    """Refuse unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def fault(at: Place, message: str) -> ValidationError:
    """Name a place inside what is validated; pydantic puts the way to it in front."""
    # The text may hold braces, which pydantic would take for places to fill in.
    error = PydanticCustomError("setting", "{message}", {"message": message})
    return ValidationError.from_exception_data("settings", [InitErrorDetails(type=error, loc=at, input=None)])


def shortened(name: str) -> str:
    """Give as much of a name as is told of one that is none."""
    return name if len(name) <= LONGEST_TOLD else f"{name[:LONGEST_TOLD]}…"


def all_differ(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name that stands there before."""
    for index, name in enumerate(names):
        if name in names[:index]:
            raise fault((index,), f"names {name!r} a second time")
    return names


Different = Annotated[tuple[str, ...], AfterValidator(all_differ)]
"""Names of which none stands there twice."""


def nothing_if_empty(value: Any) -> Any:
    """Take an empty variable for none; as a path it would be the current folder."""
    return None if value == "" else value


def listed_by_commas(value: Any) -> Any:
    """Take a variable's text for a list, as `a,b`."""
    return tuple(filter(None, value.split(","))) if isinstance(value, str) else value
