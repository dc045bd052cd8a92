"""Why training refuses to store a model."""


class TrainingError(ValueError):
    """Report data, an estimator or figures that do not allow a model to be stored; the store is as it was."""
