"""A tiny regressor of two values, by trees that hold both."""

from typing import Any

from contract import Feature
from models import Bar, Data, Model, Named


def data() -> Data:
    """Read Fisher's measurements of 150 flowers; they come inside scikit-learn."""
    from sklearn.datasets import load_iris

    sepal_length, sepal_width, petal_length, petal_width = load_iris().data.T
    return Data(
        columns={"sepal_length": sepal_length, "sepal_width": sepal_width},
        # The order of the outputs counts, not this one.
        target={"petal_width": petal_width, "petal_length": petal_length},
    )


def estimator() -> Any:
    """Make a forest."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(20, min_samples_leaf=3, random_state=0)


MODEL = Model(
    name="petals",
    task="regression",
    description="How large the petals of an iris are, judging by its sepals",
    features=(
        Feature(name="sepal_length", type="number", minimum=0, unit="cm", description="Length", example=5.8),
        Feature(name="sepal_width", type="number", minimum=0, unit="cm", description="Width", example=3.0),
    ),
    outputs=(
        Named(name="petal_length", unit="cm", minimum=0, description="Length of a petal"),
        Named(name="petal_width", unit="cm", minimum=0, description="Width of a petal"),
    ),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="r2_petal_length", at_least=0.7), Bar(metric="root_mean_squared_error_petal_width", at_most=0.5)),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Fisher, The use of multiple measurements in taxonomic problems, 1936.",
)
