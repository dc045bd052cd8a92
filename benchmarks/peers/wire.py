"""What the gateways among the peers share: where the models are, and tensors of one matrix to and from them."""

import os
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec
import numpy as np

MODELS = ("diagnosis", "novelty")
Rows = Sequence[Sequence[float]]


class Instances(msgspec.Struct):
    """Mirror a body of `/v1`."""

    instances: list[dict[str, float]]


class Output(msgspec.Struct):
    """Mirror a tensor that is answered."""

    name: str
    data: list[Any]


class Answer(msgspec.Struct):
    """Mirror an answer of the protocol."""

    outputs: list[Output]

    def predictions(self) -> list[dict[str, Any]]:
        """Give one object for each row."""
        names = [output.name for output in self.outputs]
        return [dict(zip(names, row, strict=True)) for row in zip(*(o.data for o in self.outputs), strict=True)]


REQUEST, ANSWER = msgspec.json.Decoder(Instances), msgspec.json.Decoder(Answer)


def url_of(name: str) -> str:
    """Give the address of a model."""
    return f"{os.environ[f'{name.upper()}_URL']}/v2/models/{name}"


class Model:
    """Ask one model over a shared session, rows as a binary tensor; the names of its columns are asked for once."""

    def __init__(self, session: aiohttp.ClientSession, name: str, features: list[str]) -> None:
        self.session, self.name, self.features = session, name, features
        self.url = f"{url_of(name)}/infer"

    async def ask(self, rows: Rows) -> list[dict[str, Any]]:
        """Give one prediction for each row."""
        data = np.array(rows).tobytes()
        tensor = {"name": "features", "datatype": "FP64", "shape": [len(rows), len(self.features)]}
        head = msgspec.json.encode({"inputs": [{**tensor, "parameters": {"binary_data_size": len(data)}}]})
        headers = {"Inference-Header-Content-Length": str(len(head))}
        async with self.session.post(self.url, data=head + data, headers=headers) as response:
            response.raise_for_status()
            return ANSWER.decode(await response.read()).predictions()


async def open_models() -> tuple[aiohttp.ClientSession, list[Model]]:
    """Open a session without a limit, and learn the columns of both models."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    models = []
    for name in MODELS:
        async with session.get(url_of(name)) as response:
            features = [one["name"] for one in (await response.json())["inputs"]]
        models.append(Model(session, name, features))
    return session, models
