"""The form that a file of a model fills in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from contract import ContractError, Feature, Task
from contract.check import value_fault
from contract.interface import check_fields, check_name
from models.outputs import Named, Threshold, check_outputs


@dataclass(frozen=True, kw_only=True)
class Data:
    """Hold the rows to learn from.

    `columns` gives a sequence of values by the name of each feature (a pandas data frame will do), None or NaN where
    a value is missing, the empty string too for a category. `target` gives the class of each row, as text or
    booleans, or its number; of several numbers a sequence by the name of each output; None for a novelty.
    """

    columns: Mapping[str, Any]
    target: Any = None


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Say what a metric on the held-out rows must reach, or training refuses to store the model."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ContractError(f"bars: {self.metric} has either at_least or at_most")


@dataclass(frozen=True, kw_only=True)
class Model:
    """Describe one model whole.

    `estimator` gives a new, unfitted estimator each time, or one that was fitted elsewhere, to other rows than those of
    `data`; a classifier has `predict_proba`, a regressor `predict`, a
    novelty detector `score_samples`, as scikit-learn defines them. `alternatives` are judged beside it for the report
    only.

    `outputs` name what it gives, in this order. A classification with a threshold, between two classes: the decision,
    the probability of `at_or_above`, and that of the other class if you like. Without a threshold: the label, which is
    the likeliest class, and the probability of each class. A regression: the values, for each of which the target has
    a column. A novelty: the decision and the score.
    """

    name: str
    task: Task
    description: str
    features: tuple[Feature, ...]
    outputs: tuple[Named, ...]
    data: Callable[[], Data]
    estimator: Callable[[], Any]
    bars: tuple[Bar, ...]
    intended_use: str
    not_for: str
    data_source: str
    threshold: Threshold | None = None
    alternatives: Mapping[str, Callable[[], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.task not in get_args(Task):
            raise ContractError(f"task: is one of {', '.join(get_args(Task))}, not {self.task!r}")
        for name, kind in (("features", Feature), ("outputs", Named), ("bars", Bar)):
            entries = getattr(self, name)
            if not isinstance(entries, tuple) or not all(isinstance(entry, kind) for entry in entries):
                raise ContractError(f"{name}: must be a tuple of {kind.__name__}")
        check_fields(self.features, [named.number(0) for named in self.outputs])
        check_outputs(self.task, self.outputs, self.threshold)
        for feature in self.features:
            if message := value_fault(feature, feature.example):
                raise ContractError(f"features: the example of {feature.name} {message}")
        for name in ("data", "estimator"):
            if not callable(getattr(self, name)):
                raise ContractError(f"{name}: must be a function without arguments")
