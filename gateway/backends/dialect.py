"""What differs between servers: who says what the model takes and gives, and the form in which it is asked."""

from typing import Protocol

import msgspec

from contract import Contract, ContractError, Interface, Table, tensors_of_table
from contract.table import Array
from gateway.backends.golden import Golden, read_golden
from gateway.backends.judge import judged
from gateway.backends.server import Server
from gateway.drift import Profile, read_profile
from gateway.errors import BackendUnavailable
from oip import MODEL_VERSION, InferResponse, Tensor, write_request


class Dialect(Protocol):
    """How one server is spoken to."""

    @property
    def demand(self) -> str:
        """What a server refuses that refuses a request."""

    async def contract(self) -> Interface:
        """Give the contract that holds now.

        Raises GatewayError, or ContractError where the server has another model.
        """

    async def golden(self, contract: Interface) -> Golden | None:
        """Give the golden rows of this version, None where the server has none of it; raises GatewayError."""

    async def profile(self, contract: Interface) -> Profile | None:
        """Give the profile of this version, None where the server has none of it; raises GatewayError."""

    def request(self, table: Table) -> tuple[bytes, int | None]:
        """Write checked rows; gives the body and the length of its JSON, None where it is nothing else."""

    def version(self, response: InferResponse) -> str:
        """Give the version that answered."""

    def columns(self, response: InferResponse, contract: Interface, rows: int) -> dict[str, Array]:
        """Give the outputs of an answer, `[rows]` each; raises BackendFault that names model and output."""


class Told:
    """Speak to a model service of this project: it tells its contract, and reads binary tensors."""

    demand = "a checked record"

    def __init__(self, server: Server) -> None:
        self.server = server

    async def contract(self) -> Interface:
        """Ask for the contract."""
        server = self.server
        answer = await server.get("/artifact/contract")
        if answer.status != 200:
            what = f"{server.name} answers its contract with status {answer.status}"
            raise BackendUnavailable(what, model=server.name)
        contract = Contract.from_json(answer.body)
        if contract.name != server.model or not contract.version:
            raise ContractError(f"{server.address} serves {contract.name!r}, not {server.model!r}")
        return contract if server.model == server.name else msgspec.structs.replace(contract, name=server.name)

    async def golden(self, contract: Interface) -> Golden | None:
        """Ask for them."""
        answer = await self.server.get("/artifact/golden")
        if answer.status != 200 or answer.header(MODEL_VERSION) != contract.version:
            return None
        return read_golden(answer.body, contract)

    async def profile(self, contract: Interface) -> Profile | None:
        """Ask for it."""
        answer = await self.server.get("/artifact/profile")
        if answer.status != 200 or answer.header(MODEL_VERSION) != contract.version:
            return None
        return read_profile(answer.body, contract)

    def request(self, table: Table) -> tuple[bytes, int | None]:
        """Write all rows as binary tensors."""
        return write_request([Tensor(*tensor) for tensor in tensors_of_table(table)])

    def version(self, response: InferResponse) -> str:
        """Give the version that is named; none is the empty one, of which there is no contract."""
        return response.model_version or ""

    def columns(self, response: InferResponse, contract: Interface, rows: int) -> dict[str, Array]:
        """Give the tensors by the outputs' names."""
        return judged(response, contract, rows)
