"""The fitted models behave: floors, an unchanged order, known rows, and directions that hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bentos.artifact import Model
from contract import Contract
from tests.conftest import ROOT
from tests.models.fitted import ask, fitted

BARS = {
    "diagnosis": {"roc_auc": 0.985, "recall": 0.95, "precision": 0.75, "brier": -0.035},
    "novelty": {
        "false_alarms": -0.05,
        "unit_errors_found": 0.95,
        "swapped_columns_found": 0.93,
        "uniform_records_found": 1.0,
    },
}
"""What the project promises; a negative bar is an upper one."""

RECORD: dict[str, Any] = json.loads((ROOT / "examples" / "record.json").read_text())["instances"][0]


@pytest.fixture(scope="module")
def loaded(shipped: Path) -> dict[str, Model]:
    """Load both models as the service does."""
    return {name: fitted(shipped, name) for name in BARS}


@pytest.mark.parametrize(("name", "bars"), BARS.items())
def test_the_promised_bars_are_the_contract_s_and_are_cleared(
    loaded: dict[str, Model], name: str, bars: dict[str, float]
) -> None:
    """No bar was lowered to let a model pass."""
    contract: Contract = loaded[name].contract
    for metric, bar in bars.items():
        measure = contract.metrics[metric]
        assert measure.passed
        assert (measure.at_least if bar >= 0 else measure.at_most) == abs(bar)
    assert contract.runtime == "onnx"


def test_a_known_record_is_malignant_and_not_novel(loaded: dict[str, Model]) -> None:
    """The record of the README."""
    assert ask(loaded["diagnosis"], RECORD)[0]["label"] == "malignant"
    assert ask(loaded["novelty"], RECORD)[0]["is_novel"] is False


def test_a_unit_error_is_novel(loaded: dict[str, Model]) -> None:
    """The same record with its perimeter in another unit."""
    wrong = {**RECORD, "mean_perimeter": RECORD["mean_perimeter"] / 10}

    assert ask(loaded["novelty"], wrong)[0]["is_novel"] is True


def test_a_rougher_outline_makes_malignancy_likelier(loaded: dict[str, Model]) -> None:
    """More concave points never lower the probability."""
    probabilities = [
        row["probability"]
        for row in ask(
            loaded["diagnosis"], *({**RECORD, "worst_concave_points": value} for value in np.linspace(0, 0.3, 31))
        )
    ]

    assert probabilities == sorted(probabilities)


def test_rows_do_not_depend_on_their_neighbours(loaded: dict[str, Model]) -> None:
    """A row answers alike alone, among others, and in another place."""
    other = {name: value * 1.1 for name, value in RECORD.items()}
    for model in loaded.values():
        together, alone = ask(model, other, RECORD, other), ask(model, RECORD)
        for name, value in alone[0].items():
            assert together[1][name] == pytest.approx(value, abs=1e-12)
