"""The parity gate: a graph serves only if it answers as scikit-learn does, output by output."""

from typing import Any, NamedTuple

import numpy as np

from contract import TOLERANCE, Table, Task, raw_scores
from contract.artifact import open_graph
from contract.table import Array
from training.errors import first_line
from training.onnx_graph import compile_candidates
from training.reads import inputs_of


class Verdict(NamedTuple):
    """Say what serves: the graph's bytes, or None where scikit-learn must, and why, in words."""

    graph: bytes | None
    reason: str


def gate(task: Task, estimator: Any, held_out: Table, probes: Table) -> Verdict:
    """Give the first graph that passes on the held-out rows and on the probes."""
    reasons: dict[str, list[str]] = {}
    for name, graph in compile_candidates(task, estimator, held_out):
        if isinstance(graph, str):
            reasons.setdefault(f"it does not convert ({graph[:160]})", []).append(name)
            continue
        for rows, what in ((held_out, "held-out"), (probes, "probing")):
            inputs = inputs_of(estimator, rows)
            try:
                gap = largest_gap(raw_scores(task, estimator, inputs), open_graph(graph)(inputs))
            except Exception as exc:  # noqa: BLE001 (ONNX Runtime has no common error; the reason is kept)
                reasons.setdefault(f"it does not run ({first_line(exc)[:160]})", []).append(name)
                break
            if not gap.max(initial=0.0) <= TOLERANCE:
                bad, count = int((~(gap <= TOLERANCE)).sum()), rows.rows
                wrong = f"{bad} of {count} {what} rows differ, by up to {gap.max():.2g}"
                reasons.setdefault(wrong, []).append(name)
                break
        else:
            asked = held_out.rows + probes.rows
            return Verdict(graph, f"the {name}-precision graph agrees on all {asked} rows to within {TOLERANCE:g}")
    return Verdict(None, "; ".join(f"in {' and '.join(names)} precision {why}" for why, names in reasons.items()))


def largest_gap(expected: Array, actual: Array) -> Array:
    """Give, per row, the largest difference of two matrices of scores in the measure of TOLERANCE."""
    if expected.shape != actual.shape:
        return np.full(len(expected), np.inf)
    gap: Array = np.abs(expected - actual) / np.maximum(1.0, np.abs(expected))
    return np.asarray(np.where(np.isnan(gap), np.inf, gap).max(axis=1))
