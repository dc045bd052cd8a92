"""Why training refuses to store a model."""


class TrainingError(ValueError):
    """Report data, an estimator or figures that do not allow a model to be stored; the store is as it was."""


def first_line(error: Exception) -> str:
    """Give the first line of what an error says: scikit-learn goes on with advice."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
