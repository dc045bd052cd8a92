"""MLServer with one model, in its own runtime for scikit-learn."""

import os
from pathlib import Path

import skops.io
from mlserver_sklearn import SKLearnModel

from contract import TRUSTED_TYPES
from contract.artifact import ESTIMATOR


class Estimator(SKLearnModel):  # type: ignore[misc]  # not installed where types are checked
    """Serve the estimator, read as it is stored here and not from a pickle; all else is the runtime's."""

    async def load(self) -> bool:
        """Read it."""
        self._model = skops.io.load(Path(os.environ["DIAGNOSIS_MODEL"], ESTIMATOR), trusted=list(TRUSTED_TYPES))
        return True
