"""A tiny model of two numbers and a whole number."""

from typing import Any

import numpy as np

from contract import Feature
from models import Bar, Data, Model, Named, Threshold


def data() -> Data:
    """Draw 400 rows in which y follows from the columns, but for some noise."""
    random = np.random.default_rng(7)
    width, height, count = random.normal(5, 2, 400).clip(0), random.normal(3, 1, 400), random.integers(0, 9, 400)
    high = width + height + count / 3 + random.normal(0, 0.7, 400) > 9.3
    return Data(columns={"width": width, "height": height, "count": count}, target=np.where(high, "high", "low"))


def estimator() -> Any:
    """Make a scaled logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression())


MODEL = Model(
    name="plain",
    task="classification",
    description="Whether it is high",
    features=(
        Feature(name="width", type="number", unit="m", description="How wide", minimum=0, maximum=100, example=5.0),
        Feature(name="height", type="number", unit="m", description="How high", example=3.0),
        Feature(name="count", type="integer", description="How many", minimum=0, example=4),
    ),
    outputs=(
        Named(name="label", description="The decision"),
        Named(name="probability", description="Of high"),
    ),
    threshold=Threshold(at_or_above="high", recall=0.9),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="roc_auc", at_least=0.9),),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Drawn at random.",
)
