"""Bars and counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract.table import Array
from training.report.figure import GOOD, INK, Painter

WIDEST = 32
"""As many letters of labels stand beside each other under a plot."""

WIDEST_BESIDE_A_FEATURE = 28
"""As many letters stand under the small plot of a feature; of more none is shown."""


def confusion_at(threshold: float, good: Array, bad: Array, labels: Sequence[str]) -> Painter:
    """Paint how many rows of the good ones and of the bad ones are below and at or above the threshold."""
    counts = np.array([[(part < threshold).sum(), (part >= threshold).sum()] for part in (good, bad)])
    return confusion(counts, labels, "Confusion at the threshold")


def confusion(counts: Array, labels: Sequence[str], title: str = "Confusion") -> Painter:
    """Paint the counts of decisions (columns) by truth (rows)."""

    def paint(axes: Any) -> None:
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=counts.max() * 1.4)
        size = min(13, 60 / len(labels))
        for (row, column), count in np.ndenumerate(counts):
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=INK, fontsize=size)
        places = range(len(labels))
        axes.set(
            xticks=places, yticks=places, xticklabels=labels, yticklabels=labels, xlabel="Decision", ylabel="Truth"
        )
        axes.tick_params(axis="x", rotation=90 if len("".join(labels)) > WIDEST else 0)
        axes.set_title(title)
        axes.grid(visible=False)

    return paint


def bars(values: Mapping[str, float], title: str, label: str, most: int = 15) -> Painter:
    """Paint the largest values by name, the largest on top."""

    def paint(axes: Any) -> None:
        top = sorted(values.items(), key=lambda entry: entry[1])[-most:]
        axes.barh([name.replace("_", " ") for name, _ in top], [value for _, value in top], color=GOOD)
        axes.set(xlabel=label, title=title)
        axes.grid(visible=False, axis="y")

    return paint


def histogram(profile: Mapping[str, Any]) -> Painter:
    """Paint one feature as its profile has it: equal shares make bars as wide as the data is sparse."""

    def paint(axes: Any) -> None:
        if "edges" in profile:
            edges, counts = np.array(profile["edges"]), np.array(profile["counts"])
            widths = np.diff(edges)
            axes.bar(
                edges[:-1], counts / np.maximum(widths, 1e-300) / max(counts.sum(), 1), widths, align="edge", color=GOOD
            )
        else:
            labels = [f"{value:g}" if isinstance(value, float) else str(value) for value in profile["values"]]
            axes.bar(range(len(labels)), profile["counts"], color=GOOD)
            room = len("".join(labels)) + len(labels) <= WIDEST_BESIDE_A_FEATURE
            axes.set_xticks(range(len(labels)) if room else [], labels if room else [])
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)

    return paint
