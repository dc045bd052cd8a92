"""The classes of a classifier: those of its target must be those that its file speaks of."""

from collections import Counter

from models import Model
from training.errors import TrainingError

Classes = tuple[str | bool, ...]
"""The classes in scikit-learn's order, which is that of the columns of `predict_proba`; empty where there are none."""


def check_classes(model: Model, classes: Classes) -> None:
    """Raise TrainingError unless the classes of the target are those that the file of the model speaks of."""
    known, rule = ", ".join(map(repr, classes)), model.threshold
    if len(classes) < 2:
        raise TrainingError(f"the target of {model.name} has one class only, {known}")
    for named in model.outputs:
        if named.of is not None and named.of not in classes:
            raise TrainingError(f"the output {named.name} of {model.name} is of {named.of!r}; its target has {known}")
    if rule is None:
        check_probabilities(model, classes)
    elif len(classes) > 2:
        raise TrainingError(f"the target of {model.name} has {known}; a threshold decides between two classes")
    elif rule.at_or_above not in classes:
        raise TrainingError(f"the threshold of {model.name} is for {rule.at_or_above!r}; its target has {known}")


def check_probabilities(model: Model, classes: Classes) -> None:
    """Raise TrainingError unless there is one output for the probability of each class."""
    named = Counter(output.of for output in model.outputs)
    for value in classes:
        if named[value] != 1:
            raise TrainingError(
                f"{model.name} has {named[value]} outputs for the probability of {value!r}; it takes one: "
                f"Named(name=…, of={value!r}, description=…)"
            )
