"""The two stored models: where they are, and golden rows to ask peers about."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.forms import example
from benchmarks.peers import Form
from benchmarks.processes import Failed

MODELS = ("diagnosis", "novelty")
GOLDEN = 3
"""So many golden rows of each model are asked, before and after every load."""


@dataclass(frozen=True)
class Stored:
    """Hold where a model is stored, its features in order, and golden records with their predictions."""

    folder: Path
    features: list[str]
    golden: list[tuple[dict[str, Any], dict[str, Any]]]


@dataclass(frozen=True)
class Question:
    """Hold a body, and what must be said to it, by model; an echo says the body."""

    body: bytes
    said: Mapping[str, Any]


def store() -> Path:
    """Say where BentoML keeps models."""
    return Path(os.environ.get("BENTOML_HOME") or Path.home() / "bentoml") / "models"


def stored(name: str) -> Stored:
    """Find a model in BentoML's store; raises Failed where it was not trained."""
    folder = store() / name
    try:
        version = folder / (folder / "latest").read_text().strip()
        golden = json.loads((version / "golden.json").read_bytes())
        features = [one["name"] for one in json.loads((version / "contract.json").read_bytes())["features"]]
    except OSError as exc:
        raise Failed(f"{name} is not found in {folder}: make train") from exc
    return Stored(version, features, list(zip(golden["instances"], golden["predictions"], strict=True))[:GOLDEN])


def questions(form: Form, models: Mapping[str, Stored]) -> list[Question]:
    """Write golden rows as a form has them, with what training said."""
    if form.kind == "echo":
        return [Question(body_of(form, models), {})]
    return [
        Question(form.body(record, models[name].features), {name: form.told(said)})
        for name in ([form.model] if form.model else MODELS)
        for record, said in models[name].golden
    ]


def body_of(form: Form, models: Mapping[str, Stored]) -> bytes:
    """Write the documented record as a form has it."""
    record = example()
    return form.body(record, models[form.model].features if form.model else list(record))
