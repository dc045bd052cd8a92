"""A tiny regressor of one value."""

from typing import Any

from contract import Feature
from models import Bar, Data, Model, Named

NAMES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def data() -> Data:
    """Read 442 patients; the measurements come inside scikit-learn."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    return Data(columns={name: bunch.data[:, index] for index, name in enumerate(NAMES)}, target=bunch.target)


def estimator() -> Any:
    """Make a scaled ridge regression."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), Ridge())


MODEL = Model(
    name="diabetes",
    task="regression",
    description="How far the disease has gone a year later",
    features=tuple(
        Feature(name=name, type="number", minimum=0, description=f"The column {name}", example=2.0) for name in NAMES
    ),
    outputs=(Named(name="progression", description="Progression of the disease", minimum=-100, maximum=500),),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="r2", at_least=0.3),),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Efron, Hastie, Johnstone and Tibshirani, Least angle regression, 2004.",
)
