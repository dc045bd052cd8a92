"""Writing the page."""

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contract import Contract, Measure
from training.artifact import Fitted, profiles
from training.judge import Evidence
from training.report import binary, multiclass, novelty, plots, regression
from training.report.figure import Painter, draw


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
        plots=[draw(painter) for painter in painters(fitted, evidence)],
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


def painters(fitted: Fitted, evidence: Evidence) -> list[Painter]:
    """Give the plots that belong to the task."""
    if fitted.model.task == "regression":
        return regression.painters(fitted, evidence)
    if evidence.threshold is None:
        return multiclass.painters(fitted, evidence)
    if fitted.model.task == "novelty":
        return novelty.painters(fitted, evidence, evidence.threshold)
    return binary.painters(fitted, evidence, evidence.threshold)
