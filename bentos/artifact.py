"""Reading a stored model: its files, its estimator or graph, and the proof that it answers as in training."""

import asyncio
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bentos.runtime import open_skops
from contract import Contract, ContractError, Table, answer, columns_to_records, differences
from contract.artifact import (
    CONTRACT,
    ESTIMATOR,
    GOLDEN,
    GRAPH,
    MANIFEST,
    PROFILE,
    REPORT,
    Runtime,
    damaged,
    open_graph,
)
from contract.decode import RecordDecoder
from contract.table import Array

FILES = {
    "contract": (CONTRACT, "application/json"),
    "golden": (GOLDEN, "application/json"),
    "profile": (PROFILE, "application/json"),
    "report": (REPORT, "text/html; charset=utf-8"),
}
"""What `GET /artifact/{name}` gives: file and content type."""

MOST_DIFFERENCES = 3

PIECE = 1024
"""Rows that a model is asked for at once: 0.1 ms of the shipped models, 2 of a forest of a hundred trees in ONNX, 5 of
histogram boosting and of neighbours in scikit-learn, where smaller pieces cost more in all."""


class ArtifactError(RuntimeError):
    """Report an artifact that cannot be read, or that does not answer as it did in training."""


def read_contract(folder: Path) -> Contract:
    """Read the contract of a stored model; raises ArtifactError."""
    try:
        return Contract.from_json((folder / CONTRACT).read_bytes())
    except (OSError, ContractError) as exc:
        raise ArtifactError(f"{folder.parent.name} {folder.name}: {CONTRACT} cannot be read: {exc}") from exc


@dataclass(frozen=True)
class Model:
    """Hold a model that has answered its golden rows."""

    contract: Contract
    runtime: Runtime

    def predict(self, table: Table) -> dict[str, Array]:
        """Give the outputs of checked rows, one `[rows]` array each; raises InvalidOutput."""
        return answer(self.contract, self.runtime(table.inputs(self.contract.reads)))

    async def predict_in_turns(self, table: Table) -> dict[str, Array]:
        """Give the same, and let others have their turn of the event loop after each PIECE of rows.

        Graphs and trees say the same to the bit. Where scikit-learn multiplies matrices, the last bit of a row depends
        on how many are asked with it, here as in any call.
        """
        if table.rows <= PIECE:
            return self.predict(table)
        inputs = table.inputs(self.contract.reads)
        scores = []
        for start in range(0, table.rows, PIECE):
            scores.append(self.runtime({name: rows[start : start + PIECE] for name, rows in inputs.items()}))
            await asyncio.sleep(0)
        return answer(self.contract, np.concatenate(scores))


def load(folder: Path) -> Model:
    """Open a stored model and compare its answers to the golden rows with those of training; raises ArtifactError."""
    contract = read_contract(folder)
    file = GRAPH if contract.runtime == "onnx" else ESTIMATOR
    try:
        if contract.runtime == "onnx":
            runtime = open_graph((folder / file).read_bytes())
        else:
            runtime = open_skops(folder / file, contract.task)
    except Exception as exc:  # neither library has a common error
        raise ArtifactError(f"{contract.name} {contract.version}: {file} cannot be loaded: {exc}") from exc
    model = Model(contract, runtime)
    verify(model, folder / GOLDEN)
    # The golden rows come first: of what changes an answer they say more than that a file is another.
    try:
        other = damaged(folder)
    except (OSError, ValueError) as exc:
        raise ArtifactError(f"{contract.name} {contract.version}: {MANIFEST} cannot be read: {exc}") from exc
    if other or contract.version != folder.name:
        what = f"{other} is not as it was stored" if other else f"it is stored as {folder.name}"
        raise ArtifactError(f"{contract.name} {contract.version}: {what}; train again with --force")
    return model


def verify(model: Model, golden: Path) -> None:
    """Raise ArtifactError that names the first differences between the golden answers and the model's."""
    contract = model.contract
    try:
        stored: dict[str, Any] = msgspec.json.decode(golden.read_bytes())
        body = msgspec.json.encode({"instances": stored["instances"]})
        table, _ = RecordDecoder(contract.features).decode(body, len(stored["instances"]))
        answered = columns_to_records(model.predict(table), contract.outputs)
        found = list(islice(differences(stored["predictions"], answered), MOST_DIFFERENCES))
    except Exception as exc:  # a damaged file may fail anywhere on this way
        raise ArtifactError(f"{contract.name} {contract.version}: the golden rows cannot be asked: {exc}") from exc
    if found:
        raise ArtifactError(
            f"{contract.name} {contract.version} does not answer as it did in training: "
            f"{'; '.join(map(str, found))}. The files are damaged, or a library has another version than in training: "
            f"{', '.join(f'{name} {version}' for name, version in contract.provenance.libraries.items())}"
        )
