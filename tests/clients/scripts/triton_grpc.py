"""A conversation of tritonclient.grpc."""

from typing import Any

from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from tests.clients.scripts.said import Column, Told, plain, tell, told


def inputs(columns: list[Column]) -> list[Any]:
    """Give the columns as the client wants them."""
    return [
        InferInput(column.name, [len(column.data)], column.datatype).set_data_from_numpy(column.array)
        for column in columns
    ]


def converse(client: Any, asked: Told) -> dict[str, Any]:
    """Ask all that the client can ask."""

    def infer(columns: list[Column], names: list[str], **more: Any) -> dict[str, list[Any]]:
        outputs = [InferRequestedOutput(name) for name in names]
        result = client.infer(asked.model, inputs(columns), outputs=outputs or None, **more)
        return {name: plain(result.as_numpy(name)) for name in names or asked.outputs}

    def refused(model: str, columns: list[Column], **more: Any) -> str:
        try:
            client.infer(model, inputs(columns), **more)
        except InferenceServerException as error:
            return f"{error.status()}: {error.message()}"
        return "was not refused"

    whole = client.infer(asked.model, inputs(asked.columns), request_id="seven").get_response(as_json=True)
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(asked.model),
        "server": client.get_server_metadata(as_json=True),
        "model": client.get_model_metadata(asked.model, as_json=True),
        "id": whole["id"],
        "answered": [output["name"] for output in whole["outputs"]],
        "binary": infer(asked.columns, []),
        "last": infer(asked.columns, asked.outputs[-1:]),
        "many": infer(asked.many(), []),
        **{encoding: infer(asked.many(), [], compression_algorithm=encoding) for encoding in ("gzip", "deflate")},
        "refused": refused(asked.model, asked.wrong),
        "patient": infer(asked.columns, [], timeout=9_000_000),
        "hurried": refused(asked.model, asked.columns, timeout=1),
        "unknown": refused("nope", asked.columns),
    }


if __name__ == "__main__":
    asked = told()
    with InferenceServerClient(asked.address) as opened:
        tell(converse(opened, asked))
