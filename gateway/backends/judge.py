"""Whether an answer is a prediction: judged by the contract of the version that gave it."""

import numpy as np

from contract import Interface, InvalidOutput, Output, answer
from contract.check_columns import output_fault
from contract.table import Array
from gateway.errors import BackendFault
from oip import InferResponse, Tensor


def judged(response: InferResponse, contract: Interface, rows: int) -> dict[str, Array]:
    """Give the outputs of an answer, `[rows]` each; raises BackendFault that names model and output."""
    tensors = {tensor.name: tensor for tensor in response.tensors}
    columns = {}
    for output in contract.outputs:
        if output.name not in tensors:
            raise output_refused(contract.name, output.name, "is missing")
        columns[output.name] = column(contract, output, tensors[output.name], rows)
    return columns


def scored(response: InferResponse, contract: Interface, scores: str, rows: int) -> dict[str, Array]:
    """Give the outputs that follow from the tensor named `scores`, as a model service makes them from its own."""
    tensor = next((tensor for tensor in response.tensors if tensor.name == scores), None)
    if tensor is None:
        raise output_refused(contract.name, scores, "is missing")
    array = tensor.array
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or len(array) != rows:
        what = f"is {tensor.datatype} of the shape {list(array.shape)}, no scores of {rows} rows"
        raise output_refused(contract.name, scores, what)
    try:
        return answer(contract, array.reshape(rows, -1).astype(np.float64))
    except InvalidOutput as exc:
        raise output_refused(contract.name, exc.output, exc.what) from exc


def column(contract: Interface, output: Output, tensor: Tensor, rows: int) -> Array:
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
