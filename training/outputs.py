"""What a model gives: outputs and decisions as they follow from its estimator, under the names that its file gives."""

from contract import ByLargest, ByThreshold, Decision, Output
from models import Model, Named
from training.classes import Classes


def outputs_of(model: Model, classes: Classes) -> tuple[Output, ...]:
    """Give the outputs in the order of the file; `classes` are those of the estimator."""
    if model.task == "regression":
        return tuple(named.number(column) for column, named in enumerate(model.outputs))
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
    return Output(
        name=named.name,
        type="number",
        description=named.description,
        minimum=0,
        maximum=1,
        column=classes.index(class_of(model, named)),
    )


def class_of(model: Model, named: Named) -> str | bool:
    """Name the class whose probability an output gives."""
    if named.of is not None:
        return named.of
    assert model.threshold is not None  # the form lets nobody else leave it out
    return model.threshold.at_or_above


def deciding_column(model: Model, classes: Classes) -> int:
    """Give the column of the raw scores that a threshold is compared with: that of the second output."""
    return 0 if model.task == "novelty" else classes.index(class_of(model, model.outputs[1]))


def decisions_of(model: Model, classes: Classes, threshold: float | None) -> tuple[Decision, ...]:
    """Say how the first output follows from the scores, where it is none of them."""
    if model.task == "regression":
        return ()
    decision, score = model.outputs[:2]
    if threshold is None:
        return (ByLargest(output=decision.name, columns=tuple(range(len(classes)))),)
    values = (False, True) if model.task == "novelty" else classes
    above = class_of(model, score)
    (below,) = set(values) - {above}
    return (ByThreshold(output=decision.name, score=score.name, threshold=threshold, at_or_above=above, below=below),)
