"""A tiny novelty detector whose score overflows: the square of a number that nothing bounds."""

from typing import Any

import numpy as np

from contract import Feature
from models import Bar, Data, Model, Named, Threshold


def data() -> Data:
    """Draw 200 rows around nought."""
    return Data(columns={"shift": np.random.default_rng(5).normal(0, 1, 200)})


def estimator() -> Any:
    """Make one Gaussian."""
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(1, random_state=0)


MODEL = Model(
    name="unbounded",
    task="novelty",
    description="Whether the shift is strange",
    features=(Feature(name="shift", type="number", description="How far", example=0.1),),
    outputs=(
        Named(name="is_novel", description="The decision"),
        Named(name="score", description="How strange"),
    ),
    threshold=Threshold(false_alarms=0.05),
    data=data,
    estimator=estimator,
    bars=(Bar(metric="false_alarms", at_most=0.2),),
    intended_use="Tests.",
    not_for="Anything else.",
    data_source="Drawn at random.",
)
