"""The metrics of a regressor: for each output, and under its name where there are several."""

from collections.abc import Callable, Sequence

import numpy as np

from contract.table import Array
from training.metrics.metric import Metric

HELD_OUT = "held_out"


def samples(values: Array, target: Array) -> dict[str, Array]:
    """Give truth and value of each row, `[rows, 2, outputs]`."""
    return {HELD_OUT: np.stack([target.reshape(values.shape), values], axis=1)}


def metrics(names: Sequence[str]) -> dict[str, Metric]:
    """Give the metrics by name."""

    def of_output(figure: Callable[[Array, Array], float], place: int) -> Metric:
        return lambda sample: figure(*sample[HELD_OUT][:, :, place].T)

    return {
        figure.__name__ if len(names) == 1 else f"{figure.__name__}_{name}": of_output(figure, place)
        for place, name in enumerate(names)
        for figure in (r2, mean_absolute_error, root_mean_squared_error)
    }


def r2(truth: Array, value: Array) -> float:
    """Give the share of the variance that is explained; of what does not vary, one where all is right, else nought."""
    left, there = ((truth - value) ** 2).sum(), ((truth - truth.mean()) ** 2).sum()
    return float(1 - left / there if there else left == 0)


def mean_absolute_error(truth: Array, value: Array) -> float:
    """Give the mean distance of value and truth."""
    return float(np.abs(truth - value).mean())


def root_mean_squared_error(truth: Array, value: Array) -> float:
    """Give the root of the mean squared distance of value and truth."""
    return float(np.sqrt(((truth - value) ** 2).mean()))
