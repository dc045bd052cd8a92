"""A regressor: one value or several, each under the name of its column of the target."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.preprocessing import StandardScaler

from contract import ContractError, Output
from models import Data, Model, Named, Threshold, catalog
from tests.conftest import TINY
from training.dataset import read_dataset
from training.errors import TrainingError
from training.judge import Evidence, judge
from training.metrics import regression
from training.outputs import decisions_of, outputs_of
from training.run import train

DIABETES, PETALS = catalog(TINY, ["diabetes", "petals"]).values()
LENGTH, WIDTH = PETALS.outputs


class FirstOnly(DummyRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator that forgets all columns of the target but the first."""

    def fit(self, rows: Any, target: Any) -> "FirstOnly":
        """Learn one column."""
        super().fit(rows, target[:, 0])
        return self


def with_target(target: Any, model: Model = PETALS) -> Model:
    """Give a model with another target."""
    return dataclasses.replace(model, data=lambda: Data(columns=model.data().columns, target=target))


def test_outputs_are_the_target_s_columns_under_their_names() -> None:
    """Unit and bounds are the file's; nothing is decided."""
    length, width = outputs_of(PETALS, ())

    assert length == Output(
        name="petal_length", type="number", unit="cm", minimum=0, column=0, description="Length of a petal"
    )
    assert (width.name, width.column) == ("petal_width", 1)
    assert decisions_of(PETALS, (), None) == ()


def test_the_order_is_that_of_the_outputs() -> None:
    """A mapping or a data frame in another order gives the same data, down to its hash."""
    target = PETALS.data().target
    dataset = read_dataset(PETALS)
    assert list(target) == ["petal_width", "petal_length"]
    assert dataset.target is not None

    assert dataset.target[:, 0].tolist() == list(target["petal_length"])
    assert read_dataset(with_target(pd.DataFrame(target))).sha256 == dataset.sha256
    assert read_dataset(with_target(dict(reversed(target.items())))).sha256 == dataset.sha256


@pytest.mark.parametrize("count", [1, 2])
def test_metrics_are_scikit_learn_s(count: int) -> None:
    """Every figure of every output equals the library's; with several outputs its name says which."""
    random = np.random.default_rng(2)
    truth = random.normal(100, 20, (300, count))
    value = truth + random.normal(1, 10, (300, count))
    model = dataclasses.replace(PETALS, outputs=PETALS.outputs[:count], bars=())
    measured = judge(model, Evidence(regression.samples(value, truth), None), seed=0, resamples=9)

    for place, named in enumerate(model.outputs):
        for name, figure in (
            ("r2", r2_score),
            ("mean_absolute_error", mean_absolute_error),
            ("root_mean_squared_error", root_mean_squared_error),
        ):
            measure = measured[name if count == 1 else f"{name}_{named.name}"]
            assert measure.value == pytest.approx(figure(truth[:, place], value[:, place]), abs=1e-6)
            assert measure.low < measure.high


def test_r2_of_what_does_not_vary_is_scikit_learn_s() -> None:
    """A resample may hold one value only."""
    same = np.full(9, 3.0)

    assert regression.r2(same, same) == r2_score(same, same) == 1
    assert regression.r2(same, same + 1) == r2_score(same, same + 1) == 0


TARGET: dict[str, Any] = PETALS.data().target


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (with_target(np.ones((150, 2))), "must give each column under the name of its output"),
        (
            with_target({"petal_length": TARGET["petal_length"], "petal_breadth": TARGET["petal_width"]}),
            "has petal_length, petal_breadth; its outputs are petal_length, petal_width",
        ),
        (
            with_target({**TARGET, "petal_width": ["wide"] * 150}),
            "the target petal_width of petals must give one",
        ),
        (with_target({**TARGET, "petal_width": TARGET["petal_width"] > 1}), "must give one number for each of the 150"),
        (with_target({**TARGET, "petal_width": [1.0]}), "must give one number for each of the 150 rows"),
        (with_target(None, DIABETES), "the target progression of diabetes must give one number for each of the 442"),
        (
            with_target({**TARGET, "petal_width": np.where(np.arange(150) == 7, np.nan, 1.0)}),
            "breaks its contract: petal_width is no finite number within its bounds in row 7",
        ),
        (
            with_target({**TARGET, "petal_length": np.where(np.arange(150) == 3, -1.0, 1.0)}),
            "breaks its contract: petal_length is no finite number within its bounds in row 3",
        ),
        (dataclasses.replace(PETALS, estimator=FirstOnly), "the estimator of petals gives 1 values, not 2"),
        (
            dataclasses.replace(DIABETES, estimator=lambda: DummyRegressor(strategy="constant", constant=-101.0)),
            "could not be served: diabetes: the output progression is no finite number",
        ),
        (dataclasses.replace(PETALS, estimator=StandardScaler), "the estimator of petals has no predict"),
    ],
)
def test_what_does_not_fit_is_refused(model: Model, text: str) -> None:
    """One clear sentence with the output's name."""
    with pytest.raises(TrainingError) as caught:
        train(model)

    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"threshold": Threshold(false_alarms=0.1)}, "threshold: nothing is decided in a regression"),
        ({"outputs": (LENGTH, dataclasses.replace(WIDTH, of="wide"))}, "outputs: only a classification gives"),
        ({"outputs": (LENGTH, LENGTH)}, "outputs: named twice: petal_length"),
        ({"outputs": ()}, "outputs: there are none"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(changes: dict[str, Any], text: str) -> None:
    """Before anything is trained."""
    with pytest.raises(ContractError, match=text):
        dataclasses.replace(PETALS, **changes)


def test_bounds_of_an_output_are_in_order() -> None:
    """The rule is that of the contract's outputs."""
    with pytest.raises(ContractError, match="progression: minimum and maximum are finite and in order"):
        Named(name="progression", description="Of the disease", minimum=2, maximum=1)
