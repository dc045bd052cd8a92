"""A forest behind imputation, one-hot encoding and scaling: ONNX serves it."""

from typing import Any

from models import Bar, Model, Named, Threshold
from tests.mixed._loans import CATEGORIES, FEATURES, FLAGS, NUMBERS, data


def estimator() -> Any:
    """Make the pipeline whole."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("flags", SimpleImputer(strategy="most_frequent"), FLAGS),
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
        ]
    )
    return make_pipeline(columns, RandomForestClassifier(20, max_depth=6, random_state=0))


MODEL = Model(
    name="forest",
    task="classification",
    description="Whether a loan is paid back",
    features=FEATURES,
    outputs=(Named(name="label", description="The decision"), Named(name="probability", description="Of paying")),
    threshold=Threshold(at_or_above="pays", recall=0.8),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="roc_auc", at_least=0.8),),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Drawn at random.",
)
