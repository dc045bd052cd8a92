"""The catalog finds models by itself, and names what is wrong with a file."""

import re
from pathlib import Path

import pytest

from models import CatalogError, catalog, model_names
from tests.conftest import TINY

GOOD = (TINY / "plain.py").read_text()


def test_the_shipped_models_are_found() -> None:
    """A file is all that a model needs."""
    assert {"diagnosis", "novelty"} <= set(model_names())
    assert {name: model.name for name, model in catalog().items()} == {name: name for name in model_names()}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('name="plain",', 'name="other",', "name: must be that of the file, 'plain', not 'other'"),
        ('name="plain",', 'name="Plain!",', "'Plain!': the name of a model matches"),
        ("MODEL = ", "MODLE = ", "MODEL is missing"),
        ('task="classification"', 'task="guessing"', "task: is one of classification, regression, novelty"),
        ('description="Whether it is high",', "", "missing 1 required keyword-only argument: 'description'"),
        ("minimum=0, maximum=100", "minimum=9, maximum=1", "width: minimum and maximum are finite and in order"),
        ('name="height"', 'name="width"', "features: named twice: width"),
        (
            'description="Of high")',
            'description="Of high", of="low")',
            "outputs: probability gives the probability",
        ),
        (
            'description="Of high")',
            'description="Of high", unit="%")',
            "outputs: neither a decision nor a probability has",
        ),
        ('description="The decision"', 'description="The decision", maximum=1', "outputs: neither a decision nor"),
        ('name="label"', 'name="the label"', "'the label': a name matches"),
        ('name="label"', 'name="probability"', "outputs: named twice: probability"),
        ("recall=0.9", "recall=2", "threshold: give one of recall and false_alarms"),
        ("at_least=0.9", "", "bars: roc_auc has either at_least or at_most"),
        ("bars=(Bar", "bars=[Bar", "SyntaxError"),
        ("example=3.0", 'example="tall"', "features: the example of height must be a number"),
        ("minimum=0, example=4", "minimum=5, example=4", "features: the example of count must be at least 5"),
        ("estimator=estimator", "estimator=None", "estimator: must be a function"),
        ("import numpy as np", "import nunpy as np", "No module named 'nunpy'"),
    ],
)
def test_a_file_that_breaks_the_form_is_named_with_its_field(tmp_path: Path, old: str, new: str, text: str) -> None:
    """The message says which file, which field, and what is wrong."""
    assert old in GOOD
    (tmp_path / "plain.py").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(CatalogError) as caught:
        catalog(tmp_path)

    assert re.match(rf"{tmp_path.name}/plain\.py(, line \d+)?: ", str(caught.value))
    assert text in str(caught.value)


def test_a_name_that_there_is_not_lists_those_that_there_are() -> None:
    """The right names are in the message."""
    with pytest.raises(CatalogError, match=f"there is no model 'nope'; there are: {', '.join(model_names())}$"):
        catalog(names=["nope"])
