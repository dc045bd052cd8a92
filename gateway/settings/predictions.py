"""The settings of the prediction log: whether requests are kept with their answers, where, and for how long."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from contract.feature import FIELD_PATTERN
from gateway.settings.parts import Strict, listed_by_commas, nothing_if_empty

Name = Annotated[str, Field(pattern=f"^{FIELD_PATTERN.pattern}$")]


class PredictionLogSettings(Strict):
    """Say where the log is, which is off without a folder, and what is not kept there.

    `sample` is the share of requests that are kept, `leave_out` names features that are not. A file is complete after
    `rotate_s` at the latest; the oldest are deleted beyond `max_mb` and `max_age_days`.
    """

    folder: Annotated[Path | None, BeforeValidator(nothing_if_empty)] = None
    sample: float = Field(default=1.0, gt=0, le=1)
    leave_out: Annotated[tuple[Name, ...], NoDecode, BeforeValidator(listed_by_commas)] = ()
    rotate_s: float = Field(default=60.0, ge=0.1, le=3600)
    max_mb: float = Field(default=1024.0, ge=1, allow_inf_nan=False)
    max_age_days: float = Field(default=30.0, gt=0, allow_inf_nan=False)
