"""scikit-learn as the runtime, where a graph did not pass the parity gate."""

from collections.abc import Mapping
from pathlib import Path

from contract import TRUSTED_TYPES, Task, raw_scores
from contract.artifact import Runtime
from contract.table import Array


def open_skops(path: Path, task: Task) -> Runtime:
    """Open an estimator; skops refuses every type that is neither its own to trust nor in TRUSTED_TYPES."""
    import skops.io
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)  # for the same reason; scikit-learn brings this package
    estimator = skops.io.load(path, trusted=list(TRUSTED_TYPES))

    def scores(inputs: Mapping[str, Array]) -> Array:
        return raw_scores(task, estimator, inputs)

    return scores
