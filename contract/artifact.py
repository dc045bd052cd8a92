"""The files of a stored model: what training writes and a service reads."""

from collections.abc import Callable, Mapping
from typing import Any

from contract.table import Array

CONTRACT = "contract.json"
ESTIMATOR = "estimator.skops"
GRAPH = "model.onnx"
GOLDEN = "golden.json"
PROFILE = "profile.json"
REPORT = "report.html"

Runtime = Callable[[Mapping[str, Array]], Array]
"""From what `Table.inputs` gives to raw scores, `[rows, k]` doubles."""


def open_graph(content: bytes) -> Runtime:
    """Open an ONNX graph, the same way for the parity gate and for serving.

    It runs on one thread: rows come joined, so more threads would only fight for the core.
    """
    import onnxruntime  # here and not above: a process that only starts workers need not carry it

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (output,) = (output.name for output in session.get_outputs())

    def scores(inputs: Mapping[str, Array]) -> Array:
        result: Array = session.run([output], dict(inputs))[0]
        return result

    return scores
