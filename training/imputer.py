"""A converter of SimpleImputer to ONNX that keeps double precision; skl2onnx's own operator is in single only."""

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxConcat, OnnxEqual, OnnxIsNaN, OnnxWhere
from skl2onnx.common.data_types import DoubleTensorType
from skl2onnx.operator_converters.imputer_op import convert_sklearn_imputer
from skl2onnx.shape_calculators.imputer import calculate_sklearn_imputer_output_shapes
from sklearn.impute import SimpleImputer

ALIAS = "BentogateSimpleImputer"


def register() -> None:
    """Use this converter for SimpleImputer from now on."""
    update_registered_converter(SimpleImputer, ALIAS, calculate_sklearn_imputer_output_shapes, convert, overwrite=True)


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Write `where(missing, statistic, value)` for doubles; skl2onnx writes the others."""
    model, version, given = operator.raw_operator, container.target_opset, operator.inputs
    if model.add_indicator or (isinstance(given[0].type, DoubleTensorType) and np.isnan(model.statistics_).any()):
        raise NotImplementedError("an imputer adds or drops columns")
    if not isinstance(given[0].type, DoubleTensorType):
        convert_sklearn_imputer(scope, operator, container)
        return
    rows = given[0] if len(given) == 1 else OnnxConcat(*given, axis=1, op_version=version)
    marked = np.isnan(model.missing_values)
    mark = np.array([model.missing_values], dtype=np.float64)
    missing = OnnxIsNaN(rows, op_version=version) if marked else OnnxEqual(rows, mark, op_version=version)
    filled = OnnxWhere(
        missing, model.statistics_.astype(np.float64)[None, :], rows, op_version=version, output_names=operator.outputs
    )
    filled.add_to(scope, container)
