"""A tiny model of three classes, each of which has its probability."""

from typing import Any

from contract import Feature
from models import Bar, Data, Model, Named

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")


def data() -> Data:
    """Read Fisher's measurements of 150 flowers; they come inside scikit-learn."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    columns = {name: bunch.data[:, index] for index, name in enumerate(NAMES)}
    return Data(columns=columns, target=[str(bunch.target_names[label]) for label in bunch.target])


def estimator() -> Any:
    """Make a scaled logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression())


MODEL = Model(
    name="iris",
    task="classification",
    description="Which iris it is",
    features=tuple(
        Feature(name=name, type="number", minimum=0, unit="cm", description=name.replace("_", " "), example=2.0)
        for name in NAMES
    ),
    # The order is the file's own: neither that of the data nor that of the estimator's classes.
    outputs=(
        Named(name="species", description="The likeliest species"),
        *(Named(name=name, of=name, description=f"Probability of {name}") for name in reversed(SPECIES)),
    ),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="accuracy", at_least=0.9), Bar(metric="log_loss", at_most=0.3)),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Fisher, The use of multiple measurements in taxonomic problems, 1936.",
)
