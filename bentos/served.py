"""What a service serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bentos.artifact import Model
from contract import Contract


@dataclass
class Served:
    """Hold the one model of a service: its contract, its folder, and itself once a worker has loaded it."""

    contract: Contract
    folder: Path
    model: Model | None = None

    def unknown(self, params: Mapping[str, str]) -> str | None:
        """Say why the parameters of a path name no model of this service, or None if they do."""
        name, version = params["name"], params.get("version", self.contract.version)
        if name != self.contract.name:
            return f"there is no model {name[:60]!r} here, only {self.contract.name}"
        return None if version == self.contract.version else f"{name} has the version {self.contract.version} only"
