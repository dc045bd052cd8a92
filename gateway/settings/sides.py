"""The settings of plans between others of the same use: a split and a shadow."""

import math
import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gateway.settings.parts import Named, Strict, fault

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


KEY = re.compile(r"request|caller|header [!-9;-~]+|feature [A-Za-z][A-Za-z0-9_]*")


def known_key(by: str) -> str:
    """Refuse what no key is."""
    if not KEY.fullmatch(by):
        raise ValueError("must be request, caller, header NAME or feature NAME")
    return by


class SplitSettings(Strict):
    """Say how much of the requests each plan gets, and by which key; see `gateway/plans/split.py`."""

    weights: dict[str, Weight] = Field(min_length=1)
    by: Annotated[str, AfterValidator(known_key)] = "request"

    @model_validator(mode="after")
    def somebody_is_asked(self) -> "SplitSettings":
        """Check that one weight is more than nothing, and that there are shares of them all."""
        total = sum(self.weights.values())
        if not total:
            raise fault(("weights",), "must not all be 0")
        if not math.isfinite(total):
            raise fault(("weights",), "are too large to be added up")
        return self

    def named(self) -> Named:
        """Yield the sides."""
        return ((("weights", name), name) for name in self.weights)


class ShadowSettings(Strict):
    """Say whose answers callers get (`of`), and who is asked a `sample` of the same records besides."""

    of: str
    candidate: str
    sample: float = Field(default=1.0, gt=0, le=1)

    def named(self) -> Named:
        """Yield both."""
        yield ("of",), self.of
        yield ("candidate",), self.candidate
