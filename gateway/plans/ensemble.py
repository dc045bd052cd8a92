"""A plan that asks several models the same records at once."""

from typing import NamedTuple

from contract import ContractError, Feature, Interface, RecordDecoder, Table, union_of_features
from gateway.backends import Backend, Prediction, predictions
from gateway.errors import BackendFault, BackendUnavailable


class Joint(NamedTuple):
    """Hold the reader of records for some contracts, and whether each of them has the very columns that it reads."""

    contracts: tuple[Interface, ...]
    decoder: RecordDecoder
    same: tuple[bool, ...]


class Ensemble:
    """Fan out to all members; it fails as a whole, at once, and then nobody waits for the others."""

    kind = "ensemble"

    def __init__(self, name: str, members: tuple[Backend, ...]) -> None:
        self.name = name
        self.members = members
        self.joint: Joint | None = None

    @property
    def contracts(self) -> list[Interface]:
        """Give the members' contracts; raises BackendUnknown."""
        return [member.contract for member in self.members]

    @property
    def features(self) -> tuple[Feature, ...]:
        """Give what a record must hold so that each member can read it."""
        return self.decoder.features

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records; made anew when a member's contract changes."""
        contracts = tuple(self.contracts)
        if self.joint is None or any(old is not new for old, new in zip(self.joint.contracts, contracts, strict=True)):
            try:
                features = union_of_features(contract.features for contract in contracts)
            except ContractError as exc:
                raise BackendFault(f"the models of {self.name} cannot read the same record: {exc}") from exc
            same = tuple(columns_of(contract.features) == columns_of(features) for contract in contracts)
            self.joint = Joint(contracts, RecordDecoder(features), same)
        return self.joint.decoder

    async def predict(self, table: Table, request_id: str, deadline: float) -> list[Prediction]:
        """Ask all members; gives their predictions in their order. It fails as a whole, with the first failure."""
        submits = [member.submit for member in self.members]
        return await predictions(zip(submits, self.tables(table), strict=True), request_id, deadline)

    def tables(self, table: Table) -> list[Table]:
        """Give each member what it reads of a record; raises BackendUnavailable."""
        if self.joint is not None and self.joint.decoder.features is table.features:
            return [
                table.under(contract.features) if same else table.select(contract.features)
                for contract, same in zip(self.joint.contracts, self.joint.same, strict=True)
            ]
        try:
            return [table.select(contract.features) for contract in self.contracts]
        except KeyError as exc:  # a new version came between reading the record and now
            raise BackendUnavailable(f"the models of {self.name} have just changed their features") from exc


def columns_of(features: tuple[Feature, ...]) -> list[tuple[str, str]]:
    """Give the names and the datatypes of the columns of a table."""
    return [(feature.name, feature.datatype) for feature in features]
