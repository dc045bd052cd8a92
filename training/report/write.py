"""Writing the page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from contract import Contract, Measure
from training.artifact import Fitted, profiles
from training.corrupt import UNIT_FACTOR
from training.judge import Evidence
from training.report import plots
from training.report.figure import draw
from training.report.importance import permutation_importance, unit_errors_by_feature


def write_report(
    fitted: Fitted, evidence: Evidence, contract: Contract, alternatives: Mapping[str, dict[str, Measure]]
) -> bytes:
    """Give the report as a self-contained HTML page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    described = profiles(fitted, contract)
    page = environment.get_template("report.html.jinja").render(
        contract=contract,
        model=fitted.model,
        plots=task_plots(fitted, evidence),
        alternatives=alternatives,
        features=[
            (
                feature,
                described["features"][feature.name],
                draw(plots.histogram(described["features"][feature.name]), 2, 0.7),
            )
            for feature in contract.features
        ],
        held_out=len(fitted.held_out),
        spoken=lambda value: value if isinstance(value, str) else json.dumps(value),
    )
    return page.encode()


def task_plots(fitted: Fitted, evidence: Evidence) -> list[Markup]:
    """Draw what belongs to the task."""
    rule, threshold, samples = fitted.model.threshold, evidence.threshold, evidence.samples
    rows = fitted.dataset.rows(fitted.held_out)
    if fitted.model.task == "classification":
        good, bad, labels = samples["negative"], samples["positive"], (str(rule.below), str(rule.at_or_above))
        named = {labels[0]: good, labels[1]: bad}
    else:
        good, labels = samples["held_out"], ("as trained", "novel")
        bad = np.concatenate([values for name, values in samples.items() if name != "held_out"] or [good[:0]])
        named = dict(samples)
    truth, score = truth_and_score(good, bad)
    counts = np.array([[(part < threshold).sum(), (part >= threshold).sum()] for part in (good, bad)])
    painters: list[Any] = [plots.confusion(counts, labels)]
    painters.append(plots.distributions(named, threshold, rule.score, logarithmic=fitted.model.task == "novelty"))
    if len(bad):
        painters += [plots.roc(truth, score, threshold), plots.precision_recall(truth, score, threshold)]
    if fitted.model.task == "classification":
        actual = (np.asarray(fitted.dataset.target)[fitted.held_out] == rule.at_or_above).astype(float)
        lost = permutation_importance(fitted, rows, actual)
        painters.append(plots.calibration(truth, score))
        painters.append(plots.bars(lost, "Permutation importance", "Area under the ROC curve lost"))
    else:
        found = unit_errors_by_feature(fitted, rows, UNIT_FACTOR)
        missed = {name: 1 - share for name, share in found.items()}
        painters.append(plots.bars(missed, "Unit errors that are missed, by feature", "Share missed"))
    return [draw(painter) for painter in painters]


def truth_and_score(good: Any, bad: Any) -> tuple[Any, Any]:
    """Put two samples behind each other: nought and one, and their scores."""
    return np.concatenate([np.zeros(len(good)), np.ones(len(bad))]), np.concatenate([good, bad])
