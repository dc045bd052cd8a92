"""A server whose metadata is too poor: `gateway.yaml` declares what its model takes and gives."""

import msgspec
import structlog

from contract import MATRIX_NAME, Interface, Table, tensors_of_table
from contract.table import Array, shared_datatype
from gateway.backends.judge import judged, scored
from gateway.backends.metadata import ModelMetadata, ServerMetadata, contradictions
from gateway.backends.server import Server
from gateway.errors import BackendUnavailable
from oip import InferResponse, Tensor, write_request

DATA_FRAME = {"content_type": "pd"}
"""How MLServer and KServe are told that tensors are columns of one table; others ignore it, as the protocol says."""

log = structlog.get_logger()


class Declared:
    """Speak to any server of the protocol: in JSON, unless it says that it reads binary tensors.

    One matrix carries all columns where that is possible, unless the server's metadata lists the columns. The version
    is the one that the last answer named, or else the declared one.
    """

    def __init__(self, server: Server, contract: Interface, scores: str | None) -> None:
        self.server = server
        self.declared = msgspec.structs.replace(contract, name=server.name)
        self.scores = scores
        self.wanted = {scores: None} if scores else {output.name: output.datatype for output in contract.outputs}
        self.demand = f"a checked record, or a request for {', '.join(self.wanted)}"
        self.binary = False
        self.as_matrix = True
        self.contradictions: list[str] = []

    async def contract(self) -> Interface:
        """Ask whether the server has the model, and how it is to be asked; give the declared contract."""
        server = self.server
        answer = await server.get(server.model_path)
        if answer.status != 200:
            what = f"{server.name} has no model {server.model!r}: status {answer.status}"
            raise BackendUnavailable(what, model=server.name)
        self.compare(ModelMetadata.from_json(answer.body))
        answer = await server.get("/v2")
        self.binary = answer.status == 200 and "binary_tensor_data" in ServerMetadata.from_json(answer.body).extensions
        return self.declared

    async def golden(self, contract: Interface) -> None:
        """Have none: what was declared says nothing of answers."""

    async def profile(self, contract: Interface) -> None:
        """Have none: what was declared says nothing of training."""

    def compare(self, metadata: ModelMetadata) -> None:
        """Choose the form that the metadata asks for, and log where it contradicts the contract."""
        datatypes = {feature.name: feature.datatype for feature in self.declared.features}
        shared = shared_datatype(self.declared.features)
        self.as_matrix = shared is not None and not metadata.inputs.keys() >= datatypes.keys()
        sent = {MATRIX_NAME: shared} if self.as_matrix else datatypes
        found = [
            *contradictions("input", sent, metadata.inputs, complete=True),
            *contradictions("output", self.wanted, metadata.outputs),
        ]
        if found != self.contradictions:
            log.warning("the metadata contradicts the declared contract", model=self.server.name, contradictions=found)
            self.contradictions = found

    def request(self, table: Table) -> tuple[bytes, int | None]:
        """Write all rows, and name the outputs: some servers give only some unless they are asked for."""
        return write_request(
            [Tensor(*tensor) for tensor in tensors_of_table(table, as_matrix=self.as_matrix)],
            outputs=list(self.wanted),
            binary=self.binary,
            parameters=None if self.as_matrix else DATA_FRAME,
        )

    def version(self, response: InferResponse) -> str:
        """Give the version that is named; the next contract has it too."""
        if response.model_version and response.model_version != self.declared.version:
            self.declared = msgspec.structs.replace(self.declared, version=response.model_version)
        return self.declared.version

    def columns(self, response: InferResponse, contract: Interface, rows: int) -> dict[str, Array]:
        """Give the outputs by their names, or as they follow from the scores."""
        return scored(response, contract, self.scores, rows) if self.scores else judged(response, contract, rows)
