"""What the metrics tell of drift, found when they are asked for."""

import math
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.drift.distance import Distances
from gateway.drift.drift import Drift

DOCUMENTED = {
    "psi": "Population stability index of the last rows against those of training, by model and field",
    "ks": "Kolmogorov-Smirnov distance of the last rows from those of training, by model and field",
    "missing_ratio": "Share of the last rows in which a value is missing, by model and field",
    "unseen_ratio": "Share of the last values that training never saw, by model and field",
    "alarm": "1 while one of these differs from training by more than chance, by model and field",
}


class Exposed(Collector):
    """Tell how far the data of models is from that of training; it costs no request anything."""

    labels = ("model", "field")

    def __init__(self) -> None:
        self.models: dict[str, Drift] = {}

    @property
    def names(self) -> list[str]:
        """Name the metrics."""
        return [f"bentogate_drift_{name}" for name in DOCUMENTED]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give them in Prometheus' form; of a model with too few rows, or without a profile, there are none."""
        families = {
            name: GaugeMetricFamily(f"bentogate_drift_{name}", text, labels=self.labels)
            for name, text in DOCUMENTED.items()
        }
        for model, drift in self.models.items():
            found = drift.look()
            if found is None:
                continue
            for index, field in enumerate(drift.fields):
                for name, value in figures(drift, found, index).items():
                    if not math.isnan(value):
                        families[name].add_metric((model, field.label), value)
        yield from families.values()


def figures(drift: Drift, found: Distances, index: int) -> dict[str, float]:
    """Give the figures of one field by the ends of the metrics' names; NaN for what it has not."""
    return {
        "psi": float(found.psi[index]),
        "ks": float(found.ks[index]),
        "missing_ratio": float(found.missing[index]),
        "unseen_ratio": float(found.unseen[index]),
        "alarm": float(drift.fields[index].label in drift.alarms),
    }
