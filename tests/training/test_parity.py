"""The parity gate lets through what answers alike, and nothing that is wrong on a threshold only."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, FunctionTransformer, KBinsDiscretizer, OneHotEncoder, StandardScaler

from contract import TOLERANCE, Table, raw_scores, table_faults
from contract.artifact import open_graph
from models import Model, catalog
from tests.conftest import TINY
from training.artifact import dump
from training.dataset import Dataset, read_dataset
from training.fit import fit
from training.onnx_graph import compile_candidates
from training.parity import Verdict, gate, largest_gap
from training.probes import probe_rows
from training.reads import inputs_of
from training.thresholds import threshold_rows

SHIPPED, SMALL = catalog(), catalog(TINY)
DATA = {name: read_dataset(model) for name, model in {**SHIPPED, **SMALL}.items()}


def fitted(model: Model, make: Callable[[], Any]) -> tuple[Any, Dataset]:
    """Fit to all but the first hundred rows."""
    dataset = DATA[model.name]
    index = np.arange(100, dataset.table.rows)
    target = None if dataset.target is None else dataset.target[index]
    return fit(make, dataset.rows(index), target), dataset


def verdict_on(model: Model, make: Callable[[], Any]) -> Verdict:
    """Ask the gate about an estimator, with the first hundred rows held out."""
    estimator, dataset = fitted(model, make)
    held_out = dataset.rows(np.arange(100))
    return gate(model.task, estimator, held_out, probe_rows(model.task, estimator, held_out, seed=0))


RIGHT: dict[str, tuple[str, Callable[[], Any]]] = {
    "logistic regression": ("diagnosis", SHIPPED["diagnosis"].estimator),
    "calibrated after the scaler": (
        "diagnosis",
        SHIPPED["diagnosis"].alternatives["logistic regression with a calibrating sigmoid"],
    ),
    "random forest": ("diagnosis", lambda: RandomForestClassifier(20, random_state=0)),
    "boosting": ("diagnosis", lambda: GradientBoostingClassifier(random_state=0)),
    "forest behind a scaler": (
        "diagnosis",
        lambda: make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)),
    ),
    "boosting behind a scaler": (
        "diagnosis",
        lambda: make_pipeline(StandardScaler(), GradientBoostingClassifier(n_estimators=20, random_state=0)),
    ),
    "noughts imputed": (
        "diagnosis",
        lambda: make_pipeline(SimpleImputer(missing_values=0.0), StandardScaler(), LogisticRegression(max_iter=1000)),
    ),
    "columns picked by name": (
        "diagnosis",
        lambda: make_pipeline(
            ColumnTransformer([("some", StandardScaler(), ["worst_area", "mean_texture"])]), LogisticRegression()
        ),
    ),
    "Gaussian": ("novelty", SHIPPED["novelty"].estimator),
    "three diagonal Gaussians": (
        "novelty",
        lambda: make_pipeline(StandardScaler(), GaussianMixture(3, covariance_type="diag", random_state=0)),
    ),
    "tied Gaussians": (
        "novelty",
        lambda: make_pipeline(StandardScaler(), GaussianMixture(2, covariance_type="tied", random_state=0)),
    ),
    "spherical Gaussians": (
        "novelty",
        lambda: make_pipeline(StandardScaler(), GaussianMixture(2, covariance_type="spherical", random_state=0)),
    ),
    "isolation forest": ("novelty", lambda: IsolationForest(n_estimators=20, random_state=0)),
}

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "calibrated around a scaler": (
        lambda: CalibratedClassifierCV(make_pipeline(StandardScaler(), LogisticRegression())),
        "held-out rows differ",
    ),
    "isotonic calibration": (
        lambda: make_pipeline(StandardScaler(), CalibratedClassifierCV(LogisticRegression(), method="isotonic")),
        "held-out rows differ",
    ),
    "bins": (
        lambda: make_pipeline(
            KBinsDiscretizer(5, encode="onehot-dense", quantile_method="averaged_inverted_cdf"), LogisticRegression()
        ),
        "probing rows differ",
    ),
    "binarised": (lambda: make_pipeline(Binarizer(threshold=0.1), LogisticRegression()), "probing rows differ"),
    "histogram boosting": (lambda: HistGradientBoostingClassifier(random_state=0), "does not convert"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_converts_rightly_is_served_by_onnx(name: str) -> None:
    """Linear models and Gaussians pass in double precision, trees in single, behind a scaler with a cast between."""
    model, make = RIGHT[name]
    verdict = verdict_on(SHIPPED[model], make)

    assert verdict.graph, verdict.reason
    assert "agrees on all" in verdict.reason


@pytest.mark.parametrize("name", WRONG)
def test_what_converts_without_a_word_and_is_wrong_is_served_by_scikit_learn(name: str) -> None:
    """Each of these converts or fails differently; none passes, and the reason is told."""
    make, reason = WRONG[name]
    verdict = verdict_on(SHIPPED["diagnosis"], make)

    assert verdict.graph is None
    assert reason in verdict.reason


def test_neighbours_that_tie_are_found_by_asking() -> None:
    """A local outlier factor converts and is right on every held-out row, but not where two neighbours are as near."""
    verdict = verdict_on(SHIPPED["novelty"], lambda: make_pipeline(StandardScaler(), LocalOutlierFactor(novelty=True)))

    assert verdict.graph is None
    assert "probing rows differ" in verdict.reason


def test_held_out_rows_alone_would_let_a_wrong_graph_pass() -> None:
    """The double-precision graph of a bare forest is right on every held-out row and wrong on thresholds."""
    estimator, dataset = fitted(SHIPPED["diagnosis"], RIGHT["random forest"][1])
    held_out = dataset.rows(np.arange(100))
    graph = dict(compile_candidates("classification", estimator, held_out))["double"]
    assert isinstance(graph, bytes)

    def wrong(rows: Table) -> int:
        inputs = inputs_of(estimator, rows)
        gap = largest_gap(raw_scores("classification", estimator, inputs), open_graph(graph)(inputs))
        return int((gap > TOLERANCE).sum())

    assert wrong(held_out) == 0
    assert wrong(probe_rows("classification", estimator, held_out, seed=0)) > 0


def test_every_threshold_is_crossed_between_neighbouring_doubles() -> None:
    """For a bare tree, the rows hold each threshold's two sides, one step of the double apart."""
    estimator, dataset = fitted(SHIPPED["diagnosis"], lambda: RandomForestClassifier(1, random_state=0))
    tree = estimator.estimators_[0].tree_
    held_out = dataset.rows(np.arange(100))
    values = {name: set() for name in held_out.columns}  # type: dict[str, set[float]]
    for part in threshold_rows(estimator, held_out, seed=0):
        for name, column in part.columns.items():
            values[name] |= set(column.tolist())
    names = list(held_out.columns)
    splits = [(names[j], t) for j, t in zip(tree.feature, tree.threshold, strict=True) if j >= 0]

    assert splits
    for name, threshold in splits:
        assert any(value <= threshold < np.nextafter(value, np.inf) for value in values[name])
        assert any(np.nextafter(value, -np.inf) <= threshold < value for value in values[name])


@pytest.mark.parametrize("name", ["neighbours", "density", "a logarithm before trees"])
def test_what_does_not_convert_is_probed_all_the_same(name: str) -> None:
    """The tree of neighbours is no decision tree, and no row out of bounds is asked, of which a logarithm is NaN."""
    model, make = {
        "neighbours": ("novelty", lambda: LocalOutlierFactor(algorithm="kd_tree", novelty=True)),
        "density": ("novelty", KernelDensity),
        "a logarithm before trees": (
            "diagnosis",
            lambda: make_pipeline(FunctionTransformer(np.log1p), PCA(3), RandomForestClassifier(3, random_state=0)),
        ),
    }[name]
    estimator, dataset = fitted(SHIPPED[model], make)
    probes = probe_rows(SHIPPED[model].task, estimator, dataset.rows(np.arange(20)), seed=0)

    assert probes.rows > 1000
    assert not table_faults(probes)
    assert dump(name, estimator)


def test_mixed_columns_pass_with_nulls_and_unseen_categories() -> None:
    """The probes ask a missing value of every nullable column and every category of the contract."""
    estimator, dataset = fitted(SMALL["mixed"], SMALL["mixed"].estimator)
    held_out = dataset.rows(np.arange(100))
    probes = probe_rows("classification", estimator, held_out, seed=0)

    assert {"", "north", "south"} <= set(probes.columns["region"])
    assert np.isnan(probes.columns["income"]).any()
    assert gate("classification", estimator, held_out, probes).graph


def impute_with(imputer: Any, last: Any) -> Callable[[], Any]:
    """Make an estimator of the mixed columns that imputes numbers in this way."""

    def make() -> Any:
        columns = ColumnTransformer(
            [
                ("numbers", imputer, ["income", "age"]),
                ("flags", "passthrough", ["owner"]),
                ("categories", OneHotEncoder(handle_unknown="ignore"), ["region"]),
            ]
        )
        return make_pipeline(columns, last)

    return make


IMPUTED: dict[str, tuple[Any, Any, str]] = {
    "in double": (SimpleImputer(), LogisticRegression(max_iter=1000), "the double-precision graph agrees"),
    "before a scaler and a forest": (
        make_pipeline(SimpleImputer(), StandardScaler()),
        RandomForestClassifier(10, random_state=0),
        "the mixed-precision graph agrees",
    ),
    "with indicators": (SimpleImputer(add_indicator=True), LogisticRegression(max_iter=1000), "adds or drops columns"),
    "not at all": (
        "passthrough",
        RandomForestClassifier(40, random_state=0),
        "in double and mixed and single precision it does not convert (NotImplementedError: a tree has a split for",
    ),
}


@pytest.mark.parametrize("name", IMPUTED)
def test_imputation_passes_in_double_precision_or_is_refused_with_a_reason(name: str) -> None:
    """A missing number is replaced in the graph as in scikit-learn; what the converter cannot say it does not try."""
    imputer, last, reason = IMPUTED[name]

    assert reason in verdict_on(SMALL["mixed"], impute_with(imputer, last)).reason
