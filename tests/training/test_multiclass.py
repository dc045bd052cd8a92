"""A classifier of several classes: its outputs follow from the classes, and its label is the likeliest."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import FixedThresholdClassifier

from contract import ByLargest, ContractError, Output
from models import Data, Model, Named, catalog
from tests.conftest import TINY
from training.errors import TrainingError
from training.judge import Evidence, judge
from training.metrics import multiclass
from training.outputs import decisions_of, outputs_of
from training.run import train

IRIS = catalog(TINY, ["iris"])["iris"]
LABEL, *PROBABILITIES = IRIS.outputs


def changed(**changes: Any) -> Model:
    """Give the model with some parts changed."""
    return dataclasses.replace(IRIS, **changes)


def of_two(classes: tuple[Any, Any], estimator: Any) -> Model:
    """Give a model of two classes without a threshold."""

    def data() -> Data:
        original = IRIS.data()
        target = np.asarray(original.target) == "virginica"
        return Data(columns=original.columns, target=[classes[int(is_virginica)] for is_virginica in target])

    named = (Named(name=f"of_{index}", of=value, description="Its probability") for index, value in enumerate(classes))
    return changed(name="two", outputs=(LABEL, *named), data=data, estimator=estimator, bars=())


def test_outputs_and_decision_follow_from_the_classes() -> None:
    """The order of the outputs is the file's, that of the categories and columns the estimator's."""
    classes = ("setosa", "versicolor", "virginica")
    label, *probabilities = outputs_of(IRIS, classes)

    assert label == Output(name="species", type="category", categories=classes, description=LABEL.description)
    assert [(output.name, output.column) for output in probabilities] == [
        ("virginica", 2),
        ("versicolor", 1),
        ("setosa", 0),
    ]
    assert all((output.type, output.minimum, output.maximum) == ("number", 0, 1) for output in probabilities)
    assert decisions_of(IRIS, classes, None) == (ByLargest(output="species", columns=(0, 1, 2)),)


def test_metrics_are_scikit_learn_s() -> None:
    """On random probabilities with ties and noughts, every figure equals the library's."""
    random, classes = np.random.default_rng(5), ("a", "b", "c")
    weights = random.integers(0, 4, (300, 3)) + np.array([0, 0, 1])
    said, truth = weights / weights.sum(axis=1, keepdims=True), random.choice(classes, 300, p=[0.5, 0.3, 0.2])
    samples = multiclass.samples(said, truth, classes)
    measured = judge(changed(bars=()), Evidence(samples, None), seed=0, resamples=9)
    label = np.array(classes)[said.argmax(axis=1)]

    assert measured["accuracy"].value == pytest.approx(accuracy_score(truth, label), abs=1e-6)
    assert measured["balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(truth, label), abs=1e-6)
    assert measured["log_loss"].value == pytest.approx(log_loss(truth, said), abs=1e-6)
    assert all(measure.low < measure.high for measure in measured.values())


def test_two_classes_need_no_threshold() -> None:
    """Text or booleans: the likeliest of two, with the probability of each."""
    text = train(of_two(("other", "virginica"), lambda: LogisticRegression(C=0.1))).contract
    flags = train(of_two((False, True), lambda: LogisticRegression(C=0.1)), allow_breaking=True).contract

    assert (text.outputs[0].categories, text.decisions) == (
        ("other", "virginica"),
        (ByLargest(output="species", columns=(0, 1)),),
    )
    assert (flags.outputs[0].type, flags.decisions) == ("boolean", text.decisions)
    assert flags.metrics == text.metrics


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (
            changed(outputs=(LABEL, *PROBABILITIES[1:])),
            "iris has 0 outputs for the probability of 'virginica'; it takes one: Named(name=…, of='virginica'",
        ),
        (
            changed(outputs=(*IRIS.outputs, Named(name="again", of="setosa", description="The same"))),
            "iris has 2 outputs for the probability of 'setosa'",
        ),
        (
            changed(outputs=(*IRIS.outputs, Named(name="other", of="ensata", description="Of what is not there"))),
            "the output other of iris is of 'ensata'; its target has 'setosa', 'versicolor', 'virginica'",
        ),
        (
            changed(estimator=RidgeClassifier),
            "the estimator of iris has no predict_proba (Calibrated",
        ),
        (changed(data=lambda: Data(columns=IRIS.data().columns, target=["setosa"] * 150)), "one class only, 'setosa'"),
        (
            changed(data=lambda: Data(columns=IRIS.data().columns, target=[["setosa", "large"]] * 150)),
            "the target of iris has several columns of classes: make each a model of its own",
        ),
        (of_two((0, 1), LogisticRegression), "the classes of two are 0, 1: give each a name"),
        (
            of_two((False, True), lambda: FixedThresholdClassifier(LogisticRegression(), threshold=0.9)),
            "the estimator of two predicts another class than the likeliest in",
        ),
    ],
)
def test_what_does_not_fit_is_refused(model: Model, text: str) -> None:
    """The message names what is missing, or what there is no class for."""
    with pytest.raises(TrainingError) as caught:
        train(model)

    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ((LABEL,), "first the decision, then one probability or more"),
        (tuple(PROBABILITIES), "first the decision"),
        ((LABEL, Named(name="chance", description="Of something")), "chance gives the probability of which class"),
        ((LABEL, Named(name="chance", of="setosa", maximum=0.5, description="Capped")), "neither a decision nor a"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(outputs: tuple[Named, ...], text: str) -> None:
    """Before anything is trained."""
    with pytest.raises(ContractError, match=f"^outputs: .*{text}"):
        changed(outputs=outputs)
