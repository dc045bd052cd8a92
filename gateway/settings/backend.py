"""The settings of a backend: where it is, and its contract if its server cannot tell one."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl, PlainValidator, model_validator

from contract import Interface
from gateway.settings.declared import check_scored, declared_contract
from gateway.settings.parts import Strict, Timeout


def plain_url(url: HttpUrl) -> HttpUrl:
    """Refuse what a backend's address cannot have."""
    if url.query or url.fragment or url.username or url.password:
        raise ValueError("has host, port and path only")
    return url


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
