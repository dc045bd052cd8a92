"""The settings of a backend: where it is, and its contract if its server cannot tell one."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from contract import ContractError, Interface
from contract.check import value_fault

UNNAMED = "unnamed"
"""The settings name the backend, and so its contract."""

LONGEST_TIMEOUT_S = 30.0
"""A model service gives up a second later (`traffic.timeout`)."""

Timeout = Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)]
"""A deadline in seconds."""

LONGEST_TOLD = 60

Place = tuple[str | int, ...]


def plain_url(url: HttpUrl) -> HttpUrl:
    """Refuse what a backend's address cannot have."""
    if url.query or url.fragment or url.username or url.password:
        raise ValueError("has host, port and path only")
    return url


def declared_contract(document: Any) -> Interface | None:
    """Read a contract; raises pydantic's ValidationError with the place of what is wrong, inside the contract."""
    if document is None or isinstance(document, Interface):
        return document
    if not isinstance(document, dict):
        raise ValueError("must be a mapping of description, features, outputs and version")  # noqa: TRY004 (pydantic's way)
    try:
        contract = msgspec.convert({**document, "name": UNNAMED}, Interface)
    except msgspec.ValidationError as exc:
        text, _, place = str(exc).partition(" - at `$")
        raise fault(tuple(re.findall(r"[^.\[\]`]+", place)), text[:1].lower() + text[1:]) from exc
    for at in unknown({key: value for key, value in document.items() if key != "name"}, contract, ()):
        raise fault(at, "is unknown")
    if "name" in document:
        raise fault(("name",), "is that of the backend")
    if not contract.version:
        raise fault(("version",), "is missing")
    for index, feature in enumerate(contract.features):
        if message := value_fault(feature, feature.example):
            raise fault(("features", index, "example"), message)
    return contract


def check_scored(contract: Interface) -> None:
    """Check that scores give every output; raises pydantic's ValidationError with the place."""
    try:
        contract.check_scored()
    except ContractError as exc:
        raise fault(("contract",), str(exc)) from exc


def unknown(document: Any, struct: Any, at: Place) -> Iterator[Place]:
    """Yield the places of keys that are none of the fields of what was read from a document."""
    if isinstance(struct, msgspec.Struct):
        for key, value in document.items():
            if key in struct.__struct_fields__:
                yield from unknown(value, getattr(struct, key), (*at, key))
            elif key != struct.__struct_config__.tag_field:
                yield (*at, key)
    elif isinstance(struct, tuple):
        for index, (value, part) in enumerate(zip(document, struct, strict=True)):
            yield from unknown(value, part, (*at, index))


def fault(at: Place, message: str) -> ValidationError:
    """Name a place inside the contract; pydantic puts the way to it in front."""
    # The text may hold braces, which pydantic would take for places to fill in.
    error = PydanticCustomError("contract", "{message}", {"message": message})
    return ValidationError.from_exception_data("contract", [InitErrorDetails(type=error, loc=at, input=None)])


def shortened(name: str) -> str:
    """Give as much of a name as is told of one that is none."""
    return name if len(name) <= LONGEST_TOLD else f"{name[:LONGEST_TOLD]}…"


def nothing_if_empty(value: Any) -> Any:
    """Take an empty variable for none; as a path it would be the current folder."""
    return None if value == "" else value


def listed_by_commas(value: Any) -> Any:
    """Take a variable's text for a list, as `a,b`."""
    return tuple(filter(None, value.split(","))) if isinstance(value, str) else value


class Strict(BaseModel):
    """Refuse unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RetrySettings(Strict):
    """Say how often a model is asked once more, after a pause at random between `shortest_s` and `longest_s`.

    Requests that are asked again may be a `share` of those of the last ten seconds, and so many at any time (`always`).
    A record that has ended the model twice is refused for `fatal_s` seconds.
    """

    share: float = Field(default=0.2, ge=0, le=1)
    always: int = Field(default=3, ge=0, le=1000)
    shortest_s: float = Field(default=0.025, ge=0, le=10)
    longest_s: float = Field(default=0.25, ge=0, le=10)
    fatal_s: float = Field(default=600, ge=0, le=86_400)


class BreakerSettings(Strict):
    """Say after how many failures in a row a model is left alone, and for how long before it is probed.

    The first pause is `first_s`, each further one longer, at random, up to `longest_s`.
    """

    failures: int = Field(default=5, ge=1, le=1000)
    first_s: float = Field(default=0.5, gt=0, le=60)
    longest_s: float = Field(default=5.0, gt=0, le=600)


class BackendSettings(Strict):
    """Say where a model's server is.

    A server that cannot tell its contract has it declared here, with the name of the model there, and of the output
    whose columns are the scores if the outputs follow from scores. `timeout_s` is for requests under its own name.
    """

    url: Annotated[HttpUrl, AfterValidator(plain_url)]
    endpoints: Literal["service", "dns"] = "service"
    connections: int = Field(default=100, ge=1, le=10_000)
    concurrency: int = Field(default=1, ge=1, le=1_000)
    max_batch_rows: int = Field(default=1024, ge=1, le=1_000_000)
    max_queued_rows: int = Field(default=100_000, ge=1)
    timeout_s: Timeout | None = None
    golden_every: int = Field(default=100, ge=0, le=1_000_000)
    retries: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    model: str | None = Field(default=None, min_length=1)
    contract: Annotated[Interface | None, PlainValidator(declared_contract)] = None
    scores: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def contract_fits(self) -> "BackendSettings":
        """Check that scores give every output, and that there are neither scores nor decisions without the other."""
        if self.contract is None:
            if self.scores:
                raise ValueError("declares scores, but no contract")
        elif self.scores:
            check_scored(self.contract)
        elif self.contract.decisions:
            raise ValueError("declares decisions, but no scores that they follow from")
        return self

    @property
    def address(self) -> str:
        """Give the URL without a slash at its end."""
        return str(self.url).rstrip("/")
