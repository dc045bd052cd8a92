"""Whether an answer is a prediction: judged by the contract of the version that gave it."""

import msgspec

from contract import Contract, Output
from contract.check_columns import output_fault
from contract.table import Array
from gateway.errors import BackendFault
from oip import InferResponse, Tensor


def judged(response: InferResponse, contract: Contract, rows: int) -> dict[str, Array]:
    """Give the outputs of an answer, `[rows]` each; raises BackendFault that names model and output."""
    tensors = {tensor.name: tensor for tensor in response.tensors}
    columns = {}
    for output in contract.outputs:
        if output.name not in tensors:
            raise output_refused(contract.name, output.name, "is missing")
        columns[output.name] = column(contract, output, tensors[output.name], rows)
    return columns


def column(contract: Contract, output: Output, tensor: Tensor, rows: int) -> Array:
    """Check one output."""
    if tensor.datatype != output.datatype:
        raise output_refused(contract.name, output.name, f"is {tensor.datatype}, not {output.datatype}")
    if tensor.array.shape not in ((rows,), (rows, 1)):
        shape = list(tensor.array.shape)
        raise output_refused(contract.name, output.name, f"has the shape {shape} for {rows} rows")
    values = tensor.array.reshape(rows)
    if found := output_fault(output, values):
        raise output_refused(contract.name, output.name, found)
    return values


def output_refused(model: str, output: str, what: str) -> BackendFault:
    """Name the model and the output, not the value."""
    return BackendFault(f"{model} gave no valid answer: the output {output} {what}", model=model)


def output_blamed(body: bytes, contract: Contract) -> str | None:
    """Name the output that a model service says to be no prediction, or None where it says something else.

    Nothing else of what it says may reach a caller.
    """
    try:
        named = msgspec.json.decode(body, type=Blame).output
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return named if any(named == output.name for output in contract.outputs) else None


class Blame(msgspec.Struct):
    """Read the one member of an error that is looked at."""

    output: str
