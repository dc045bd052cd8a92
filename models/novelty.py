"""Novelty: is the record unlike those that the models were trained on?"""

from typing import Any

from models._nuclei import FEATURES, SOURCE, nuclei
from models.form import Bar, Data, Model
from models.outputs import Named, Threshold


def data() -> Data:
    """Read the records without their diagnoses: the population is everybody."""
    return nuclei(with_target=False)


def estimator() -> Any:
    """Make a Gaussian with a full covariance on standardised measurements.

    It knows that radius, perimeter and area belong together, which an isolation forest does not see: that finds one
    unit error in twenty-five. The small ridge keeps the nearly collinear columns invertible.
    """
    from sklearn.mixture import GaussianMixture
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), GaussianMixture(n_components=1, reg_covar=1e-3, random_state=0))


def isolation_forest() -> Any:
    """Make an isolation forest, for comparison."""
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=0)


MODEL = Model(
    name="novelty",
    task="novelty",
    description="Whether a record is unlike the population that the models were trained on, so that no diagnosis "
    "of it should be trusted",
    features=FEATURES,
    outputs=(
        Named(name="is_novel", description="The decision: true where the score reaches the threshold"),
        Named(
            name="score",
            unit="nats",
            description="How surprising the record is: minus the logarithm of its likelihood under the population",
        ),
    ),
    threshold=Threshold(false_alarms=0.02),
    data=data,
    estimator=estimator,
    bars=(
        Bar(metric="false_alarms", at_most=0.05),
        Bar(metric="unit_errors_found", at_least=0.95),
        Bar(metric="swapped_columns_found", at_least=0.93),
        Bar(metric="uniform_records_found", at_least=1.0),
    ),
    intended_use="A guard beside the diagnosis: where it says that a record is novel, look at the record first.",
    not_for="Saying that a mass is dangerous: a novel record may be a typing error, another scanner, or a rare mass.",
    data_source=SOURCE,
    alternatives={"isolation forest": isolation_forest},
)
