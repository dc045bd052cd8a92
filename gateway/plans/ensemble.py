"""A plan that asks several models the same records at once."""

import asyncio

from contract import ContractError, Feature, Interface, RecordDecoder, Table, union_of_features
from gateway.backends import Backend, Prediction
from gateway.errors import BackendFault


class Ensemble:
    """Fan out to all members; it fails as a whole, at once, and then the other calls are cancelled."""

    kind = "ensemble"

    def __init__(self, name: str, members: tuple[Backend, ...]) -> None:
        self.name = name
        self.members = members
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
        contracts = tuple(self.contracts)
        if self.joint is None or any(old is not new for old, new in zip(self.joint[0], contracts, strict=True)):
            try:
                features = union_of_features(contract.features for contract in contracts)
            except ContractError as exc:
                raise BackendFault(f"the models of {self.name} cannot read the same record: {exc}") from exc
            self.joint = contracts, RecordDecoder(features)
        return self.joint[1]

    async def predict(self, table: Table, request_id: str) -> list[Prediction]:
        """Ask all members; gives their predictions in their order."""
        try:
            async with asyncio.TaskGroup() as group:
                calls = [group.create_task(member.predict(table, request_id)) for member in self.members]
        except ExceptionGroup as failed:
            error = first_leaf(failed)
            failed.__traceback__ = None
        else:
            return [call.result() for call in calls]
        # An error that a frame of its own traceback holds keeps the request until the next full collection, and so does
        # the group of a TaskGroup: a dead model under four callers of 16 MB took 600 MB so.
        try:
            raise error
        finally:
            del error, calls, group


def first_leaf(group: ExceptionGroup[Exception]) -> Exception:
    """Give the first error of a group."""
    error = group.exceptions[0]
    return first_leaf(error) if isinstance(error, ExceptionGroup) else error
