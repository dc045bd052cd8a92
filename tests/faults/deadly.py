"""A record that the runtime of a model does not survive."""

import os
import signal
from collections.abc import Mapping

from contract.artifact import Runtime, open_graph
from contract.table import Array

DEADLY = 88.875
"""A width that no other record has."""


def open_mortal(content: bytes) -> Runtime:
    """Open a graph that ends its process for that width, as a fault in native code does."""
    runtime = open_graph(content)

    def scores(inputs: Mapping[str, Array]) -> Array:
        if any((rows == DEADLY).any() for rows in inputs.values()):
            os.kill(os.getpid(), signal.SIGKILL)
        return runtime(inputs)

    return scores
