"""What a file of a model says of its outputs: their names, and the rule by which training chooses a threshold.

What an output is, its type, its classes, its place among the scores, follows from the estimator.
"""

from dataclasses import dataclass

from contract import ContractError, Output, Task


@dataclass(frozen=True, kw_only=True)
class Named:
    """Name one output and say what it means; `of` is the class whose probability it gives.

    Only a number that is no probability has a unit, or bounds: those that are possible, which each answer must keep.
    """

    name: str
    description: str
    unit: str = ""
    of: str | bool | None = None
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        self.number(0)

    @property
    def measured(self) -> bool:
        """Say whether a unit or a bound is given."""
        return bool(self.unit) or self.minimum is not None or self.maximum is not None

    def number(self, column: int) -> Output:
        """Give the output that is this column of the scores, as it is; raises ContractError."""
        return Output(
            name=self.name,
            type="number",
            description=self.description,
            unit=self.unit,
            minimum=self.minimum,
            maximum=self.maximum,
            column=column,
        )


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Say which class is decided for where its score reaches a threshold, and by which rule training chooses that.

    Exactly one rule is given, and it is met on cross-validated scores of the training rows: `recall` is the share of
    rows of the class `at_or_above` that the decision must find; `false_alarms` is the share of rows that it may flag.
    """

    at_or_above: str | bool = True
    recall: float | None = None
    false_alarms: float | None = None

    def __post_init__(self) -> None:
        rules = [rule for rule in (self.recall, self.false_alarms) if rule is not None]
        if len(rules) != 1 or not 0 < rules[0] < 1:
            raise ContractError("threshold: give one of recall and false_alarms, between 0 and 1")


def check_outputs(task: Task, outputs: tuple[Named, ...], threshold: Threshold | None) -> None:
    """Raise ContractError unless these outputs and this rule go with the task."""
    of = [named.of for named in outputs]
    if task != "classification" and any(name is not None for name in of):
        raise ContractError(f"outputs: only a classification gives the probability of a class, no {task}")
    if task == "novelty":
        if len(outputs) != 2 or outputs[0].measured:
            raise ContractError("outputs: a novelty has two, the decision, without unit and bounds, and the score")
        if threshold is None or threshold.false_alarms is None or threshold.at_or_above is not True:
            raise ContractError("threshold: a novelty is decided by Threshold(false_alarms=…)")
    elif task == "classification":
        check_classification(outputs, threshold)
    elif threshold is not None:
        raise ContractError("threshold: nothing is decided in a regression")


def check_classification(outputs: tuple[Named, ...], threshold: Threshold | None) -> None:
    """Raise ContractError unless the outputs are a decision and probabilities."""
    if any(named.measured for named in outputs):
        raise ContractError("outputs: neither a decision nor a probability has a unit, or bounds of its own")
    if len(outputs) < 2 or outputs[0].of is not None:
        raise ContractError("outputs: first the decision, then one probability or more")
    if threshold is not None and outputs[1].of not in (None, threshold.at_or_above):
        raise ContractError(f"outputs: {outputs[1].name} gives the probability of at_or_above")
    for named in outputs[1 if threshold is None else 2 :]:
        if named.of is None:
            raise ContractError(f"outputs: {named.name} gives the probability of which class? Say so in of=")
