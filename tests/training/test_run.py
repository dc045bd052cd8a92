"""Training stores what clears its bars, once, and leaves the store alone otherwise."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bentoml
import msgspec
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, StackingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC

from bentos.artifact import load
from contract import ByThreshold, Contract
from models import Bar, Data, Model, Named, Threshold, catalog
from tests.conftest import STORE, TINY
from training.artifact import dump
from training.dataset import read_dataset
from training.errors import TrainingError
from training.run import fit_and_judge, train

PLAIN, MIXED = (catalog(TINY)[name] for name in ("plain", "mixed"))


class Homemade(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator of a type that nobody knows."""

    def fit(self, rows: Any, target: Any) -> "Homemade":
        """Fit the inner one."""
        self.classes_ = np.unique(target)
        self.inner_ = LogisticRegression().fit(rows, target)
        return self

    def predict_proba(self, rows: Any) -> Any:
        """Answer as the inner one does."""
        return self.inner_.predict_proba(rows)


class Unstorable(Homemade):
    """An estimator that holds what skops cannot store."""

    def fit(self, rows: Any, target: Any) -> "Homemade":
        """Keep an open generator."""
        self.odd_ = (row for row in rows)
        return super().fit(rows, target)


def changed(**changes: Any) -> Model:
    """Give the plain model with some parts changed."""
    return dataclasses.replace(PLAIN, **changes)


def with_data(change: Callable[[dict[str, Any], Any], Any]) -> Model:
    """Give the plain model with changed data."""

    def data() -> Data:
        original = PLAIN.data()
        columns = {name: np.array(column) for name, column in original.columns.items()}
        return change(columns, np.array(original.target, dtype=object)) or Data(columns=columns, target=original.target)

    return changed(data=data)


def contents() -> dict[str, bytes]:
    """Give every file of the store."""
    return {str(path): path.read_bytes() for path in sorted(Path(STORE, "models").rglob("*")) if path.is_file()}


def spoiled(columns: dict[str, Any], _: Any) -> None:
    """Break a bound in one row."""
    columns["width"][17] = -3.0


def without_column(columns: dict[str, Any], target: Any) -> Data:
    """Leave a column out."""
    del columns["count"]
    return Data(columns=columns, target=target)


def with_text(columns: dict[str, Any], _: Any) -> None:
    """Put text where a number belongs."""
    columns["height"] = columns["height"].astype(object)
    columns["height"][3] = "tall"


def with_halves(columns: dict[str, Any], _: Any) -> None:
    """Put halves where a whole number belongs."""
    columns["count"] = columns["count"] + 0.5


def with_flags(columns: dict[str, Any], _: Any) -> None:
    """Put booleans where a number belongs."""
    columns["height"] = columns["height"] > 3


def two_wide(columns: dict[str, Any], _: Any) -> None:
    """Give a column two dimensions."""
    columns["width"] = np.column_stack([columns["width"]] * 2)


def rare(columns: dict[str, Any], target: Any) -> Data:
    """Keep three rows of a class."""
    target[:] = "low"
    target[:3] = "high"
    return Data(columns=columns, target=target)


def too_few(columns: dict[str, Any], target: Any) -> Data:
    """Keep twenty rows."""
    return Data(columns={name: column[:20] for name, column in columns.items()}, target=target[:20])


def third_class(columns: dict[str, Any], target: Any) -> Data:
    """Add a class."""
    target[0] = "medium"
    return Data(columns=columns, target=target)


def mixed_with(missing: Any, *, nullable: bool = True) -> Model:
    """Give the mixed model with what stands for a missing category in its data."""
    region = msgspec.structs.replace(MIXED.features[3], nullable=nullable)

    def data() -> Data:
        original = MIXED.data()
        regions = [missing if value is None else value for value in original.columns["region"]]
        return Data(columns={**original.columns, "region": regions}, target=original.target)

    return dataclasses.replace(MIXED, features=(*MIXED.features[:3], region), data=data)


def boosted() -> Any:
    """Make an estimator that reads NaN."""
    return HistGradientBoostingClassifier(max_iter=5)


def encoded_strictly() -> Any:
    """Make an estimator of the mixed columns that knows no category but those of the data."""
    columns = ColumnTransformer(
        [("numbers", SimpleImputer(), ["income", "age", "owner"]), ("categories", OneHotEncoder(), ["region"])]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=500))


def nullable_plain(**changes: Any) -> Model:
    """Give the plain model with a width that may be null, although none is in its data."""
    width = msgspec.structs.replace(PLAIN.features[0], nullable=True)
    return changed(features=(width, *PLAIN.features[1:]), **changes)


def numbered(columns: dict[str, Any], target: Any) -> Data:
    """Give the classes as numbers."""
    return Data(columns=columns, target=(target == "high").astype(int))


def without_class(columns: dict[str, Any], target: Any) -> Data:
    """Leave out the class of a row."""
    target[5] = None
    return Data(columns=columns, target=target)


def without_target(columns: dict[str, Any], _: Any) -> Data:
    """Leave out the classes."""
    return Data(columns=columns)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (changed(bars=(Bar(metric="roc_auc", at_least=0.9999),)), "plain is not stored: roc_auc is"),
        (
            changed(bars=(Bar(metric="accurracy", at_least=0.5),)),
            "has a bar on 'accurracy'; a classification has roc_auc",
        ),
        (changed(data=lambda: None), "data() of plain gives a NoneType: let it return Data"),
        (changed(estimator=lambda: None), "estimator() of plain gives a NoneType: let it return an estimator"),
        (changed(estimator=lambda: GaussianNB), "estimator() of plain gives the class GaussianNB: let it return"),
        (changed(estimator=SVC), "the estimator of plain has no predict_proba (CalibratedClassifierCV gives one"),
        (changed(estimator=Homemade), "holds types that no service would load: tests.training.test_run.Homemade"),
        (changed(estimator=Unstorable), "the estimator of plain cannot be stored without pickle"),
        (with_data(spoiled), "breaks its contract: row 17, width must be at least 0 m, not -3"),
        (with_data(without_column), "has no column count"),
        (with_data(with_text), "row 3, height must be a number, not the string 'tall'"),
        (with_data(with_halves), "row 0, count must be a whole number, not"),
        (with_data(with_flags), "row 0, height must be a number, not"),
        (with_data(two_wide), "has 2 dimensions in width"),
        (with_data(rare), "has 3 rows of 'high'; 10 are needed"),
        (with_data(too_few), "at least 80"),
        (mixed_with("", nullable=False), "region must not be null, which the empty string stands for"),
        (mixed_with(None, nullable=False), "region must not be null"),
        (nullable_plain(), "the features of plain allow null for width, which its estimator cannot read"),
        (
            dataclasses.replace(MIXED, estimator=encoded_strictly),
            "the features of mixed allow each category of region, which its estimator cannot read",
        ),
        (with_data(third_class), "has 'high', 'low', 'medium'; a threshold decides between two classes"),
        (with_data(numbered), "the classes of plain are 0, 1: give each a name"),
        (with_data(without_class), "gives no class in row 5"),
        (with_data(without_target), "must give one class for each of the 400 rows"),
        (
            changed(threshold=Threshold(at_or_above="hihg", recall=0.9)),
            "the threshold of plain is for 'hihg'; its target has 'high', 'low'",
        ),
        (
            changed(outputs=(*PLAIN.outputs, Named(name="other", of="lwo", description="Of low"))),
            "the output other of plain is of 'lwo'; its target has 'high', 'low'",
        ),
    ],
)
@pytest.mark.usefixtures("stored_plain")
def test_what_is_refused_leaves_the_store_as_it_was(model: Model, text: str) -> None:
    """One clear sentence, and not a byte changed."""
    before = contents()
    with pytest.raises(TrainingError) as caught:
        train(model)

    assert text in str(caught.value)
    assert contents() == before


@pytest.mark.parametrize("missing", ["", None, np.nan])
def test_the_empty_string_in_the_data_is_a_missing_category(stored_mixed: Path, missing: Any) -> None:
    """As None and NaN are: the data, and so the model, is the same."""
    assert train(mixed_with(missing)).contract.version == stored_mixed.name


def test_null_is_allowed_where_none_is_in_the_data_and_the_estimator_reads_it() -> None:
    """What refuses the estimator that cannot read it lets the other pass."""
    fitted, _ = fit_and_judge(nullable_plain(estimator=boosted), lambda _: None)

    assert fitted.model.features[0].nullable


def test_values_of_numpy_are_taken_for_what_they_are() -> None:
    """A list with gaps holds numpy's own scalars, of which none is a Python int or bool."""
    original = MIXED.data()
    columns = {
        **original.columns,
        "age": [np.int64(value) for value in original.columns["age"]],
        "owner": list(original.columns["owner"]),
    }
    features = [msgspec.structs.replace(feature, nullable=True) for feature in MIXED.features]
    columns["age"][3] = columns["owner"][4] = None
    given = dataclasses.replace(
        MIXED, features=tuple(features), data=lambda: Data(columns=columns, target=original.target)
    )
    table = read_dataset(given).table

    assert np.flatnonzero(np.isnan(table.columns["age"])).tolist() == [3]
    assert np.flatnonzero(np.isnan(table.columns["owner"])).tolist() == [4]


def test_an_estimator_without_a_seed_repeats() -> None:
    """A forest that was given no `random_state`, trained twice, is one version."""
    unseeded = changed(name="unseeded", estimator=lambda: RandomForestClassifier(5), bars=())
    first, second = train(unseeded), train(unseeded)

    assert (first.stored, second.stored) == ("new", "unchanged")


def test_what_a_search_found_is_stored_without_the_search() -> None:
    """Its record holds how long each fit took, which would make every training another version."""
    searched = changed(
        name="searched", estimator=lambda: GridSearchCV(PLAIN.estimator(), {"logisticregression__C": [0.1, 1.0]}, cv=3)
    )
    first, second = train(searched), train(searched)

    assert (first.stored, second.stored) == ("new", "unchanged")
    assert first.contract.runtime == "onnx", first.contract.runtime_reason


@pytest.mark.parametrize(
    ("model", "make"),
    [
        (PLAIN, lambda: StackingClassifier([("line", PLAIN.estimator())])),
        (
            MIXED,
            lambda: make_pipeline(
                make_column_transformer(
                    (SimpleImputer(), make_column_selector(dtype_include="number")),
                    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
                ),
                LogisticRegression(max_iter=500),
            ),
        ),
    ],
)
def test_what_shows_only_once_it_is_fitted_can_be_stored(model: Model, make: Callable[[], Any]) -> None:
    """Whether there is `predict_proba` at all, and which columns are numbers."""
    fitted, _ = fit_and_judge(dataclasses.replace(model, estimator=make), lambda _: None)

    assert dump(model.name, fitted.estimator)


def test_training_again_stores_nothing_and_a_b_a_serves_a(stored_plain: Path) -> None:
    """The version is the content's: the same content is the same version, and the latest is what was trained last."""
    first = stored_plain.name
    again = train(PLAIN)
    other = train(changed(estimator=lambda: GaussianNB(var_smoothing=1e-6)))
    assert bentoml.models.get("plain:latest").tag.version == other.contract.version
    back = train(PLAIN)

    assert (again.stored, again.contract.version) == ("unchanged", first)
    assert (other.stored, other.contract.version != first) == ("new", True)
    assert (back.stored, back.contract.version) == ("back", first)
    assert bentoml.models.get("plain:latest").tag.version == first


def test_digest_and_time_of_training_are_told_and_count_for_neither(stored_plain: Path) -> None:
    """The version is the digest's beginning; training again without a change keeps the time of the first."""
    path = stored_plain / "contract.json"
    before = path.stat().st_mtime_ns
    made = train(PLAIN).contract.provenance

    assert made == Contract.from_json(path.read_bytes()).provenance
    assert path.stat().st_mtime_ns == before
    assert (made.digest[:12], len(made.digest)) == (stored_plain.name, 64)
    assert made.trained is not None
    assert made.trained <= datetime.now(UTC)


def test_a_decision_may_be_a_boolean() -> None:
    """The classes are then true and false, in the data too."""

    def data() -> Data:
        original = PLAIN.data()
        return Data(columns=original.columns, target=np.asarray(original.target) == "high")

    outputs = (Named(name="is_high", description="The decision"), PLAIN.outputs[1])
    threshold = Threshold(recall=0.9)
    outcome = train(changed(name="flags", data=data, outputs=outputs, threshold=threshold))

    assert outcome.contract.metrics["roc_auc"].value > 0.9
    (decision,) = load(outcome.report.parent).contract.decisions
    assert isinstance(decision, ByThreshold)
    assert decision.at_or_above is True


def test_another_model_card_is_another_version(stored_plain: Path) -> None:
    """The report never tells another purpose than the model's file."""
    outcome = train(changed(not_for="Nothing at all."))
    try:
        assert outcome.contract.version != stored_plain.name
        assert "Nothing at all." in outcome.report.read_text()
    finally:
        train(PLAIN)


def test_force_writes_a_new_report_under_the_same_version(stored_plain: Path) -> None:
    """What was damaged can be stored again."""
    report = stored_plain / "report.html"
    report.write_text("damaged")
    outcome = train(PLAIN, force=True)

    assert (outcome.stored, outcome.contract.version) == ("again", stored_plain.name)
    assert "damaged" not in report.read_text()[:100]


def test_the_stored_contract_says_what_serves_and_why(stored_plain: Path, stored_mixed: Path) -> None:
    """Both tiny models pass the parity gate; the contract has the reason and the metrics with their bars."""
    from contract import Contract

    for folder in (stored_plain, stored_mixed):
        contract = Contract.from_json((folder / "contract.json").read_bytes())
        assert contract.runtime == "onnx", contract.runtime_reason
        assert contract.metrics["roc_auc"].at_least is not None
        assert contract.version == folder.name
        (decision,) = contract.decisions
        assert isinstance(decision, ByThreshold)
        assert decision.score == "probability"
        assert contract.outputs[1].column == sorted(contract.outputs[0].categories).index(str(decision.at_or_above))
