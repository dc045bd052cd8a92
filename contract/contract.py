"""The whole contract of a stored model, and its JSON form."""

import contextlib
from datetime import datetime
from typing import Literal, Self

import msgspec

from contract.feature import ContractError
from contract.interface import Interface
from contract.table import Reads

FORMAT = 2
"""Counts the changes of the artifact's files; it is part of the digest, so a new form is a new version."""

Task = Literal["classification", "regression", "novelty"]
Runtime = Literal["onnx", "scikit-learn"]


class Measure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Record one metric on the held-out rows: its value, a 95 % bootstrap interval, and its bar if it has one."""

    value: float
    low: float
    high: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        """Say whether the value clears its bar; without a bar it does."""
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Say in words what a model is for, what it is not for, and where its data comes from."""

    intended_use: str
    not_for: str
    data_source: str


class Provenance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Record what a model was made from: rows, the SHA-256 of the data, the seed, and the library versions.

    Of an estimator that was fitted elsewhere the training rows are those that its threshold was chosen on. `digest` is
    that of the artifact, in hex, and `trained` is when it was stored. Both are filled in after the digest, which
    repeats.
    """

    rows: int
    training_rows: int
    data_sha256: str
    seed: int
    libraries: dict[str, str]
    fitted_elsewhere: bool = False
    digest: str = ""
    trained: datetime | None = None


class Contract(Interface, frozen=True, kw_only=True):
    """Hold all that a caller, a server and a gateway need to know of one stored model.

    `version` is the first twelve digits of the artifact's digest. `runtime_reason` says why that runtime serves, in
    words.
    """

    task: Task
    reads: Reads
    runtime: Runtime
    runtime_reason: str
    metrics: dict[str, Measure]
    card: Card
    provenance: Provenance
    format: int = FORMAT

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_scored()
        if self.reads == "matrix" and any(feature.type == "category" for feature in self.features):
            raise ContractError("reads: a matrix of numbers has no room for a category")

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read it; raise ContractError with the JSON path of what is wrong, and for what another release wrote."""
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = msgspec.json.decode(text, type=Formatted).format
            if found != FORMAT:
                raise ContractError(f"format: {found} is not {FORMAT}: train again with this release")
        return super().from_json(text)


class Formatted(msgspec.Struct):
    """Mirror of a contract only which release wrote it: what else it holds depends on that."""

    format: int = FORMAT
