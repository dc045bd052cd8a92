"""A tiny model that reads what the plain one says, beside a number of its own."""

from typing import Any

import numpy as np

from contract import Feature
from models import Bar, Data, Model, Named, Threshold


def data() -> Data:
    """Draw 400 rows in which it is due where what was said and the price are high together."""
    random = np.random.default_rng(5)
    probability, price = random.random(400), random.random(400) * 10
    label = np.where(probability > 0.5, "high", "low").astype(object)
    due = probability + price / 10 + random.normal(0, 0.1, 400) > 1
    columns = {"label": label, "probability": probability, "price": price}
    return Data(columns=columns, target=np.where(due, "yes", "no"))


def estimator() -> Any:
    """Make a logistic regression behind one-hot encoding."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = ColumnTransformer(
        [
            ("categories", OneHotEncoder(sparse_output=False), ["label"]),
            ("numbers", "passthrough", ["probability", "price"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression())


MODEL = Model(
    name="judge",
    task="classification",
    description="Whether it is due",
    features=(
        Feature(name="label", type="category", categories=("low", "high"), description="What was said", example="low"),
        Feature(name="probability", type="number", minimum=0, maximum=1, description="Of high", example=0.2),
        Feature(name="price", type="number", minimum=0, description="What it costs", example=3.0),
    ),
    outputs=(
        Named(name="label", description="The decision"),
        Named(name="probability", description="Of yes"),
    ),
    threshold=Threshold(at_or_above="yes", recall=0.8),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="roc_auc", at_least=0.7),),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Drawn at random.",
)
