"""Which features an answer hangs on."""

from collections.abc import Callable

import numpy as np

from contract import Table, pack
from contract.table import Array
from training.artifact import Fitted
from training.corrupt import let_through
from training.reads import scores_of

REPEATS = 10


def permutation_importance(fitted: Fitted, rows: Table, quality: Callable[[Array], float]) -> dict[str, float]:
    """Give how much the quality of the raw scores falls when the values of a feature are shuffled among the rows.

    Breiman, Random Forests, 2001; mean of REPEATS shuffles.
    """
    random = np.random.default_rng(fitted.seed)

    def measured(table: Table) -> float:
        return quality(scores_of(fitted.model.task, fitted.estimator, table))

    base, lost = measured(rows), {}
    for feature in rows.features:
        drops = []
        for _ in range(REPEATS):
            shuffled = random.permutation(rows.columns[feature.name])
            drops.append(base - measured(pack(rows.features, {**rows.columns, feature.name: shuffled})))
        lost[feature.name] = float(np.mean(drops))
    return lost


def unit_errors_by_feature(fitted: Fitted, rows: Table, factor: float, threshold: float) -> dict[str, float]:
    """Give the share of records that are found when that feature alone is `factor` times too large.

    A feature of which the contract lets no such record through is left out.
    """
    found = {}
    for feature in rows.features:
        if feature.type == "number":
            changed = let_through(
                pack(rows.features, {**rows.columns, feature.name: rows.columns[feature.name] * factor})
            )
            if changed is None:
                continue
            scores = scores_of(fitted.model.task, fitted.estimator, changed)
            found[feature.name] = float((scores[:, 0] >= threshold).mean())
    return found
