"""What computes the scores: an ONNX graph, or scikit-learn where a graph did not pass the parity gate."""

from collections.abc import Callable, Mapping
from pathlib import Path

from contract import TRUSTED_TYPES, Task, raw_scores
from contract.table import Array

Runtime = Callable[[Mapping[str, Array]], Array]
"""From what `Table.inputs` gives to raw scores, `[rows, k]` doubles."""


def open_graph(path: Path) -> Runtime:
    """Open an ONNX graph on one thread: rows come joined, so more threads would only fight for the core."""
    import onnxruntime  # here and not above: a process that only starts workers need not carry it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    (output,) = (output.name for output in session.get_outputs())

    def scores(inputs: Mapping[str, Array]) -> Array:
        result: Array = session.run([output], dict(inputs))[0]
        return result

    return scores


def open_skops(path: Path, task: Task) -> Runtime:
    """Open an estimator; skops refuses every type that is neither its own to trust nor in TRUSTED_TYPES."""
    import skops.io

    estimator = skops.io.load(path, trusted=list(TRUSTED_TYPES))

    def scores(inputs: Mapping[str, Array]) -> Array:
        return raw_scores(task, estimator, inputs)

    return scores
