"""Thresholds follow their rules, and metrics are what they are called."""

import numpy as np
import pytest

from contract import Feature, pack, table_faults
from models import Threshold, catalog
from tests.conftest import TINY
from training.corrupt import corruptions
from training.dataset import read_dataset, split
from training.fit import cross_validated_scores, threshold_by
from training.judge import Evidence, judge
from training.outputs import deciding_column

PLAIN, NOVELTY = catalog(TINY)["plain"], catalog()["novelty"]


def ruled(**rule: float) -> Threshold:
    """Give a rule for the class "high"."""
    return Threshold(at_or_above="high", **rule)


def test_the_threshold_for_recall_is_the_highest_that_finds_enough() -> None:
    """Of fifty positives at 0.98 one may be missed; the threshold lies half-way to the score below."""
    scores = np.concatenate([np.linspace(0.5, 0.99, 50), np.linspace(0.0, 0.49, 50)])
    target = np.array(["high"] * 50 + ["low"] * 50, dtype=object)
    threshold = threshold_by(ruled(recall=0.98), scores, target)

    assert (scores[:50] >= threshold).mean() == 0.98
    assert threshold == pytest.approx(0.505)


def test_the_threshold_for_false_alarms_is_the_lowest_that_flags_few_enough() -> None:
    """Of a hundred rows two are flagged at 0.02."""
    scores = np.arange(100.0)

    assert threshold_by(ruled(false_alarms=0.02), scores, None) == 97.5


@pytest.mark.parametrize("rule", [{"recall": 0.98}, {"false_alarms": 0.001}])
def test_a_threshold_of_few_rows_is_still_a_number(rule: dict[str, float]) -> None:
    """Where the rule allows no mistake, none is made on these rows."""
    scores, target = np.array([0.1, 0.2, 0.8, 0.9]), np.array(["low", "low", "high", "high"], dtype=object)
    threshold = threshold_by(ruled(**rule), scores, target)

    assert (scores >= threshold).tolist() == ([False, False, True, True] if "recall" in rule else [False] * 4)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 0.9, 0.98, 0.99])
def test_rules_are_met_exactly_whatever_the_decimals(share: float) -> None:
    """Of a hundred different scores, exactly that many are found, or at most that many flagged."""
    scores = np.random.default_rng(1).permutation(100) / 100
    target = np.array(["high"] * 100, dtype=object)
    found = (scores >= threshold_by(ruled(recall=share), scores, target)).sum()
    flagged = (scores >= threshold_by(ruled(false_alarms=share), scores, None)).sum()

    assert (found, flagged) == (round(share * 100), round(share * 100))


def test_ties_never_break_the_rule_for_false_alarms() -> None:
    """Ten rows of the highest score are more than two in a hundred: none is flagged."""
    scores = np.array([0.0] * 90 + [1.0] * 10)

    assert not (scores >= threshold_by(ruled(false_alarms=0.02), scores, None)).any()


def test_metrics_of_known_scores() -> None:
    """Four rows whose figures can be counted by hand."""
    evidence = Evidence({"positive": np.array([0.9, 0.4]), "negative": np.array([0.6, 0.1])}, 0.5)
    measured = judge(PLAIN, evidence, seed=0)

    assert {name: measure.value for name, measure in measured.items()} == {
        "roc_auc": 0.75,
        "recall": 0.5,
        "precision": 0.5,
        "brier": pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4),
    }
    assert all(measure.low <= measure.value <= measure.high for measure in measured.values())


def test_metrics_are_scikit_learn_s() -> None:
    """On random scores with ties, every figure equals the library's."""
    from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

    random = np.random.default_rng(3)
    score, truth = random.random(400).round(2), random.random(400) < 0.4
    measured = judge(PLAIN, Evidence({"positive": score[truth], "negative": score[~truth]}, 0.3), seed=0, resamples=9)

    assert measured["roc_auc"].value == pytest.approx(roc_auc_score(truth, score), abs=1e-6)
    assert measured["brier"].value == pytest.approx(brier_score_loss(truth, score), abs=1e-6)
    assert measured["recall"].value == pytest.approx(recall_score(truth, score >= 0.3), abs=1e-6)
    assert measured["precision"].value == pytest.approx(precision_score(truth, score >= 0.3), abs=1e-6)


def test_cross_validated_scores_come_from_other_folds() -> None:
    """An estimator that remembers its rows cannot score them better than chance here."""
    from sklearn.neighbors import KNeighborsClassifier

    dataset = read_dataset(PLAIN)
    training, _ = split(dataset, 0)
    scores = cross_validated_scores(PLAIN, lambda: KNeighborsClassifier(1), dataset, training, 0)
    assert dataset.target is not None
    right = (scores[:, 0] == 1) == (dataset.target[training] == "high")

    assert 0.6 < right.mean() < 1.0


def test_the_positive_class_is_found_in_the_order_of_classes() -> None:
    """scikit-learn sorts its classes."""
    assert deciding_column(PLAIN, read_dataset(PLAIN).classes) == sorted(["low", "high"]).index("high")


def test_corruptions_are_what_they_are_called() -> None:
    """One column ten times too large, two exchanged, or all drawn anew within the ranges."""
    table = read_dataset(NOVELTY).table
    made = corruptions(table, 0)
    assert table.matrix is not None
    units = made["unit_errors"].matrix
    swaps = made["swapped_columns"].matrix
    assert units is not None
    assert swaps is not None

    first, k = table.matrix[0], len(table.features)
    assert units.shape == (table.rows * k, k)
    assert (units[0] != first).sum() == 1
    assert units[0][0] == pytest.approx(10 * first[0])
    assert sorted(swaps[0]) == sorted(first)
    assert ((swaps[0] != first).sum()) == 2


def test_what_the_contract_refuses_is_no_corruption() -> None:
    """Nulls are not swapped into a column that has none, numbers not out of bounds, and what is never known is left."""
    random = np.random.default_rng(0)
    features = tuple(
        Feature(name=name, type="number", nullable=name != "small", maximum=most, description=name, example=1.0)
        for name, most in (("small", 200), ("large", None), ("unknown", None))
    )
    large = random.normal(100, 10, 90)
    large[::3] = np.nan
    columns = {"small": random.normal(1, 0.1, 90), "large": large, "unknown": np.full(90, np.nan)}
    made = corruptions(pack(features, columns), 0)

    assert set(made) == {"unit_errors", "swapped_columns", "uniform_records"}
    assert not any(table_faults(table) for table in made.values())
    assert made["swapped_columns"].columns["small"].min() > 50
    assert made["uniform_records"].rows == 1000
