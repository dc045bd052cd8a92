"""A FastAPI gateway over httpx, as the documentation of both shows it: a typed route, `gather`, and JSON."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.wire import MODELS, url_of


class Instances(BaseModel):
    """Hold a request."""

    instances: list[dict[str, float]]


class Predictions(BaseModel):
    """Hold an answer."""

    predictions: list[dict[str, dict[str, Any]]]


async def columns(client: httpx.AsyncClient, name: str) -> list[str]:
    """Learn the columns of a model."""
    return [one["name"] for one in (await client.get(url_of(name))).json()["inputs"]]


async def ask(client: httpx.AsyncClient, name: str, features: list[str], given: Instances) -> list[dict[str, Any]]:
    """Ask one model."""
    data = [record[feature] for record in given.instances for feature in features]
    tensor = {"name": "features", "datatype": "FP64", "shape": [len(given.instances), len(features)], "data": data}
    response = await client.post(f"{url_of(name)}/infer", json={"inputs": [tensor]})
    outputs = response.raise_for_status().json()["outputs"]
    names = [output["name"] for output in outputs]
    return [dict(zip(names, row, strict=True)) for row in zip(*(o["data"] for o in outputs), strict=True)]


def gateway(*, fresh: bool) -> FastAPI:
    """Make the app, with one client for all requests or a new one for each."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=30) as client:
            app.state.client = client
            app.state.columns = {name: await columns(client, name) for name in MODELS}
            yield

    app = FastAPI(lifespan=lifespan)

    async def both(client: httpx.AsyncClient, given: Instances) -> Predictions:
        answers = await asyncio.gather(*(ask(client, name, app.state.columns[name], given) for name in MODELS))
        return Predictions(predictions=[dict(zip(MODELS, row, strict=True)) for row in zip(*answers, strict=True)])

    @app.post("/predict")
    async def predict(given: Instances) -> Predictions:
        if not fresh:
            return await both(app.state.client, given)
        async with httpx.AsyncClient(timeout=30) as client:
            return await both(client, given)

    return app


def shared_client() -> FastAPI:
    """Make the app with one client for all requests."""
    return gateway(fresh=False)


def new_clients() -> FastAPI:
    """Make the app with a new client for each request."""
    return gateway(fresh=True)
