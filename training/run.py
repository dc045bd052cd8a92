"""One training, from the data to the store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from contract import Contract, Measure
from contract.artifact import CONTRACT, MANIFEST, REPORT, manifest
from models import Model
from training import store
from training.artifact import Fitted, contract_of, files_of
from training.dataset import read_dataset, split
from training.errors import TrainingError
from training.estimator import check_fitted, check_scores
from training.fit import choose_threshold, learned
from training.judge import Evidence, gather, judge
from training.parity import gate
from training.probes import probe_rows
from training.progress import Step
from training.replacement import Replacement, refuse_breaking, replacement
from training.report import write_report

SEED = 20260101


@dataclass(frozen=True)
class Outcome:
    """Say what a training did: the contract that is stored now, where its report lies, and what it replaces."""

    contract: Contract
    stored: Literal["new", "again", "unchanged", "back"]
    report: Path
    replaces: Replacement


def train(model: Model, step: Step = lambda _: None, *, force: bool = False, allow_breaking: bool = False) -> Outcome:
    """Fit, judge and store one model; `step` is told what is under way.

    The same content is not stored twice unless `force` is set, and what would break callers of the latest version is
    not stored unless `allow_breaking` is. Raises TrainingError, and leaves the store as it was.
    """
    # Sums in another order give other last digits, and with them another version.
    with threadpool_limits(limits=1):
        fitted, evidence = fit_and_judge(model, step)
        version, files = files_of(fitted, contract_of(fitted))
        contract = Contract.from_json(files[CONTRACT])
        replaces = replacement(contract)
        if not allow_breaking:
            refuse_breaking(model.name, replaces)
        known = store.is_stored(model.name, version)
        if known and not force:
            store.make_latest(model.name, version)
        else:
            step("report")
            others = judge_alternatives(model, fitted)
            files[REPORT] = write_report(fitted, evidence, contract, others)
            files[MANIFEST] = manifest(files)
            if known:
                store.replace(model.name, version, files)
            else:
                store.save(model.name, version, files, {"runtime": contract.runtime, "task": contract.task})
    stored: Literal["new", "again", "unchanged", "back"] = "again" if known and force else "new"
    if known and not force:
        stored = "unchanged" if replaces.version == version else "back"
    report = store.report_path(model.name, version)
    return Outcome(Contract.from_json((report.parent / CONTRACT).read_bytes()), stored, report, replaces)


def compare(model: Model, step: Step = lambda _: None) -> tuple[Contract, Replacement]:
    """Fit and judge one model as `train` does, store nothing, and say what it would replace; raises TrainingError."""
    with threadpool_limits(limits=1):
        fitted, _ = fit_and_judge(model, step)
        _, files = files_of(fitted, contract_of(fitted))
    contract = Contract.from_json(files[CONTRACT])
    return contract, replacement(contract)


def fit_and_judge(model: Model, step: Step) -> tuple[Fitted, Evidence]:
    """Do all that comes before storing; raises TrainingError for a model below its bar."""
    step("data")
    np.random.seed(SEED)  # noqa: NPY002 (an estimator without a seed of its own draws from this generator)
    dataset = read_dataset(model)
    training, held_out = split(dataset, SEED)
    step("fit and cross-validation")
    estimator, unseen, elsewhere = learned(model, model.estimator, dataset, training, SEED)
    held = dataset.rows(held_out)
    check_fitted(model, estimator, dataset.classes, held)
    check_scores(model, dataset.classes, unseen)
    threshold = choose_threshold(model, unseen, dataset, training)
    step("judging")
    evidence = gather(model, estimator, dataset, held_out, threshold=threshold, seed=SEED)
    metrics = judge(model, evidence, SEED)
    refuse_below_bar(model, metrics)
    step("parity gate")
    verdict = gate(model.task, estimator, held, probe_rows(model.task, estimator, held, SEED))
    fitted = Fitted(model, dataset, training, held_out, estimator, elsewhere, threshold, unseen, metrics, verdict, SEED)
    return fitted, evidence


def refuse_below_bar(model: Model, metrics: dict[str, Measure]) -> None:
    """Raise TrainingError that names every metric below its bar."""
    missed = [
        f"{name} is {metric.value:.4g}, its bar is {bar_text(metric)}"
        for name, metric in metrics.items()
        if not metric.passed
    ]
    if missed:
        raise TrainingError(f"{model.name} is not stored: {'; '.join(missed)}")


def bar_text(metric: Measure) -> str:
    """Write a bar as people do."""
    if metric.at_least is not None:
        return f"≥ {metric.at_least:g}"
    return "" if metric.at_most is None else f"≤ {metric.at_most:g}"


def judge_alternatives(model: Model, fitted: Fitted) -> dict[str, dict[str, Measure]]:
    """Judge the alternatives as the model was judged, for the report."""
    found, dataset = {}, fitted.dataset
    for name, make in model.alternatives.items():
        estimator, unseen, _ = learned(model, make, dataset, fitted.training, SEED)
        threshold = choose_threshold(model, unseen, dataset, fitted.training)
        evidence = gather(model, estimator, dataset, fitted.held_out, threshold=threshold, seed=SEED)
        found[name] = judge(model, evidence, SEED, resamples=0)
    return found
