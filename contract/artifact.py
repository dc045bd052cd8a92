"""The files of a stored model: what training writes and a service reads."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from contract.table import Array

CONTRACT = "contract.json"
ESTIMATOR = "estimator.skops"
GRAPH = "model.onnx"
GOLDEN = "golden.json"
PROFILE = "profile.json"
REPORT = "report.html"
MANIFEST = "sha256.json"
"""The SHA-256 of every other file."""

Runtime = Callable[[Mapping[str, Array]], Array]
"""From what `Table.inputs` gives to raw scores, `[rows, k]` doubles."""


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Write the manifest of some files."""
    return msgspec.json.encode({name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())})


def damaged(folder: Path) -> str | None:
    """Name the first file of a stored model that is not as it was written, None if there is none.

    Raises OSError and ValueError where the manifest cannot be read.
    """
    wanted = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, str])
    for name, digest in wanted.items():
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            return name
    return None


def open_graph(content: bytes) -> Runtime:
    """Open an ONNX graph, the same way for the parity gate and for serving.

    It runs on one thread. Up to 32 rows others make no difference; from 256 on two threads took up to twice the
    processor time for the same rows, spinning while they wait: of a forest 0.5 for 0.25 ms, in a container of one core
    all of it delay. Without spinning they took a tenth more, with operators in parallel fifty times as much.
    """
    # Its official builds report to their maker from the moment of the import, unless this is set before.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
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
