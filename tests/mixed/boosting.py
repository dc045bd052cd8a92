"""Histogram gradient boosting, which does not convert: scikit-learn serves it."""

from typing import Any

from models import Bar, Model, Named, Threshold
from tests.mixed._loans import CATEGORIES, FEATURES, FLAGS, NUMBERS, data


def estimator() -> Any:
    """Make boosting that reads what is missing as it is."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("categories", encoder, CATEGORIES), ("others", "passthrough", [*NUMBERS, *FLAGS])])
    return make_pipeline(
        columns, HistGradientBoostingClassifier(max_iter=30, categorical_features=[0, 1], random_state=0)
    )


MODEL = Model(
    name="boosting",
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
