"""The columns of both models, drawn at random."""

import numpy as np

from contract import Feature
from models import Data

NUMBERS = ("income", "savings", "age", "children")
FLAGS = ("owner", "insured")
CATEGORIES = ("region", "job")

FEATURES = (
    Feature(name="income", type="number", minimum=0, unit="EUR", description="A number", example=2500.5),
    Feature(name="savings", type="number", nullable=True, description="A number or nothing", example=120.25),
    Feature(name="age", type="integer", minimum=0, maximum=150, description="A whole number", example=40),
    Feature(name="children", type="integer", nullable=True, description="A whole number or nothing", example=2),
    Feature(name="owner", type="boolean", description="A yes or no", example=True),
    Feature(name="insured", type="boolean", nullable=True, description="A yes, no or nothing", example=False),
    Feature(name="region", type="category", categories=("east", "north", "west"), description="One", example="east"),
    Feature(
        name="job",
        type="category",
        nullable=True,
        categories=("clerk", "nurse", "smith", "weaver"),
        description="A category or nothing",
        example="nurse",
    ),
)


def data() -> Data:
    """Draw 800 rows, a tenth of each nullable column missing; "weaver" is possible but never seen."""
    random, rows = np.random.default_rng(13), 800
    columns = {
        "income": random.gamma(4, 600, rows),
        "savings": random.normal(0, 500, rows),
        "age": random.integers(18, 90, rows),
        "children": random.integers(0, 5, rows).astype(object),
        "owner": random.random(rows) < 0.4,
        "insured": (random.random(rows) < 0.5).astype(object),
        "region": random.choice(["east", "north", "west"], rows).astype(object),
        "job": random.choice(["clerk", "nurse", "smith"], rows).astype(object),
    }
    pays = columns["income"] / 1200 + columns["savings"] / 500 + columns["owner"] + (columns["job"] == "nurse")
    target = np.where(pays + random.normal(0, 0.5, rows) > 2.8, "pays", "owes")
    for feature in FEATURES:
        if feature.nullable:
            missing = {"number": np.nan, "category": ""}.get(feature.type)
            columns[feature.name][random.random(rows) < 0.1] = missing
    return Data(columns=columns, target=target)
