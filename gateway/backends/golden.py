"""Golden rows: what a model answered in training is what it is to answer now."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import msgspec

from contract import Interface, RecordDecoder, Table, part
from contract.compare import differences
from contract.table import columns_to_records
from gateway.batching import Heard
from gateway.errors import BackendFault


class Document(msgspec.Struct):
    """Mirror the file: held-out rows with scikit-learn's answers."""

    instances: list[dict[str, Any]]
    predictions: list[dict[str, Any]]


class Golden:
    """Hold the golden rows of one version of a model, which are taken in turn."""

    def __init__(self, contract: Interface, table: Table, predictions: Sequence[dict[str, Any]]) -> None:
        self.contract = contract
        self.table = table
        self.predictions = predictions
        self.turns = cycle(range(table.rows))

    def next(self) -> "GoldenRow":
        """Give the next one."""
        index = next(self.turns)
        return GoldenRow(self.contract, part(self.table, index, index + 1), self.predictions[index])


class GoldenRow(NamedTuple):
    """Hold one row, and what was predicted for it."""

    contract: Interface
    table: Table
    prediction: dict[str, Any]

    def difference(self, heard: Heard) -> str | None:
        """Say how an answer to this row alone differs from that of training; None where it does not."""
        if heard.contract.version != self.contract.version:
            return None  # while a model rolls out
        try:
            answered = columns_to_records(heard.judged().columns, self.contract.outputs)
        except BackendFault as exc:
            return str(exc)
        found = next(differences([self.prediction], answered), None)
        return found and f"its answer to a golden row has another {found.output} than in training"


class Riders:
    """Have a golden row ride along in each `every`th call; none does where that is 0. `count` is told the outcome."""

    def __init__(self, every: int, count: Callable[[str], None]) -> None:
        self.every = every
        self.count = count
        self.calls = 0
        self.golden: Golden | None = None

    def next(self, table: Table) -> GoldenRow | None:
        """Give the row that rides with these, if one does."""
        self.calls += 1
        golden = self.golden
        if golden is None or not self.every or self.calls % self.every or golden.table.features is not table.features:
            return None
        return golden.next()

    def part(self, heard: Heard, rider: GoldenRow) -> tuple[Heard, str | None]:
        """Give an answer without its last row, and how that one differs from training; a part of one stays as it is."""
        if not heard.is_whole:
            return heard, None
        rows = heard.rows - 1
        difference = rider.difference(heard.part(rows, heard.rows))
        self.count("wrong" if difference else "right")
        return heard.part(0, rows), difference


def read_golden(body: bytes, contract: Interface) -> Golden | None:
    """Read the file of this version; None where it holds nothing that can be asked."""
    try:
        document = msgspec.json.decode(body, type=Document)
        rows = msgspec.json.encode({"instances": document.instances})
        table, _ = RecordDecoder(contract.features).decode(rows, len(document.instances))
    except (msgspec.MsgspecError, ValueError, UnicodeDecodeError):
        return None
    return Golden(contract, table, document.predictions) if table.rows == len(document.predictions) else None
