"""What an estimator reads: one matrix of doubles, or a column for each feature by its name."""

from collections.abc import Sequence
from typing import Any

from contract import Feature, Reads, Table, Task, raw_scores
from contract.scores import estimator_input
from contract.table import Array
from training.errors import TrainingError


def is_fitted(estimator: Any) -> bool:
    """Say whether an estimator was fitted before."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def reads(estimator: Any, features: Sequence[Feature]) -> Reads:
    """Say what an estimator reads: what it was fitted on, or where it is not yet, what its parts ask for."""
    if any(feature.type == "category" for feature in features):
        return "columns"
    named = hasattr(estimator, "feature_names_in_") if is_fitted(estimator) else picks_by_name(estimator, features)
    return "columns" if named else "matrix"


def inputs_of(estimator: Any, table: Table) -> dict[str, Array]:
    """Give rows in the form that an estimator reads."""
    return table.inputs(reads(estimator, table.features))


def as_read(estimator: Any, table: Table) -> Any:
    """Give rows as an estimator reads them: the matrix, or a data frame."""
    return estimator_input(inputs_of(estimator, table))


def scores_of(task: Task, estimator: Any, table: Table) -> Array:
    """Ask for the raw scores of rows."""
    return raw_scores(task, estimator, inputs_of(estimator, table))


def picks_by_name(estimator: Any, features: Sequence[Feature]) -> bool:
    """Say whether a part of an estimator picks its columns, or has a list or mapping of features among its parameters.

    Of histogram boosting those are `categorical_features` and `monotonic_cst`.
    """
    from sklearn.compose import ColumnTransformer

    names = {feature.name for feature in features}
    return any(
        isinstance(value, ColumnTransformer) or (isinstance(value, list | dict) and not names.isdisjoint(texts(value)))
        for value in estimator.get_params().values()
    )


def texts(values: list[Any] | dict[Any, Any]) -> list[str]:
    """Give the elements or keys that are text."""
    return [value for value in values if isinstance(value, str)]


def check_columns(name: str, estimator: Any, features: Sequence[Feature]) -> None:
    """Raise TrainingError unless an estimator fitted elsewhere reads these features, in their order."""
    wanted = [feature.name for feature in features]
    if hasattr(estimator, "feature_names_in_"):
        found = list(estimator.feature_names_in_)
        if found != wanted:
            raise TrainingError(
                f"the estimator of {name} was fitted to the columns {', '.join(found)}; its features are "
                f"{', '.join(wanted)}: they must be the same, in the same order"
            )
    elif reads(estimator, features) == "columns":
        raise TrainingError(f"the estimator of {name} was fitted without names: with categories it needs a data frame")
    elif getattr(estimator, "n_features_in_", len(wanted)) != len(wanted):
        count = estimator.n_features_in_
        raise TrainingError(f"the estimator of {name} was fitted to {count} columns; it has {len(wanted)} features")
