"""One thing that is measured, and the forms in which such things are asked and answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

Record = Mapping[str, Any]


class Form(msgspec.Struct, frozen=True):
    """Write a request for one record and read its answer.

    `model` is the one that answers, None where both do, and the answer is then an object by their names. `scores` are
    tensors too, answered by a probability for each class, without the label that a threshold decides.
    """

    kind: Literal["instances", "tensors", "scores", "echo"]
    model: str | None = None

    def body(self, record: Record, features: Sequence[str]) -> bytes:
        """Write a body; a tensor holds the features in the model's order."""
        if self.kind not in ("tensors", "scores"):
            return msgspec.json.encode({"instances": [record]})
        data = [record[name] for name in features]
        tensor = {"name": "features", "datatype": "FP64", "shape": [1, len(data)], "data": data}
        return msgspec.json.encode({"inputs": [tensor]})

    def told(self, prediction: Record) -> Record:
        """Give what of a prediction is told in this form."""
        return {name: prediction[name] for name in prediction if self.kind != "scores" or name == "probability"}

    def read(self, answer: bytes) -> dict[str, Any]:
        """Give what each model said; raises KeyError, IndexError and DecodeError for another answer."""
        document = msgspec.json.decode(answer)
        if self.kind == "echo":
            return {}
        if self.kind == "tensors":
            said = {output["name"]: output["data"][0] for output in document["outputs"]}
        elif self.kind == "scores":
            said = {"probability": document["outputs"][0]["data"][1]}
        else:
            said = document["predictions"][0]
        return {self.model: said} if self.model else said


BOTH, ONE = Form("instances"), Form("instances", "diagnosis")
TENSORS, SCORES = Form("tensors", "diagnosis"), Form("scores", "diagnosis")
ECHOED = Form("echo")


class Peer(msgspec.Struct, frozen=True):
    """Say how to start one, and how to ask it.

    `command`, the variables, and the files, which are templates of this folder, may hold `$port`, `$second` and
    `$third` for free ports, `$folder` for a folder of its own, `$root`, `$python` and `$venv` for the environment's
    programs, `$diagnosis` for where that service listens. `written` says how it is written, `own` that it holds its
    models itself, `service` that it is one of our model services, which gateways ask, `brief` that
    no figure compares with it, so that it is loaded for half as long.
    """

    name: str
    title: str
    written: str
    form: Form
    path: str
    command: str
    environment: str = ""
    files: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    own: bool = False
    service: bool = False
    brief: bool = False
