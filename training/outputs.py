"""What a model gives: outputs and decisions as they follow from its classes, under the names that its file gives."""

from typing import Any

import numpy as np

from contract import ByThreshold, Decision, Output
from models import Model, Named
from training.errors import TrainingError

Classes = tuple[str | bool, ...]
"""The classes in scikit-learn's order, which is that of the columns of `predict_proba`; empty where there are none."""


def check_classes(model: Model, classes: Classes) -> None:
    """Raise TrainingError unless the classes of the target are those that the file of the model speaks of."""
    known = ", ".join(map(repr, classes))
    if len(classes) != 2:
        raise TrainingError(f"the target of {model.name} has {known}; a threshold decides between two classes")
    if model.threshold.at_or_above not in classes:
        wrong = model.threshold.at_or_above
        raise TrainingError(f"the threshold of {model.name} is for {wrong!r}; the classes of its target are {known}")
    for named in model.outputs:
        if named.of is not None and named.of not in classes:
            raise TrainingError(f"the output {named.name} of {model.name} is of {named.of!r}; there are {known}")


def check_estimator(model: Model, estimator: Any, classes: Classes) -> None:
    """Raise TrainingError for a classifier that has learned other classes than the target has."""
    learned = np.asarray(estimator.classes_).tolist() if classes else []
    if learned != list(classes):
        raise TrainingError(
            f"the estimator of {model.name} has the classes {learned}; those of its target are {classes}"
        )


def outputs_of(model: Model, classes: Classes) -> tuple[Output, ...]:
    """Give the outputs in the order of the file; `classes` are those of the estimator."""
    first, *others = model.outputs
    if model.task == "novelty":
        return decided(first, (False, True)), others[0].number(0)
    return decided(first, classes), *(probability(model, named, classes) for named in others)


def decided(named: Named, classes: Classes) -> Output:
    """Give an output that is one of the classes."""
    if isinstance(classes[0], bool):
        return Output(name=named.name, type="boolean", description=named.description)
    return Output(name=named.name, type="category", categories=tuple(map(str, classes)), description=named.description)


def probability(model: Model, named: Named, classes: Classes) -> Output:
    """Give an output that is the probability of a class."""
    of = model.threshold.at_or_above if named.of is None else named.of
    return Output(
        name=named.name,
        type="number",
        description=named.description,
        minimum=0,
        maximum=1,
        column=classes.index(of),
    )


def deciding_column(model: Model, classes: Classes) -> int:
    """Give the column of the raw scores that a threshold is compared with."""
    return 0 if model.task == "novelty" else classes.index(model.threshold.at_or_above)


def decisions_of(model: Model, classes: Classes, threshold: float) -> tuple[Decision, ...]:
    """Say how the first output follows from the scores."""
    rule = model.threshold
    (below,) = {False, True} - {True} if model.task == "novelty" else set(classes) - {rule.at_or_above}
    decision, score = model.outputs[:2]
    return (
        ByThreshold(
            output=decision.name, score=score.name, threshold=threshold, at_or_above=rule.at_or_above, below=below
        ),
    )
