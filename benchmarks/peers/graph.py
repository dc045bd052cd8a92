"""A stored model as its peers hold it: the same graph and threshold, without any check of what comes in."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.artifact import CONTRACT, open_graph
from contract.contract import Contract
from contract.decision import ByThreshold

Record = dict[str, float]


class Graph:
    """Answer for one of the two shipped models, `[rows, k]` doubles or records."""

    def __init__(self, folder: Path) -> None:
        contract = Contract.from_json((folder / CONTRACT).read_bytes())
        self.names = [feature.name for feature in contract.features]
        self.run = open_graph((folder / "model.onnx").read_bytes())
        (self.score,) = (output for output in contract.outputs if output.column is not None)
        (decision,) = contract.decisions
        if not isinstance(decision, ByThreshold):
            raise TypeError(f"{contract.name} is not decided by a threshold")
        self.decision = decision

    def columns(self, rows: NDArray[np.float64]) -> dict[str, list[Any]]:
        """Give what is decided and its score, a list each."""
        decision = self.decision
        scores = self.run({"features": rows})[:, self.score.column].tolist()
        decided = [decision.at_or_above if score >= decision.threshold else decision.below for score in scores]
        return {decision.output: decided, decision.score: scores}

    def predict(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """Give one prediction for each record."""
        rows = np.array([[record[name] for name in self.names] for record in records])
        columns = self.columns(rows)
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def open_model(name: str) -> Graph:
    """Open the model whose folder the environment names."""
    return Graph(Path(os.environ[f"{name.upper()}_MODEL"]))
