"""From raw scores to outputs: what rounding moved over a bound is put back, and what is further out is no answer."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from contract import ByThreshold, Feature, Interface, InvalidOutput, Output, answer, pack
from contract.artifact import open_graph
from training.onnx_graph import compile_candidates

BOUNDED = Interface(
    name="bounded",
    description="A decision by a probability",
    features=(Feature(name="x", type="number", description="A number", example=0),),
    outputs=(
        Output(name="sure", type="boolean", description="The decision"),
        Output(name="probability", type="number", minimum=0, maximum=1, description="Of being sure", column=0),
    ),
    decisions=(ByThreshold(output="sure", score="probability", threshold=1.0, at_or_above=True, below=False),),
)


@pytest.mark.parametrize(("score", "said"), [(1 + 1.2e-7, 1.0), (-1.2e-7, 0.0), (1 - 1e-7, 1 - 1e-7), (0.0, 0.0)])
def test_what_rounding_moved_over_a_bound_is_on_it(score: float, said: float) -> None:
    """Nothing within the bounds is touched, and decisions are made of what is answered."""
    given = answer(BOUNDED, np.array([[score]]))

    assert given["probability"].tolist() == [said]
    assert given["sure"].tolist() == [said >= 1]


@pytest.mark.parametrize("score", [1 + 2e-6, -2e-6, math.nan, math.inf, -math.inf])
def test_what_is_further_out_is_no_answer(score: float) -> None:
    """More than the tolerance of the parity gate is no rounding."""
    with pytest.raises(InvalidOutput, match="probability is no finite number within its bounds in row 1"):
        answer(BOUNDED, np.array([[0.5], [score]]))


def test_a_converted_forest_that_is_sure_answers() -> None:
    """Twenty shares of a twentieth are a little more than one in single precision."""
    rows, target = load_breast_cancer(return_X_y=True)
    fields = tuple(Feature(name=f"x{i}", type="number", description="", example=0) for i in range(rows.shape[1]))
    table = pack(fields, {field.name: rows[:, i] for i, field in enumerate(fields)})
    forest = RandomForestClassifier(20, random_state=0).fit(rows, target)
    graph = dict(compile_candidates("classification", forest, table))["single"]
    assert isinstance(graph, bytes)
    scores = open_graph(graph)(table.inputs("matrix"))
    assert scores.max() > 1

    assert answer(BOUNDED, scores[:, 1:])["probability"].max() == 1
