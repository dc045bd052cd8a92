"""A conversation of kserve's InferenceRESTClient, version 2 of the protocol."""

import asyncio
from typing import Any

import httpx
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from tests.clients.scripts.said import Column, Told, plain, tell, told


def request(
    model: str, columns: list[Column], names: list[str], *, binary: bool = True, request_id: str | None = None
) -> Any:
    """Make a request; in JSON the client sends null for None."""
    tensors = []
    for column in columns:
        data = None if binary else column.data
        tensor = InferInput(column.name, [len(column.data)], column.datatype, data=data)
        if binary:
            tensor.set_data_from_numpy(column.array, binary_data=True)
        tensors.append(tensor)
    return InferRequest(
        model,
        tensors,
        request_id=request_id,
        parameters={"binary_data_output": True} if binary else None,
        request_outputs=[RequestedOutput(name) for name in names] or None,
    )


async def converse(client: Any, asked: Told) -> dict[str, Any]:
    """Ask all that the client can ask."""
    url = f"http://{asked.address}"

    async def infer(columns: list[Column], names: list[str], *, binary: bool = True) -> dict[str, list[Any]]:
        given = request(asked.model, columns, names, binary=binary)
        answer = await client.infer(url, given, model_name=asked.model)
        return {output.name: plain(output.as_numpy()) for output in answer.outputs}

    async def refused(model: str, columns: list[Column]) -> str:
        try:
            await client.infer(url, request(model, columns, [], binary=False), model_name=model)
        except httpx.HTTPStatusError as error:
            return str(error)
        return "was not refused"

    whole = await client.infer(url, request(asked.model, asked.columns, [], request_id="seven"), model_name=asked.model)
    return {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "model_ready": await client.is_model_ready(url, asked.model),
        "id": whole.id,
        "answered": [output.name for output in whole.outputs],
        "binary": await infer(asked.columns, []),
        "null_in_json": await infer(asked.columns, [], binary=False),
        "json": await infer([column.known for column in asked.columns], [], binary=False),
        "last": await infer(asked.columns, asked.outputs[-1:]),
        "many": await infer(asked.many(), []),
        "refused": await refused(asked.model, asked.wrong),
        "unknown": await refused("nope", asked.columns),
    }


async def main() -> None:
    """Open a client and tell what it saw."""
    asked = told()
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        tell(await converse(client, asked))


if __name__ == "__main__":
    asyncio.run(main())
