"""A server of one model under many paths, on each with another fault: what a candidate may have wrong."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contract import Interface, table_from_tensors
from contract.table import Array
from oip import HEADER_LENGTH, InferResponse, Tensor, read_request, write_response

Inputs = dict[str, Array]
Outputs = dict[str, Array]

TRUE = "true"
"""Whose answers callers get."""

THRESHOLD = 0.5
SLOW_S = 0.5
LARGEST = 9.5
RANDOM = np.random.default_rng(20)


def model(inputs: Inputs) -> Outputs:
    """Give a probability, and what follows from it."""
    probability = 1 / (1 + np.exp(9.3 - inputs["width"] - inputs["height"] - inputs["count"] / 3))
    return {"probability": probability, "label": labels(probability)}


def labels(probability: Array, threshold: float = THRESHOLD) -> Array:
    """Decide."""
    return np.where(probability >= threshold, "high", "low").astype(object)


def scored(change: Callable[[Array], Array]) -> Callable[[Inputs], Outputs]:
    """Change the probability of each row, and decide nothing by that."""

    def answer(inputs: Inputs) -> Outputs:
        outputs = model(inputs)
        return {**outputs, "probability": np.asarray(change(outputs["probability"]))}

    return answer


def asked(**changes: Callable[[Inputs], Array]) -> Callable[[Inputs], Outputs]:
    """Change what the model reads."""
    return lambda inputs: model({**inputs, **{name: change(inputs) for name, change in changes.items()}})


def decided(change: Callable[[Array], Array]) -> Callable[[Inputs], Outputs]:
    """Change the label alone."""

    def answer(inputs: Inputs) -> Outputs:
        outputs = model(inputs)
        return {**outputs, "label": change(outputs["probability"])}

    return answer


def all_rows(change: Callable[[Array], Array]) -> Callable[[Inputs], Outputs]:
    """Change every output alike."""
    return lambda inputs: {name: change(column) for name, column in model(inputs).items()}


def stale(inputs: Inputs) -> Outputs:
    """Answer as a model of last year would."""
    return {**model(inputs), "probability": 1 / (1 + np.exp(9 - inputs["width"] * 1.2 - inputs["height"]))}


def failing(inputs: Inputs) -> Outputs:
    """Fail where a record is among the largest, as of one in ten requests of ten."""
    if (inputs["width"] > LARGEST).any():
        raise ZeroDivisionError
    return model(inputs)


def exchanged(probability: Array) -> Array:
    """Give the other class."""
    return np.where(labels(probability) == "high", "low", "high").astype(object)


FAULTS: Mapping[str, tuple[Callable[[Inputs], Outputs], set[str]]] = {
    "scaled": (scored(lambda p: p * 0.9), {"scaled"}),
    "offset": (scored(lambda p: p * 0.9 + 0.05), {"scaled"}),
    "shiftedscore": (scored(lambda p: p - 0.001), {"offset", "differs", "failures"}),
    "sign": (scored(lambda p: 1 - p), {"scaled"}),
    "unit": (asked(width=lambda i: i["width"] * 100), {"differs", "unrelated", "constant"}),
    "columnsswapped": (asked(width=lambda i: i["height"], height=lambda i: i["width"] * 1.5), {"differs"}),
    "classesswapped": (decided(exchanged), {"swapped"}),
    "threshold": (decided(lambda p: labels(p, 0.7)), {"threshold"}),
    "truncated": (all_rows(lambda column: column[:-1]), {"failures"}),
    "rounded": (scored(lambda p: p.round(1)), {"rounded"}),
    "stale": (stale, {"differs"}),
    "constant": (scored(lambda p: np.full_like(p, 0.4)), {"constant"}),
    "noise": (scored(lambda p: (p + RANDOM.normal(0, 0.02, len(p))).clip(0, 1)), {"differs"}),
    "nan": (scored(lambda p: np.where(p > 0.6, np.nan, p)), {"failures"}),
    "ignored": (asked(count=lambda i: i["count"] * 0), {"differs"}),
    "reversed": (all_rows(lambda column: column[::-1]), {"order"}),
    "rowsshifted": (all_rows(lambda column: np.concatenate([column[:1], column[:-1]])), {"unrelated"}),
    "clipped": (scored(lambda p: p.clip(0.2, 0.8)), {"clipped"}),
    "fails": (failing, {"failures"}),
    "slow": (model, {"slow"}),
    "hangs": (model, {"hangs"}),
}
"""What each does, and one of the words that the report has for it."""

IDENTICAL: Mapping[str, Callable[[Inputs], Outputs]] = {
    "twin": model,
    "same": scored(lambda p: (p + RANDOM.uniform(-5e-7, 5e-7, len(p))).clip(0, 1)),
}


class Candidates:
    """Serve the model under the name of each fault, and of each that has none."""

    def __init__(self, folder: Path) -> None:
        self.contract = (folder / "contract.json").read_bytes()
        self.read = msgspec.json.decode(self.contract, type=Interface)
        self.gives = {TRUE: model, **IDENTICAL, **{name: gives for name, (gives, _) in FAULTS.items()}}

    def app(self) -> Starlette:
        """Give the app."""
        return Starlette(
            routes=[
                Route("/{fault}/artifact/contract", self.tell),
                Route("/{fault}/v2/models/plain/ready", self.tell),
                Route("/{fault}/v2/models/plain/infer", self.infer, methods=["POST"]),
            ]
        )

    async def tell(self, _: Request) -> Response:
        """Give the contract."""
        return Response(self.contract)

    async def infer(self, request: Request) -> Response:
        """Answer as the fault does."""
        fault = request.path_params["fault"]
        await asyncio.sleep({"slow": SLOW_S, "hangs": 3600}.get(fault, 0))
        asked = read_request(await request.body(), request.headers.get(HEADER_LENGTH))
        table = table_from_tensors(self.read.features, asked.tensors)
        try:
            outputs = self.gives[fault]({name: np.asarray(column, float) for name, column in table.columns.items()})
        except ZeroDivisionError:
            return Response(status_code=500)
        tensors = [Tensor(one.name, one.datatype, outputs[one.name]) for one in self.read.outputs]
        answer, size = write_response(InferResponse("plain", self.read.version, tensors), [True] * len(tensors))
        return Response(answer, headers={HEADER_LENGTH: str(size)})


def settings_of(port: int) -> dict[str, Any]:
    """Give the backends of a gateway, one for each path; breakers would hide what a candidate fails with."""
    return {
        name: {
            "url": f"http://127.0.0.1:{port}/{name}",
            "model": "plain",
            "breaker": {"failures": 1000},
        }
        for name in (TRUE, *IDENTICAL, *FAULTS)
    }
