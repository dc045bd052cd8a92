"""What storing a model replaces, and what changes by that for its callers."""

from dataclasses import dataclass

from contract import Change, Contract, ContractError, Interface, changes
from contract.artifact import CONTRACT
from training import store
from training.errors import TrainingError


@dataclass(frozen=True)
class Replacement:
    """Name the version that is the latest until now, None where nothing is stored, and what its callers may notice."""

    version: str | None
    changes: tuple[Change, ...] = ()


def replacement(contract: Contract) -> Replacement:
    """Compare a contract with that of the latest stored version."""
    latest = store.stored_version(contract.name)
    if latest is None or latest == contract.version:
        return Replacement(latest)
    try:
        old = Interface.from_json(store.read(contract.name, latest, CONTRACT))
    except (OSError, ContractError) as exc:
        return Replacement(latest, (Change("", True, f"cannot be compared with {latest}: {exc}"),))
    return Replacement(latest, changes(old, contract))


def refuse_breaking(name: str, found: Replacement) -> None:
    """Raise TrainingError that names every change which breaks callers of the version that would be replaced."""
    if breaking := [str(change) for change in found.changes if change.breaking]:
        raise TrainingError(
            f"{name} is not stored, since it would break callers: {'; '.join(breaking)}. "
            "--allow-breaking stores it all the same"
        )
