"""A converter of Gaussian mixtures to ONNX that keeps double precision; skl2onnx's own fails on doubles."""

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import (
    OnnxAdd,
    OnnxArgMax,
    OnnxConcat,
    OnnxGemm,
    OnnxMul,
    OnnxReduceLogSumExpApi18,
    OnnxReduceSumSquareApi18,
    OnnxSoftmax,
)
from skl2onnx.common.data_types import guess_numpy_type
from skl2onnx.shape_calculators.mixture import calculate_gaussian_mixture_output_shapes
from sklearn.mixture import GaussianMixture

ALIAS = "BentogateGaussianMixture"


def register() -> None:
    """Use this converter for GaussianMixture from now on."""
    update_registered_converter(
        GaussianMixture,
        ALIAS,
        calculate_gaussian_mixture_output_shapes,
        convert,
        options={"score_samples": [True, False]},
        overwrite=True,
    )


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Write `log sum_k w_k N(x; mu_k, P_k)` with `P_k = L_k L_kᵀ` the precisions, L_k stored by scikit-learn.

    Bishop, Pattern Recognition and Machine Learning, 2006, equations 2.43 and 9.7.
    """
    model, version, rows = operator.raw_operator, container.target_opset, operator.inputs[0]
    dtype = guess_numpy_type(rows.type)
    squares = []
    for mean, factor in zip(model.means_, factors(model), strict=True):
        shift = -(mean @ factor)[None, :]
        whitened = OnnxGemm(rows, factor.astype(dtype), shift.astype(dtype), op_version=version)
        axes = np.array([1], dtype=np.int64)
        squares.append(OnnxReduceSumSquareApi18(whitened, axes=axes, keepdims=1, op_version=version))
    distances = squares[0] if len(squares) == 1 else OnnxConcat(*squares, axis=1, op_version=version)
    half = OnnxMul(distances, np.array([-0.5], dtype=dtype), op_version=version)
    logs = OnnxAdd(half, constants(model).astype(dtype), op_version=version)
    names = operator.outputs
    OnnxArgMax(logs, axis=1, output_names=names[:1], op_version=version).add_to(scope, container)
    OnnxSoftmax(logs, axis=1, output_names=names[1:2], op_version=version).add_to(scope, container)
    if len(names) > 2:
        axes = np.array([1], dtype=np.int64)
        OnnxReduceLogSumExpApi18(logs, axes=axes, keepdims=1, output_names=names[2:3], op_version=version).add_to(
            scope, container
        )


def factors(model: Any) -> list[Any]:
    """Give the Cholesky factor of each component's precision as a full matrix, whatever the covariance type."""
    stored, (count, width) = model.precisions_cholesky_, model.means_.shape
    match model.covariance_type:
        case "full":
            return list(stored)
        case "tied":
            return [stored] * count
        case "diag":
            return [np.diag(row) for row in stored]
        case _:
            return [np.eye(width) * value for value in stored]


def constants(model: Any) -> Any:
    """Give `log w_k + log |L_k| - d/2 log 2 pi` per component, `[1, components]`."""
    logs = [np.log(np.diag(factor)).sum() for factor in factors(model)]
    return (np.log(model.weights_) + logs - 0.5 * model.means_.shape[1] * np.log(2 * np.pi))[None, :]
