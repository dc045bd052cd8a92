"""A plan that asks several models the same records at once."""

from collections.abc import Sequence

from contract import ContractError, Feature, Interface, RecordDecoder, Table, Terms, union_of_features
from gateway.backends import Backend
from gateway.batching import Needs, Prediction, partial_predictions, predictions
from gateway.errors import BackendFault, BackendUnavailable, GatewayError


class Ensemble:
    """Fan out to all members; it fails as a whole, at once, and then nobody waits for the others.

    Where a request or the route allows partial answers, it fails only when the models that it needs cannot all answer.
    """

    kind = "ensemble"

    def __init__(self, name: str, members: tuple[Backend, ...], terms: Terms | None = None) -> None:
        self.name = name
        self.members = members
        self.models = [member.name for member in members]
        self.terms = terms
        self.answerers = [member.batcher for member in members]
        self.joint: tuple[tuple[Interface, ...], RecordDecoder] | None = None

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
        known = self.joint
        if known is None or any(member.current is not old for member, old in zip(self.members, known[0], strict=True)):
            contracts = tuple(self.contracts)
            try:
                features = union_of_features(contract.features for contract in contracts)
            except ContractError as exc:
                raise BackendFault(f"the models of {self.name} cannot read the same record: {exc}") from exc
            self.joint = known = contracts, RecordDecoder(features)
        return known[1]

    async def predict(self, table: Table, request_id: str, deadline: float, address: str) -> list[Prediction]:
        """Ask all members; gives their predictions in their order. It fails as a whole, with the first failure."""
        return await predictions(self.answerers, self.tables(table), request_id, deadline, address)

    async def predict_partly(
        self, table: Table, request_id: str, deadline: float, address: str, needs: Needs
    ) -> tuple[list[Prediction], dict[str, GatewayError]]:
        """Ask all members; gives the predictions of those that answered, and why each other one is missing."""
        return await partial_predictions(
            self.answerers, self.tables(table), request_id, deadline, needs, address=address
        )

    def tables(self, table: Table) -> Sequence[Table]:
        """Give what each member reads of checked rows."""
        try:
            return [table.select(contract.features) for contract in self.contracts]
        except KeyError as exc:  # a new version came between reading the record and now
            raise BackendUnavailable(f"the models of {self.name} have just changed their features") from exc
