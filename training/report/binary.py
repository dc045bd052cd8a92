"""The plots of a classifier that a threshold turns into a decision."""

from sklearn.metrics import roc_auc_score

from contract.table import Array
from training.artifact import Fitted
from training.judge import Evidence
from training.outputs import deciding_column
from training.report import plots
from training.report.figure import Painter
from training.report.importance import permutation_importance


def painters(fitted: Fitted, evidence: Evidence, threshold: float) -> list[Painter]:
    """Give the plots."""
    model, dataset, samples = fitted.model, fitted.dataset, evidence.samples
    column = deciding_column(model, dataset.classes)
    positive, negative = dataset.classes[column], dataset.classes[1 - column]
    good, bad = samples["negative"], samples["positive"]
    actual = dataset.target_of(fitted.held_out) == positive

    def area(scores: Array) -> float:
        return float(roc_auc_score(actual, scores[:, column]))

    lost = permutation_importance(fitted, dataset.rows(fitted.held_out), area)
    return [
        plots.confusion_at(threshold, good, bad, (str(negative), str(positive))),
        plots.distributions({str(negative): good, str(positive): bad}, threshold, model.outputs[1].name),
        plots.roc(good, bad, threshold),
        plots.precision_recall(good, bad, threshold),
        plots.calibration(*plots.truth_and_score(good, bad)),
        plots.bars(lost, "Permutation importance", "Area under the ROC curve lost"),
    ]
