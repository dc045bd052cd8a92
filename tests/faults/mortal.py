"""The service of a stored model, with a runtime that does not survive one record."""

from bentos import artifact
from tests.faults.deadly import open_mortal

artifact.open_graph = open_mortal  # type: ignore[attr-defined]  # where the service finds it

from bentos.service import ModelService  # noqa: E402 (it takes the name at its import)

__all__ = ["ModelService"]
