"""The plots of both tasks. Each function gives what to paint on the axes that it is handed."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

from contract.table import Array
from training.report.figure import BAD, GOOD, INK, LINE, QUIET

Painter = Callable[[Any], None]


def roc(truth: Array, score: Array, threshold: float) -> Painter:
    """Paint the receiver operating characteristic with the point at the threshold."""

    def paint(axes: Any) -> None:
        false, true, _ = roc_curve(truth, score)
        axes.plot([0, 1], [0, 1], color=LINE)
        axes.plot(false, true, color=GOOD, lw=2)
        found = score >= threshold
        axes.plot(found[truth == 0].mean(), found[truth == 1].mean(), "o", color=BAD, label="at the threshold")
        axes.set(xlabel="False alarms", ylabel="Found", title="ROC curve")
        axes.legend(loc="lower right")

    return paint


def precision_recall(truth: Array, score: Array, threshold: float) -> Painter:
    """Paint precision over recall with the point at the threshold."""

    def paint(axes: Any) -> None:
        precision, recall, _ = precision_recall_curve(truth, score)
        axes.plot(recall, precision, color=GOOD, lw=2)
        found = score >= threshold
        axes.plot(
            found[truth == 1].mean(),
            truth[found].mean() if found.any() else 1,
            "o",
            color=BAD,
            label="at the threshold",
        )
        axes.set(xlabel="Recall", ylabel="Precision", title="Precision and recall", ylim=(0, 1.03))
        axes.legend(loc="lower left")

    return paint


def calibration(truth: Array, score: Array) -> Painter:
    """Paint the share of positive rows over the probability that was said."""

    def paint(axes: Any) -> None:
        share, said = calibration_curve(truth, score, n_bins=8, strategy="quantile")
        axes.plot([0, 1], [0, 1], color=LINE)
        axes.plot(said, share, "o-", color=GOOD)
        axes.set(xlabel="Probability said", ylabel="Share that was so", title="Calibration")

    return paint


def confusion(counts: Array, labels: tuple[str, str]) -> Painter:
    """Paint the counts of decisions (columns) by truth (rows)."""

    def paint(axes: Any) -> None:
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=counts.max() * 1.4)
        for (row, column), count in np.ndenumerate(counts):
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=INK, fontsize=13)
        axes.set(
            xticks=(0, 1), yticks=(0, 1), xticklabels=labels, yticklabels=labels, xlabel="Decision", ylabel="Truth"
        )
        axes.set_title("Confusion at the threshold")
        axes.grid(visible=False)

    return paint


def distributions(samples: Mapping[str, Array], threshold: float, score: str, *, logarithmic: bool = False) -> Painter:
    """Paint how the score is distributed in each sample; `logarithmic` is symmetric about nought."""

    def scaled(values: Array) -> Array:
        return np.sign(values) * np.log10(1 + np.abs(values)) if logarithmic else values

    def paint(axes: Any) -> None:
        everything = scaled(np.concatenate(list(samples.values())))
        bins = np.linspace(everything.min(), everything.max(), 41)
        colours = [GOOD, BAD, "#e0a030", "#7a5ea8", QUIET]
        for (name, values), colour in zip(samples.items(), colours, strict=False):
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
            axes.bar([str(value) for value in profile["values"]], profile["counts"], color=GOOD)
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)

    return paint
