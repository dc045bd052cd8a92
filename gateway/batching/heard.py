"""An answer that was read and is not judged yet."""

from collections.abc import Callable

import msgspec

from contract import Interface
from contract.table import Array
from gateway.batching.prediction import Joint
from oip import InferResponse, Tensor


class Heard(msgspec.Struct, frozen=True):
    """Hold an answer to `rows` rows, the contract of the version that gave it, and how it is judged by that.

    `by` is the address that gave it, if the model has several.
    """

    response: InferResponse
    contract: Interface
    judge: Callable[[InferResponse, Interface, int], dict[str, Array]]
    rows: int
    call_id: str
    call_ms: float
    compute_ms: float | None
    by: object = None

    def judged(self) -> Joint:
        """Give the outputs; raises BackendFault that names model and output."""
        columns = self.judge(self.response, self.contract, self.rows)
        return Joint(self.contract, columns, self.call_id, self.call_ms, self.compute_ms)

    @property
    def address(self) -> str | None:
        """Name that address."""
        return getattr(self.by, "at", None)

    @property
    def is_whole(self) -> bool:
        """Say that every tensor has a row for each row that was asked for."""
        return all(tensor.array.shape[:1] == (self.rows,) for tensor in self.response.tensors)

    def part(self, start: int, stop: int) -> "Heard":
        """Give some of the rows of a whole answer."""
        tensors = [Tensor(one.name, one.datatype, one.array[start:stop]) for one in self.response.tensors]
        response = msgspec.structs.replace(self.response, tensors=tensors)
        return msgspec.structs.replace(self, response=response, rows=stop - start)
