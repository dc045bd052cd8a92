"""The whole contract of a stored model, and its JSON form."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from contract.feature import ContractError, Feature, Output

NAME_PATTERN = re.compile(r"[a-z][a-z0-9]{0,39}")
"""A model's name is also a module, a store tag, an image, a Kubernetes Service and a route: this fits them all."""

FORMAT = 1
"""Counts the changes of the artifact's files; it is part of the digest, so a new form is a new version."""

Task = Literal["classification", "novelty"]
Runtime = Literal["onnx", "scikit-learn"]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Say which value the output `output` has at and above the threshold of `score`, and which below."""

    output: str
    score: str
    threshold: float
    at_or_above: str | bool
    below: str | bool


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


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Record what a model was made from: rows, the SHA-256 of the data, the seed, and the library versions."""

    rows: int
    training_rows: int
    data_sha256: str
    seed: int
    libraries: dict[str, str]


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """Hold all that a caller, a server and a gateway need to know of one stored model.

    `version` is the first twelve hex digits of the artifact's digest (empty while the digest is computed).
    `runtime_reason` says why that runtime serves, in words.
    """

    name: str
    task: Task
    description: str
    features: tuple[Feature, ...]
    outputs: tuple[Output, ...]
    decision: Decision
    runtime: Runtime
    runtime_reason: str
    metrics: dict[str, Measure]
    card: Card
    provenance: Provenance
    version: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ContractError(f"format: {self.format} is not {FORMAT}: train again with this release")
        check_name(self.name)
        check_fields(self.features, self.outputs)
        names = {output.name: output for output in self.outputs}
        if self.decision.output not in names or self.decision.score not in names:
            raise ContractError("decision: output and score name two of the outputs")
        decided = names[self.decision.output]
        values = {self.decision.at_or_above, self.decision.below}
        if not values <= set(decided.categories or (True, False)):
            raise ContractError(f"decision: {decided.name} cannot have the values {sorted(map(str, values))}")

    def to_json(self) -> bytes:
        """Write the contract as indented JSON, the same bytes for the same contract."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> "Contract":
        """Read a contract; raise ContractError with the JSON path of what is wrong."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise ContractError(str(exc)) from exc


def check_name(name: str) -> None:
    """Raise ContractError unless `name` can name a model."""
    if not NAME_PATTERN.fullmatch(name):
        raise ContractError(f"{name!r}: the name of a model matches {NAME_PATTERN.pattern}")


def check_fields(features: Sequence[Feature], outputs: Sequence[Output]) -> None:
    """Raise ContractError where a list of fields is empty or names one twice."""
    for kind, fields in (("features", features), ("outputs", outputs)):
        names = [field.name for field in fields]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles or not names:
            raise ContractError(f"{kind}: {'named twice: ' + ', '.join(doubles) if doubles else 'there are none'}")
