"""How a score is distributed, in samples of rows."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np

from contract.table import Array
from training.report.figure import COLOURS, INK, Painter


def distributions(samples: Mapping[str, Array], threshold: float, score: str, *, logarithmic: bool = False) -> Painter:
    """Paint how the score is distributed in each sample; `logarithmic` is symmetric about nought."""

    def scaled(values: Array) -> Array:
        return np.sign(values) * np.log10(1 + np.abs(values)) if logarithmic else values

    def paint(axes: Any) -> None:
        everything = scaled(np.concatenate(list(samples.values())))
        bins = np.linspace(everything.min(), everything.max(), 41)
        for (name, values), colour in zip(samples.items(), cycle(COLOURS)):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(scaled(values), bins, weights=weights, alpha=0.55, color=colour, label=name.replace("_", " "))
        axes.axvline(scaled(np.array([threshold]))[0], color=INK, lw=1, ls="--")
        if logarithmic:
            places = {-100: "-100", 0: "0", 100: "100", 10_000: "10,000", 1_000_000: "a million"}
            shown = {float(scaled(np.array([place]))[0]): label for place, label in places.items()}
            inside = {at: label for at, label in shown.items() if everything.min() <= at <= everything.max()}
            axes.set_xticks(list(inside), list(inside.values()))
        axes.set(xlabel=score, ylabel="Share of rows", title="Distribution of the score (dashed: threshold)")
        axes.legend()

    return paint
