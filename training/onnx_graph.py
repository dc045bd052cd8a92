"""Compiling a fitted estimator to ONNX graphs that read doubles and give one matrix of scores."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from contract import Table, Task
from training import gaussian, imputer
from training.errors import first_line
from training.reads import as_read, inputs_of, picks_by_name, reads
from training.thresholds import tree_splits

SCORES = "bentogate_scores"
"""The one output of every graph, `[rows, k]` doubles as `contract.raw_scores` gives them."""

OPSET = {"": 18, "ai.onnx.ml": 3}


def compile_candidates(task: Task, estimator: Any, table: Table) -> Iterator[tuple[str, bytes | str]]:
    """Yield graphs to try, the most exact first: a name, and the bytes of the graph or why there is none.

    Inputs are those of `Table.inputs`. Linear models and Gaussians convert rightly in double precision; trees in single
    only, with a cast on both sides. Behind a scaler trees need what comes before them in double: "mixed".
    """
    gaussian.register()
    imputer.register()
    numbers = all(feature.type != "category" for feature in table.features)
    if numbers and reads(estimator, table.features) == "columns" and not picks_by_name(estimator, table.features):
        estimator = gathered(estimator, table)
    candidates = [("double", DoubleTensorType, estimator), ("single", FloatTensorType, estimator)]
    if len(getattr(estimator, "steps", ())) > 1:
        candidates.insert(1, ("mixed", DoubleTensorType, narrowed(estimator)))
    for name, kind, candidate in candidates:
        try:
            model = convert(task, candidate, table, kind)
        except Exception as exc:  # noqa: BLE001 (a converter may raise anything; the reason is kept in the contract)
            yield name, f"{type(exc).__name__}: {first_line(exc)}"
        else:
            yield name, model.SerializeToString(deterministic=True)


def gathered(estimator: Any, table: Table) -> Any:
    """Give an estimator that was fitted to a data frame behind a step that makes one matrix of the columns.

    Only of some estimators would skl2onnx put them together by itself.
    """
    columns = ColumnTransformer([("bentogate_columns", "passthrough", list(table.columns))])
    return Pipeline([("bentogate_gather", columns.fit(as_read(estimator, table))), ("bentogate_model", estimator)])


def narrowed(pipeline: Any) -> Any:
    """Give a pipeline whose last step reads single precision, as scikit-learn's trees do without saying so."""
    cast = ("bentogate_cast", CastTransformer(dtype=np.float32))
    return Pipeline([*pipeline.steps[:-1], cast, pipeline.steps[-1]])


def convert(task: Task, estimator: Any, table: Table, number: Any) -> Any:
    """Convert with all numbers as `number`, then give the graph our inputs and output."""
    types = [
        (name, StringTensorType([None, 1]) if column.dtype == object else number([None, column.shape[1]]))
        for name, column in inputs_of(estimator, table).items()
    ]
    check_thresholds(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parity gate is the judge, not the converter's warnings
        model = convert_sklearn(estimator, "model", types, target_opset=OPSET, options=options_of(task, estimator))
    give_scores(model, task)
    if number is FloatTensorType:
        take_doubles(model)
    # The order of this list is the only thing that differs between processes.
    domains = sorted(model.opset_import, key=lambda entry: str(entry.domain))
    del model.opset_import[:]
    model.opset_import.extend(domains)
    onnx.checker.check_model(model)
    return model


def check_thresholds(estimator: Any) -> None:
    """Raise NotImplementedError for infinite thresholds, beside which skl2onnx would search for ever."""
    for _, _, splits in tree_splits(estimator, lambda rows: rows, ()):
        if not np.isfinite([threshold for _, threshold in splits]).all():
            raise NotImplementedError("a tree has a split for missing values alone")


def options_of(task: Task, estimator: Any) -> dict[int, dict[str, bool]]:
    """Ask for probabilities as one matrix, or for the scores of the rows; values need no asking."""
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    asked = {"classification": {"zipmap": False}, "novelty": {"score_samples": True}}
    return {id(last): asked[task]} if task in asked else {}


def give_scores(model: Any, task: Task) -> None:
    """Replace the graph's outputs by SCORES in double: probabilities, values, or minus the scores of the rows."""
    graph = model.graph
    source = next(out for out in reversed(graph.output) if task != "classification" or "prob" in out.name)
    steps = [helper.make_node("Cast", [source.name], ["bentogate_double"], "cast_scores", to=TensorProto.DOUBLE)]
    if task != "novelty":
        steps.append(helper.make_node("Identity", ["bentogate_double"], [SCORES], "give_scores"))
        width = None
    else:
        graph.initializer.append(numpy_helper.from_array(np.array([-1, 1], dtype=np.int64), "bentogate_shape"))
        steps += [
            helper.make_node("Neg", ["bentogate_double"], ["bentogate_negative"], "negate_scores"),
            helper.make_node("Reshape", ["bentogate_negative", "bentogate_shape"], [SCORES], "give_scores"),
        ]
        width = 1
    graph.node.extend(steps)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(SCORES, TensorProto.DOUBLE, [None, width]))


def take_doubles(model: Any) -> None:
    """Make the numeric inputs of a graph double, cast to single at its door."""
    graph = model.graph
    for source in graph.input:
        if source.type.tensor_type.elem_type != TensorProto.FLOAT:
            continue
        narrow = f"{source.name}_single"
        for node in graph.node:
            node.input[:] = [narrow if name == source.name else name for name in node.input]
        source.type.tensor_type.elem_type = TensorProto.DOUBLE
        graph.node.insert(
            0, helper.make_node("Cast", [source.name], [narrow], f"cast_{source.name}", to=TensorProto.FLOAT)
        )
