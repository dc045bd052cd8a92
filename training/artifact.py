"""Putting an artifact together: contract, estimator, graph, golden rows, profile, and the version they give."""

import importlib.metadata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import skops.io

from contract import (
    TRUSTED_TYPES,
    Card,
    Contract,
    Measure,
    Provenance,
    Table,
    answer,
    columns_to_records,
    raw_scores,
)
from contract.artifact import CONTRACT, ESTIMATOR, GOLDEN, GRAPH, PROFILE
from contract.table import Array
from models import Model
from training.dataset import Dataset
from training.digest import VERSION_DIGITS, digest_of
from training.errors import TrainingError
from training.outputs import decisions_of, outputs_of
from training.parity import Verdict
from training.profile import profile
from training.reads import reads

GOLDEN_ROWS = 32
LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx", "skops")


@dataclass(frozen=True)
class Fitted:
    """Hold what one training found."""

    model: Model
    dataset: Dataset
    training: Array
    held_out: Array
    estimator: Any
    elsewhere: bool
    threshold: float | None
    unseen: Array
    metrics: dict[str, Measure]
    verdict: Verdict
    seed: int


def contract_of(fitted: Fitted) -> Contract:
    """Write down what callers and servers need to know, but for the version."""
    model, classes = fitted.model, fitted.dataset.classes
    return Contract(
        name=model.name,
        task=model.task,
        description=model.description,
        features=model.features,
        outputs=outputs_of(model, classes),
        decisions=decisions_of(model, classes, fitted.threshold),
        reads=reads(fitted.estimator, model.features),
        runtime="onnx" if fitted.verdict.graph else "scikit-learn",
        runtime_reason=fitted.verdict.reason,
        metrics=fitted.metrics,
        card=Card(intended_use=model.intended_use, not_for=model.not_for, data_source=model.data_source),
        provenance=Provenance(
            rows=fitted.dataset.table.rows,
            training_rows=len(fitted.training),
            data_sha256=fitted.dataset.sha256,
            seed=fitted.seed,
            fitted_elsewhere=fitted.elsewhere,
            libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
        ),
    )


def files_of(fitted: Fitted, contract: Contract) -> tuple[str, dict[str, bytes]]:
    """Give the version and the files of an artifact, the contract among them with digest and time filled in."""
    identity = {CONTRACT: contract.to_json(), ESTIMATOR: dump(fitted.model.name, fitted.estimator)}
    if fitted.verdict.graph:
        identity[GRAPH] = fitted.verdict.graph
    digest = digest_of(identity)
    version, now = digest[:VERSION_DIGITS], datetime.now(UTC).replace(microsecond=0)
    provenance = msgspec.structs.replace(contract.provenance, digest=digest, trained=now)
    return version, {
        **identity,
        CONTRACT: msgspec.structs.replace(contract, version=version, provenance=provenance).to_json(),
        GOLDEN: golden(fitted, contract),
        PROFILE: to_json(profiles(fitted, contract)),
    }


def dump(name: str, estimator: Any) -> bytes:
    """Write the estimator as skops, which is no pickle; raises TrainingError for what it cannot hold."""
    try:
        stored: bytes = skops.io.dumps(estimator)
    except Exception as exc:  # skops has no common error
        raise TrainingError(f"the estimator of {name} cannot be stored without pickle: {exc}") from exc
    if unknown := sorted(set(skops.io.get_untrusted_types(data=stored)) - set(TRUSTED_TYPES)):
        raise TrainingError(
            f"the estimator of {name} holds types that no service would load: {', '.join(unknown)}; "
            "make it of others, or, if none of them runs what a file says, add them to contract/trusted.py"
        )
    return stored


def golden(fitted: Fitted, contract: Contract) -> bytes:
    """Write the first held-out rows with scikit-learn's answers, as a request and its predictions."""
    rows = fitted.dataset.rows(fitted.held_out[:GOLDEN_ROWS])
    predictions = predict(fitted, contract, rows)
    return to_json({"instances": columns_to_records(rows.columns, rows.features), "predictions": predictions})


def predict(fitted: Fitted, contract: Contract, rows: Table) -> list[dict[str, Any]]:
    """Answer rows as the model service will."""
    scores = raw_scores(contract.task, fitted.estimator, rows.inputs(contract.reads))
    return columns_to_records(answer(contract, scores), contract.outputs)


def profiles(fitted: Fitted, contract: Contract) -> dict[str, Any]:
    """Describe the training rows, and what the model says of rows that it has not seen."""
    table = fitted.dataset.rows(fitted.training)
    return {
        "features": profile(contract.features, table.columns),
        "outputs": profile(contract.outputs, answer(contract, fitted.unseen)),
    }


def to_json(document: Any) -> bytes:
    """Write JSON that reads well and repeats."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1)
