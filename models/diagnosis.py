"""Diagnosis: is the mass malignant or benign?"""

from typing import Any

from models._nuclei import FEATURES, SOURCE, nuclei
from models.form import Bar, Data, Model
from models.outputs import Named, Threshold


def data() -> Data:
    """Read the records with their diagnoses."""
    return nuclei(with_target=True)


def estimator() -> Any:
    """Make a logistic regression on standardised measurements.

    Its probabilities are calibrated as they are: a sigmoid on top made the Brier score worse on four of four splits.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def forest() -> Any:
    """Make a random forest, for comparison."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(random_state=0)


def with_sigmoid() -> Any:
    """Make the same regression with a calibrating sigmoid on top, for comparison."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), CalibratedClassifierCV(LogisticRegression(max_iter=1000)))


MODEL = Model(
    name="diagnosis",
    task="classification",
    description="Whether a breast mass is malignant or benign, from measurements of its cell nuclei",
    features=FEATURES,
    outputs=(
        Named(name="label", description="The decision: malignant where the probability reaches the threshold"),
        Named(name="probability", description="Calibrated probability that the mass is malignant"),
    ),
    # A missed cancer costs far more than a false alarm, so the threshold is set by recall.
    threshold=Threshold(at_or_above="malignant", recall=0.98),
    data=data,
    estimator=estimator,
    bars=(
        Bar(metric="roc_auc", at_least=0.985),
        Bar(metric="recall", at_least=0.95),
        Bar(metric="precision", at_least=0.75),
        Bar(metric="brier", at_most=0.035),
    ),
    intended_use="A second opinion on fine-needle aspirates that were measured as in the data, shown to a physician.",
    not_for="Deciding without a physician, other kinds of images or masses, or records that novelty finds unlike the "
    "population it was trained on.",
    data_source=SOURCE,
    alternatives={"random forest": forest, "logistic regression with a calibrating sigmoid": with_sigmoid},
)
