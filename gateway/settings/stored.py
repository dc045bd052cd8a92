"""The settings of an answer that is always the same, which may stand where a plan is named."""

import sys
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from contract import NAME_PATTERN
from contract.feature import FIELD_PATTERN
from gateway.settings.parts import Strict, fault, shortened


def writable(value: object) -> object:
    """Refuse what no output can be, in one sentence: pydantic says of each type why it is not that."""
    if value is not None and not isinstance(value, bool | int | float | str):
        raise ValueError("must be a number, true, false, a text or null")
    if isinstance(value, float | int) and not abs(value) <= sys.float_info.max:
        raise ValueError("must be a number that a double can hold")
    if value == "":
        raise ValueError("must not be the empty text: what is missing is null")
    return value


class StoredSettings(Strict):
    """Hold an answer that is always the same; null where there is nothing to say. `name` is what answers call it."""

    answer: dict[str, Annotated[float | bool | str | None, BeforeValidator(writable)]] = Field(min_length=1)
    name: str = Field(default="stored", alias="as", pattern=rf"^{NAME_PATTERN.pattern}$")

    @model_validator(mode="after")
    def outputs_are_names(self) -> "StoredSettings":
        """Check that each value is of what could be an output, with a dot for each level of the answer."""
        for name in self.answer:
            if not all(map(FIELD_PATTERN.fullmatch, name.split("."))):
                told = f"is no name of an output: it must match {FIELD_PATTERN.pattern}"
                raise fault(("answer", shortened(name)), told)
        return self


def either(value: object) -> object:
    """Refuse what is neither, in one sentence as well."""
    if isinstance(value, str | StoredSettings):
        return value
    if isinstance(value, dict):
        return StoredSettings.model_validate(value)
    raise ValueError("must be the name of a plan, or hold an answer")


Chosen = Annotated[str | StoredSettings, BeforeValidator(either)]
"""A plan by its name, or a stored answer."""


def name_of(chosen: Chosen) -> str:
    """Give the name of a plan, or what answers call a stored one."""
    return chosen if isinstance(chosen, str) else chosen.name
