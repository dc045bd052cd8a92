"""The BentoML service: any stored model, named by `--arg model=NAME`.

BentoML makes a service from a class that is there when the module is imported, so this one module reads the store at
import: the argument names the model, its contract makes the typed API, its runtime the requirements of the image.
"""

import gc
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import bentoml
from bentoml.exceptions import BentoMLException
from bentoml.images import Image
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from bentos.artifact import ArtifactError, load, read_contract
from bentos.beneath import Beneath
from bentos.infer import blame
from bentos.json_only import JsonOnly
from bentos.metered import Metered
from bentos.protocol import PREFIXES, Protocol
from bentos.schema import request_model, response_model
from bentos.served import Served
from bentos.stored import tag_for_all
from contract import Contract, InvalidOutput, columns_to_records
from contract.table import pack_rows

CODE = Path(__file__).resolve().parents[1]

LONGEST_REQUEST_S = 31
"""Just above the gateway's longest deadline. Each request leaves a timer of this length behind, with a dozen objects,
1.5 KiB: at BentoML's default of 60 s a worker stalled for up to 300 ms in collections that walked them."""

UNTRACED = {"excluded_urls": ["."]}
"""BentoML makes three spans of every request, in full, whether anybody collects them or not: 200 of its 390 µs. Who
collects them excludes no URL in the file that BENTOML_CONFIG names."""


def contract_of(folder: Path) -> Contract:
    """Read the contract; what is wrong with it ends BentoML's command with one sentence."""
    try:
        return read_contract(folder)
    except ArtifactError as exc:
        raise BentoMLException(str(exc)) from exc


class Arguments(BaseModel):
    """Read what `--arg` gives, else `args` in bentofile.yaml."""

    model_config = ConfigDict(extra="forbid")

    model: str
    base: str


def pinned(path: str) -> str:
    """Give locked requirements as one line of a shell command."""
    lines = (CODE / path).read_text().splitlines()
    return " ".join(line.strip(" \\") for line in lines if not line.lstrip().startswith("#"))


ARGUMENTS = bentoml.use_arguments(Arguments)
MODEL = bentoml.models.BentoModel(tag_for_all(ARGUMENTS.model, CODE.parent))
FOLDER = Path(MODEL.resolve().path)
CONTRACT = contract_of(FOLDER)
SERVED = Served(CONTRACT, FOLDER)
Request, Response = request_model(CONTRACT), response_model(CONTRACT)
REQUIREMENTS = {"onnx": "requirements/service.txt", "scikit-learn": "requirements/service-sklearn.txt"}

# BentoML's own first step installs a compiler and git for packages that have no wheel; all of these have one, so no
# distribution is named. It would also fetch any uv, and leave pip's cache in the image.
IMAGE = (
    Image(base_image=ARGUMENTS.base, distro="", python_version="3.11", lock_python_packages=False)
    .run(f"echo {pinned('requirements/uv.txt')} | pip install --no-cache-dir --require-hashes -r /dev/stdin")
    .requirements_file(REQUIREMENTS[CONTRACT.runtime])  # no absolute path, but BentoML imports this at the root
)


@bentoml.service(
    name=CONTRACT.name,
    image=IMAGE,
    envs=[{"name": "UV_NO_CACHE", "value": "1"}],
    labels={"version": CONTRACT.version, "runtime": CONTRACT.runtime},
    workers=1,
    traffic={"timeout": LONGEST_REQUEST_S},
    logging={"access": {"enabled": False}},
    tracing=UNTRACED,
    metrics={"enabled": False},  # `Metered` counts
)
class ModelService:
    """Serve one stored model."""

    stored = MODEL

    def __init__(self) -> None:
        try:
            self.model = SERVED.model = load(FOLDER)
        except ArtifactError as exc:  # damaged since the start: BentoML would start workers again for ever
            sys.stderr.write(f"{exc}\n")
            os.kill(os.getppid(), signal.SIGTERM)
            raise
        # uvicorn's own access log goes nowhere, but would be written for every request.
        logging.getLogger("uvicorn.access").propagate = False
        # What lives for ever is not to be walked by every full collection: p99 of one caller fell from 33 to 0.9 ms.
        # The timers of requests outlive every young collection, so there is next to no other: of 10,000 objects one
        # takes 2 ms, of 50,000 14, and the old ones by Python's own count took 150.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 1_000, 1_000)

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def answer_golden_rows() -> None:
        """End the service once, before any worker, if the model does not answer as it did in training."""
        check = [sys.executable, "-m", "bentos.verify", str(FOLDER)]
        done = subprocess.run(check, cwd=CODE, capture_output=True, text=True, check=False)  # noqa: S603 (our own module)
        if done.returncode:
            raise BentoMLException(done.stderr.strip())

    @bentoml.api(route="/predict", input_spec=Request, output_spec=Response)  # type: ignore[untyped-decorator]
    async def predict(self, instances: list[Any]) -> Any:
        """Predict one or more records."""
        rows = [[getattr(record, field) for field in type(record).model_fields] for record in instances]
        table = pack_rows(CONTRACT.features, rows)
        try:
            columns = self.model.predict(table)
        except InvalidOutput as exc:
            return JSONResponse(blame(exc), 500)  # of an exception BentoML would hide which output it is
        predictions = columns_to_records(columns, CONTRACT.outputs)
        answered = {"predictions": predictions, "model": CONTRACT.name, "version": CONTRACT.version}
        return Response.model_validate(answered)


add_middleware = ModelService.add_asgi_middleware  # type: ignore[attr-defined]  # the decorator makes a service of it
add_middleware(Metered, model=CONTRACT.name)
add_middleware(Beneath, prefixes=PREFIXES, own=Protocol(SERVED).app())
add_middleware(JsonOnly)
