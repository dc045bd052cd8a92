"""From an estimator's raw scores to the named outputs of a contract."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from contract.check_columns import output_fault
from contract.contract import Contract, Task
from contract.feature import MATRIX_NAME
from contract.table import Array


class InvalidOutput(ValueError):
    """Report a model that gave what is no prediction; the message names model, output and the first such row."""


def raw_scores(task: Task, estimator: Any, inputs: Mapping[str, Array]) -> Array:
    """Ask a scikit-learn estimator for its scores, `[rows, k]` doubles.

    A classifier gives one probability per class, in the order of `classes_`; a novelty detector gives minus
    `score_samples`, so that more means stranger.
    """
    rows = estimator_input(inputs)
    if task == "classification":
        return np.asarray(estimator.predict_proba(rows), dtype=np.float64)
    return -np.asarray(estimator.score_samples(rows), dtype=np.float64).reshape(-1, 1)


def estimator_input(inputs: Mapping[str, Array]) -> Any:
    """Give what `Table.inputs` gave as an estimator reads it: the matrix, or a data frame of the columns."""
    if MATRIX_NAME in inputs:
        return inputs[MATRIX_NAME]
    import pandas as pd  # only models with categories need it

    return pd.DataFrame({name: column[:, 0] for name, column in inputs.items()})


def answer(contract: Contract, scores: Array) -> dict[str, Array]:
    """Give the outputs of a contract, one `[rows]` array each, from raw scores `[rows, k]`.

    Raises InvalidOutput where a score is not finite or out of its output's bounds.
    """
    outputs: dict[str, Array] = {}
    for output in contract.outputs:
        if output.column is not None:
            outputs[output.name] = scores[:, output.column]
            if fault := output_fault(output, outputs[output.name]):
                raise InvalidOutput(f"{contract.name}: {fault}")
    decision = contract.decision
    above = outputs[decision.score] >= decision.threshold
    values = np.array([decision.below, decision.at_or_above], dtype=bool if decision.below is False else object)
    outputs[decision.output] = values[above.astype(np.intp)]
    return {output.name: outputs[output.name] for output in contract.outputs}
