"""Fit what MLServer is to serve, in its own environment, into a folder; tells what scikit-learn says of some rows."""

import json
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def store(folder: Path, name: str, estimator: Any) -> None:
    """Write a model as MLServer reads it."""
    (folder / name).mkdir(parents=True)
    joblib.dump(estimator, folder / name / "model.joblib")
    parameters = {"uri": "./model.joblib", "version": "v1"}
    settings = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel", "parameters": parameters}
    (folder / name / "model-settings.json").write_text(json.dumps(settings))


def masses(folder: Path) -> dict[str, Any]:
    """Fit on the thirty columns of a matrix."""
    data = load_breast_cancer()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data, data.target)
    store(folder, "masses", model)
    rows = data.data[::50]
    return {"rows": rows.tolist(), "scores": model.predict_proba(rows).tolist()}


def churn(folder: Path) -> dict[str, Any]:
    """Fit on the columns of a data frame: a whole number, a number that may be missing, and a category."""
    random = np.random.default_rng(3)
    months, spend = random.integers(0, 60, 300), random.normal(30, 9, 300)
    plan = random.choice(["basic", "plus"], 300)
    leaves = months / 10 + spend / 10 + (plan == "plus") + random.normal(0, 1, 300) < 6
    spend[::7] = np.nan
    frame = pd.DataFrame({"months": months, "spend": spend, "plan": plan})
    columns = ColumnTransformer(
        [("numbers", SimpleImputer(), ["months", "spend"]), ("categories", OneHotEncoder(), ["plan"])]
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(frame, leaves)
    store(folder, "churn-classifier", model)
    asked = frame.head(20)
    return {"rows": json.loads(asked.to_json(orient="records")), "scores": model.predict_proba(asked).tolist()}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    json.dump({"masses": masses(where), "churn": churn(where)}, sys.stdout)
