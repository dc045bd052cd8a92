"""The metrics of a novelty detector: the share of rows that it flags, of each kind."""

from collections.abc import Callable

from contract import Table
from contract.table import Array
from training.corrupt import corruptions
from training.metrics.metric import Metric, Samples


def samples(ask: Callable[[Table], Array], held_out: Table, seed: int) -> dict[str, Array]:
    """Give the scores of the held-out rows, and of what a careless caller would make of them."""
    tables = {"held_out": held_out, **corruptions(held_out, seed)}
    return {name: ask(table)[:, 0] for name, table in tables.items()}


def metrics(sampled: Samples, threshold: float) -> dict[str, Metric]:
    """Give the metrics by name, one for each sample."""

    def share(name: str) -> Metric:
        return lambda sample: float((sample[name] >= threshold).mean())

    return {"false_alarms" if name == "held_out" else f"{name}_found": share(name) for name in sampled}
