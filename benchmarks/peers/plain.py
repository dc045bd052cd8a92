"""A Starlette gateway over aiohttp with msgspec and binary tensors: two calls for each request, nothing joined."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.wire import MODELS, REQUEST, Model, Rows, open_models

Ask = Callable[[Rows], Awaitable[list[dict[str, Any]]]]


def gateway(asker: Callable[[Model], Ask]) -> Starlette:
    """Make an app that asks both models, each in the way that `asker` makes of it."""

    @contextlib.asynccontextmanager
    async def lifespan(started: Starlette) -> AsyncIterator[None]:
        session, models = await open_models()
        started.state.asked = [(model.features, asker(model)) for model in models]
        async with session:
            yield

    async def predict(request: Request) -> Response:
        records = REQUEST.decode(await request.body()).instances
        answers = await asyncio.gather(
            *(
                ask([[record[name] for name in features] for record in records])
                for features, ask in request.app.state.asked
            )
        )
        predictions = [dict(zip(MODELS, row, strict=True)) for row in zip(*answers, strict=True)]
        return Response(msgspec.json.encode({"predictions": predictions}), media_type="application/json")

    return Starlette(routes=[Route("/predict", predict, methods=["POST"])], lifespan=lifespan)


def app() -> Starlette:
    """Make the app."""
    return gateway(lambda model: model.ask)
