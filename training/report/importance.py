"""Which features the decision hangs on."""

import numpy as np
from sklearn.metrics import roc_auc_score

from contract import Table, pack
from contract.table import Array
from training.artifact import Fitted
from training.fit import scores

REPEATS = 10


def permutation_importance(fitted: Fitted, rows: Table, truth: Array) -> dict[str, float]:
    """Give how much of the area under the ROC curve is lost when the values of a feature are shuffled among the rows.

    Breiman, Random Forests, 2001; mean of REPEATS shuffles.
    """
    random = np.random.default_rng(fitted.seed)
    base = roc_auc_score(truth, scores(fitted.model, fitted.estimator, rows))
    lost = {}
    for feature in rows.features:
        drops = []
        for _ in range(REPEATS):
            shuffled = random.permutation(rows.columns[feature.name])
            changed = pack(rows.features, {**rows.columns, feature.name: shuffled})
            drops.append(base - roc_auc_score(truth, scores(fitted.model, fitted.estimator, changed)))
        lost[feature.name] = float(np.mean(drops))
    return lost


def unit_errors_by_feature(fitted: Fitted, rows: Table, factor: float) -> dict[str, float]:
    """Give the share of records that are found when that feature alone is `factor` times too large."""
    found = {}
    for feature in rows.features:
        if feature.type == "number":
            changed = pack(rows.features, {**rows.columns, feature.name: rows.columns[feature.name] * factor})
            found[feature.name] = float((scores(fitted.model, fitted.estimator, changed) >= fitted.threshold).mean())
    return found
