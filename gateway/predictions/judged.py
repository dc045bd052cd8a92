"""How well a version answers, by what callers told of the truth."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from contract import Interface, Output
from gateway.predictions.reading import Label, Logged, Truth, files_of, read_files, read_truth

BINS = 10
"""Of equal width, as in Guo et al., "On calibration of modern neural networks" (2017)."""

Pair = tuple[Label, Label]
"""What was answered, and the truth."""


@dataclass
class Bin:
    """Hold the probabilities of a part of [0, 1], and how often what they speak for was true."""

    rows: int = 0
    predicted: float = 0.0
    observed: int = 0


@dataclass
class Calibration:
    """Hold what a score that is a probability said; `value` is what it speaks for."""

    value: Label
    bins: list[Bin] = field(default_factory=lambda: [Bin() for _ in range(BINS)])
    squared: float = 0.0
    rows: int = 0

    def add(self, probability: float, truth: Label) -> None:
        """Take a probability and the truth."""
        hit = truth == self.value
        one = self.bins[min(int(probability * BINS), BINS - 1)]
        one.rows, one.predicted, one.observed = one.rows + 1, one.predicted + probability, one.observed + hit
        self.squared += (probability - hit) ** 2
        self.rows += 1

    @property
    def brier(self) -> float:
        """Give the mean squared difference between probability and truth (Brier, 1950)."""
        return self.squared / self.rows

    @property
    def error(self) -> float:
        """Give the expected calibration error: how far probabilities are from shares, in the mean over all rows."""
        return sum(abs(one.predicted - one.observed) for one in self.bins) / self.rows


@dataclass
class Judged:
    """Hold what is known of one version; `pairs` are by output, `calibrations` by score."""

    contract: Interface
    rows: int = 0
    first: datetime | None = None
    last: datetime | None = None
    pairs: dict[str, Counter[Pair]] = field(default_factory=dict)
    numbers: dict[str, list[float]] = field(default_factory=dict)
    calibrations: dict[str, Calibration] = field(default_factory=dict)

    def add(self, logged: Logged, truth: Truth) -> None:
        """Take the rows of a file; those of one record that a plan asked for twice count once if they are equal."""
        columns = logged.columns
        outputs = [output.name for output in logged.contract.outputs]
        given = [columns[f"output_{name}"] for name in outputs]
        rows = dict.fromkeys(zip(columns["id"], columns["instance"], columns["time"], *given, strict=True))
        self.rows += len(rows)
        times = [time for time in (self.first, self.last, *columns["time"]) if time]
        self.first, self.last = min(times), max(times)
        for request, instance, _, *answer in rows:
            if (told := truth.get((request, instance))) is None:
                continue
            label = told.get(self.contract.name, told.get(None))
            if label is not None:
                self.judge(dict(zip(outputs, answer, strict=True)), label)

    def judge(self, answer: Mapping[str, Label], label: Label) -> None:
        """Compare one answer with the truth, where an output can be that."""
        output = output_for(self.contract, label)
        if output is None:
            return
        if output.type in ("number", "integer"):
            self.numbers.setdefault(output.name, []).append(float(answer[output.name]) - float(label))
            return
        self.pairs.setdefault(output.name, Counter())[answer[output.name], label] += 1
        for score, value in probabilities(self.contract, output):
            self.calibrations.setdefault(score, Calibration(value)).add(float(answer[score]), label)


def output_for(contract: Interface, label: Label) -> Output | None:
    """Give the output that a label is the truth about: one that can be this value; of several numbers none."""
    if isinstance(label, str):
        return next((output for output in contract.outputs if label in output.categories), None)
    if isinstance(label, bool):
        return next((output for output in contract.outputs if output.type == "boolean"), None)
    numbers = [output for output in contract.outputs if output.type in ("number", "integer")]
    return numbers[0] if len(numbers) == len(contract.outputs) == 1 else None


def probabilities(contract: Interface, output: Output) -> Iterator[tuple[str, Label]]:
    """Yield the scores that are probabilities of a value of an output, and that value."""
    outputs = {one.name: one for one in contract.outputs}
    for decision in contract.decisions:
        if decision.output == output.name:
            for score, value in decision.speaks_for(outputs).items():
                if (outputs[score].minimum, outputs[score].maximum) == (0, 1):
                    yield score, value


def judged(root: Path) -> list[Judged]:
    """Read a log, file by file; gives each version of each model, the newest first. Raises Unreadable."""
    truth, found = read_truth(root), dict[tuple[str, str], Judged]()
    for logged in read_files(files_of(root), features=False):
        key = logged.contract.name, logged.contract.version
        found.setdefault(key, Judged(logged.contract)).add(logged, truth)
    return sorted(found.values(), key=lambda one: one.contract.name)


def interval(hits: int, rows: int) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson, 1927)."""
    z = 1.96
    share, middle = hits / rows, hits / rows + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    whole = 1 + z * z / rows
    return (middle - half) / whole, (middle + half) / whole


def by_value(pairs: Counter[Pair]) -> list[tuple[Label, float | None, float | None, int]]:
    """Give each value that was answered or true, with its precision, its recall, and how often it was true."""
    values = sorted({value for pair in pairs for value in pair}, key=str)
    found = []
    for value in values:
        right = pairs[value, value]
        answered = sum(count for (answer, _), count in pairs.items() if answer == value)
        true = sum(count for (_, truth), count in pairs.items() if truth == value)
        found.append((value, right / answered if answered else None, right / true if true else None, true))
    return found


def of_numbers(differences: Sequence[float]) -> tuple[float, float, float]:
    """Give mean absolute error, root mean squared error, and bias."""
    rows = len(differences)
    squares = sum(one * one for one in differences)
    return sum(map(abs, differences)) / rows, math.sqrt(squares / rows), sum(differences) / rows
