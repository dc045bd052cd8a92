"""A fitted model as the service loads it, and what it says of records."""

import json
import sys
from pathlib import Path
from typing import Any

from bentos.artifact import Model, load
from contract import columns_to_records
from contract.decode import RecordDecoder
from tests.conftest import locked, run


def fitted(store: Path, name: str) -> Model:
    """Load a model from a store; trains it first, with the command that a user runs, if it is not there."""
    with locked(store):
        if not (store / "models" / name).exists():
            run(sys.executable, "training/train.py", name, BENTOML_HOME=str(store))
    (found,) = store.glob(f"models/{name}/*/model.yaml")
    return load(found.parent)


def ask(model: Model, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """Predict records."""
    body = json.dumps({"instances": records}).encode()
    table, _ = RecordDecoder(model.contract.features).decode(body, 10_000)
    return columns_to_records(model.predict(table), model.contract.outputs)
