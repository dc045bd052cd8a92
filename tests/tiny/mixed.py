"""A tiny model of all four types, nullable and not."""

from typing import Any

import numpy as np

from contract import Feature
from models import Bar, Data, Model, Named, Threshold


def data() -> Data:
    """Draw 600 rows with some values missing; "north" is possible but never seen."""
    random = np.random.default_rng(11)
    income = random.normal(30, 8, 600)
    age = random.integers(18, 90, 600).astype(float)
    owner = random.random(600) < 0.4
    region = random.choice(["south", "east", "west"], 600).astype(object)
    due = income / 10 + age / 40 + owner + (region == "south") + random.normal(0, 0.5, 600) > 5.6
    income[random.random(600) < 0.1] = np.nan
    region[random.random(600) < 0.1] = None
    columns = {"income": income, "age": age, "owner": owner, "region": region}
    return Data(columns=columns, target=np.where(due, "yes", "no"))


def estimator() -> Any:
    """Make a forest behind imputation and one-hot encoding, in single precision from the transformer on."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), ["income", "age"]),
            ("flags", "passthrough", ["owner"]),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["region"]),
        ]
    )
    return make_pipeline(columns, RandomForestClassifier(20, max_depth=5, random_state=0))


MODEL = Model(
    name="mixed",
    task="classification",
    description="Whether it is due",
    features=(
        Feature(name="income", type="number", nullable=True, description="A number or nothing", example=30.5),
        Feature(name="age", type="integer", minimum=0, maximum=150, description="A whole number", example=40),
        Feature(name="owner", type="boolean", description="A yes or no", example=True),
        Feature(
            name="region",
            type="category",
            nullable=True,
            categories=("south", "east", "west", "north"),
            description="A category or nothing",
            example="east",
        ),
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
