"""How the values of a regressor lie about the truth."""

from typing import Any

import numpy as np

from contract.table import Array
from training.report.figure import GOOD, LINE, QUIET, Painter

MOST_POINTS = 2000
"""More would make a page of many megabytes; the first are shown."""


def predicted(truth: Array, value: Array, label: str) -> Painter:
    """Paint the value over the truth, beside the line where they are equal."""

    def paint(axes: Any) -> None:
        ends = [min(truth.min(), value.min()), max(truth.max(), value.max())]
        axes.plot(ends, ends, color=LINE)
        axes.plot(truth[:MOST_POINTS], value[:MOST_POINTS], "o", color=GOOD, ms=3.5, alpha=0.6, mew=0)
        axes.set(xlabel=f"{label}: truth", ylabel="Predicted", title="Predicted over actual")

    return paint


def residuals(truth: Array, value: Array, label: str) -> Painter:
    """Paint what truth and value differ by over the value; dashed are the quantiles between which nine in ten lie."""

    def paint(axes: Any) -> None:
        difference = truth - value
        axes.axhline(0, color=LINE)
        for edge in np.quantile(difference, [0.05, 0.95]):
            axes.axhline(edge, color=QUIET, lw=1, ls="--")
        axes.plot(value[:MOST_POINTS], difference[:MOST_POINTS], "o", color=GOOD, ms=3.5, alpha=0.6, mew=0)
        axes.set(xlabel=f"{label}: predicted", ylabel="Truth less predicted", title="Residuals (dashed: nine in ten)")

    return paint
