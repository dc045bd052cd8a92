"""Whether an answer is a prediction: judged by the contract of the version that gave it."""

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
            raise fault(contract, f"the output {output.name} is missing")
        columns[output.name] = column(contract, output, tensors[output.name], rows)
    return columns


def column(contract: Contract, output: Output, tensor: Tensor, rows: int) -> Array:
    """Check one output."""
    if tensor.datatype != output.datatype:
        raise fault(contract, f"the output {output.name} is {tensor.datatype}, not {output.datatype}")
    if tensor.array.shape not in ((rows,), (rows, 1)):
        shape = list(tensor.array.shape)
        raise fault(contract, f"the output {output.name} has the shape {shape} for {rows} rows")
    values = tensor.array.reshape(rows)
    if found := output_fault(output, values):
        raise fault(contract, found)
    return values


def fault(contract: Contract, what: str) -> BackendFault:
    """Name the model and the output, not the value."""
    return BackendFault(f"{contract.name} gave no valid answer: {what}", model=contract.name)
