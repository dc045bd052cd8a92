"""What is told of drift to people: the fields of a model as a JSON document."""

import math
from typing import Any

from gateway.drift.distance import Distances
from gateway.drift.drift import Drift
from gateway.drift.exposed import figures
from gateway.drift.profile import Described


def document(drift: Drift) -> dict[str, Any] | None:
    """Describe the fields of a model, what moved most first; None where it has no profile.

    As long as there are too few rows to compare, figures and live shares are null and the order is the contract's.
    """
    found = drift.look()
    if drift.contract is None:
        return None
    order = list(range(len(drift.fields)))
    if found is not None:
        order.sort(key=lambda index: -float(found.ratio[index]))
    fields = [field_document(drift, found, index) for index in order]
    return {"version": drift.contract.version, "rows": drift.window.rows, "fields": fields}


def field_document(drift: Drift, found: Distances | None, index: int) -> dict[str, Any]:
    """Describe one field."""
    field, training = drift.fields[index], drift.training
    start = int(training.cells.cells.starts[index])
    cells = slice(start, start + len(field.training.counts))
    told = figures(drift, found, index) if found is not None else {}
    return {
        "name": field.about.name,
        "kind": field.kind,
        "type": field.about.type,
        "unit": field.about.unit,
        "psi": told.get("psi"),
        "ks": None if math.isnan(told.get("ks", math.nan)) else told["ks"],
        "missing": told.get("missing_ratio"),
        "unseen": told.get("unseen_ratio"),
        "alarm": field.label in drift.alarms,
        "training": {**scale(field.training), "shares": training.shares[cells].tolist()},
        "live": {"shares": None if found is None else found.shares[cells].tolist()},
    }


def scale(training: Described) -> dict[str, Any]:
    """Give what the shares belong to, and what is missing of all rows."""
    of = {"edges": training.edges} if training.edges else {"values": training.values}
    return {**of, "missing": training.missing / max(training.rows, 1)}
