"""A conversation of tritonclient.http."""

from typing import Any

from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from tests.clients.scripts.said import Column, Told, plain, tell, told


def inputs(columns: list[Column], *, binary: bool = True) -> list[Any]:
    """Give the columns as the client wants them."""
    made = []
    for column in columns:
        tensor = InferInput(column.name, [len(column.data)], column.datatype)
        made.append(tensor.set_data_from_numpy(column.array, binary_data=binary))
    return made


def converse(client: Any, asked: Told) -> dict[str, Any]:
    """Ask all that the client can ask."""

    def infer(columns: list[Column], names: list[str], *, binary: bool = True, **more: Any) -> dict[str, list[Any]]:
        outputs = [InferRequestedOutput(name, binary_data=binary) for name in names]
        result = client.infer(asked.model, inputs(columns, binary=binary), outputs=outputs or None, **more)
        return {name: plain(result.as_numpy(name)) for name in names or asked.outputs}

    def refused(model: str, columns: list[Column], *, binary: bool = True, **more: Any) -> str:
        try:
            client.infer(model, inputs(columns, binary=binary), **more)
        except InferenceServerException as error:
            return str(error.message())
        return "was not refused"

    whole = client.infer(asked.model, inputs(asked.columns), request_id="seven").get_response()
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(asked.model),
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata(asked.model),
        "id": whole["id"],
        "answered": [output["name"] for output in whole["outputs"]],
        "binary": infer(asked.columns, []),
        "json": infer([column.known for column in asked.columns], asked.outputs, binary=False),
        "last": infer(asked.columns, asked.outputs[-1:]),
        "many": infer(asked.many(), []),
        **{
            encoding: infer(
                asked.many(), [], request_compression_algorithm=encoding, response_compression_algorithm=encoding
            )
            for encoding in ("gzip", "deflate")
        },
        "refused": refused(asked.model, asked.wrong),
        "nan_in_json": refused(asked.model, asked.columns, binary=False),
        "patient": infer(asked.columns, [], timeout=9_000_000),
        "hurried": refused(asked.model, asked.columns, timeout=1),
        "unknown": refused("nope", asked.columns),
    }


if __name__ == "__main__":
    asked = told()
    with InferenceServerClient(asked.address) as opened:
        tell(converse(opened, asked))
