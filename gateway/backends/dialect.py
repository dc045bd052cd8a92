"""What differs between servers: who says what the model takes and gives, and the form in which it is asked."""

from typing import Protocol

from contract import Contract, ContractError, Interface, Table, tensors_of_table
from contract.table import Array
from gateway.backends.judge import judged
from gateway.backends.server import Server
from gateway.errors import BackendUnavailable
from oip import InferResponse, Tensor, write_request


class Dialect(Protocol):
    """How one server is spoken to."""

    @property
    def demand(self) -> str:
        """What a server refuses that refuses a request."""

    async def contract(self) -> Interface:
        """Give the contract that holds now.

        Raises GatewayError, or ContractError where the server has another model.
        """

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
        status, body = await server.get("/artifact/contract")
        if status != 200:
            raise BackendUnavailable(f"{server.name} answers its contract with status {status}", model=server.name)
        contract = Contract.from_json(body)
        if contract.name != server.name or not contract.version:
            raise ContractError(f"{server.address} serves {contract.name!r}, not {server.name!r}")
        return contract

    def request(self, table: Table) -> tuple[bytes, int | None]:
        """Write all rows as binary tensors."""
        return write_request([Tensor(*tensor) for tensor in tensors_of_table(table)])

    def version(self, response: InferResponse) -> str:
        """Give the version that is named; none is the empty one, of which there is no contract."""
        return response.model_version or ""

    def columns(self, response: InferResponse, contract: Interface, rows: int) -> dict[str, Array]:
        """Give the tensors by the outputs' names."""
        return judged(response, contract, rows)
