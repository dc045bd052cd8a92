"""From an estimator's raw scores to the named outputs of a contract."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from contract.check_columns import output_fault
from contract.compare import TOLERANCE
from contract.contract import Task
from contract.decision import ByLargest
from contract.feature import MATRIX_NAME, Output
from contract.interface import Interface
from contract.table import Array


class InvalidOutput(ValueError):
    """Report a model that gave what is no prediction; the message names model, output and the first such row."""

    def __init__(self, interface: Interface, output: str, what: str) -> None:
        super().__init__(f"{interface.name}: the output {output} {what}")
        self.output, self.what = output, what


def raw_scores(task: Task, estimator: Any, inputs: Mapping[str, Array]) -> Array:
    """Ask a scikit-learn estimator for its scores, `[rows, k]` doubles.

    A classifier gives one probability per class, in the order of `classes_`; a regressor its values, in the order of
    the target's columns; a novelty detector minus `score_samples`, so that more means stranger.
    """
    rows = estimator_input(inputs)
    if task == "classification":
        return np.asarray(estimator.predict_proba(rows), dtype=np.float64)
    if task == "regression":
        values = np.asarray(estimator.predict(rows), dtype=np.float64)
        return values.reshape(len(values), -1)
    return -np.asarray(estimator.score_samples(rows), dtype=np.float64).reshape(-1, 1)


def estimator_input(inputs: Mapping[str, Array]) -> Any:
    """Give what `Table.inputs` gave as an estimator reads it: the matrix, or a data frame of the columns."""
    if MATRIX_NAME in inputs:
        return inputs[MATRIX_NAME]
    import pandas as pd  # only what reads columns needs it

    return pd.DataFrame({name: column[:, 0] for name, column in inputs.items()})


def answer(interface: Interface, scores: Array) -> dict[str, Array]:
    """Give the outputs of a model, one `[rows]` array each, from raw scores `[rows, k]`.

    Raises InvalidOutput where there are too few scores, or one is not finite or out of its output's bounds by more than
    TOLERANCE.
    """
    described = {output.name: output for output in interface.outputs}
    columns: dict[str, Array] = {}
    for output in interface.outputs:
        if output.column is not None:
            columns[output.name] = rounded(output, score(interface, output.name, scores, output.column))
            if fault := output_fault(output, columns[output.name]):
                raise InvalidOutput(interface, output.name, fault)
    for decision in interface.decisions:
        for column in decision.columns if isinstance(decision, ByLargest) else ():
            if not np.isfinite(score(interface, decision.output, scores, column)).all():
                raise InvalidOutput(interface, decision.output, "has no finite score in some row")
        columns[decision.output] = decision.decide(described, columns, scores)
    return {output.name: columns[output.name] for output in interface.outputs}


def rounded(output: Output, column: Array) -> Array:
    """Put what is out of the bounds by no more than TOLERANCE back on them.

    In single precision the twenty shares of a forest that is sure of a class sum up to 1.00000012.
    """
    for bound, beyond in ((output.minimum, np.less), (output.maximum, np.greater)):
        if bound is not None and 1 in (outside := beyond(column, bound)).tobytes():
            near = np.abs(column - bound) <= TOLERANCE * max(1.0, abs(bound))
            column = np.where(outside & near, bound, column)
    return column


def score(interface: Interface, output: str, scores: Array, column: int) -> Array:
    """Give one column of the scores; raises InvalidOutput where there are too few."""
    if column >= scores.shape[1]:
        raise InvalidOutput(interface, output, f"is missing: there are {scores.shape[1]} scores")
    found: Array = scores[:, column]
    return found
