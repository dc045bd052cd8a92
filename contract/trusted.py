"""The types that an estimator may be stored with: training refuses others, and the service loads no others."""

TRUSTED_TYPES = (
    "functools.partial",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Those that skops loads only by name, beside the public estimators that it trusts. None runs code of the file's.

A `partial` is of a function that must be trusted too; histogram boosting holds one of `check_array` where it is told
its categorical features.
"""
