"""The record that both shipped models read: measurements of the cell nuclei in a breast mass.

Wisconsin Diagnostic Breast Cancer data, Street, Wolberg and Mangasarian, "Nuclear feature extraction for breast tumor
diagnosis", 1993. It comes inside scikit-learn. Ten measures of each nucleus in a digitised image of a fine-needle
aspirate, each as the mean over the nuclei, its standard error, and the mean of the three largest ("worst").
"""

from contract import Feature
from models.form import Data

SOURCE = (
    "Wisconsin Diagnostic Breast Cancer: 569 fine-needle aspirates of breast masses at the University of Wisconsin "
    "Hospitals, 212 malignant and 357 benign, each verified by biopsy or follow-up. Comes inside scikit-learn."
)

MEASURES = {
    "radius": ("mean distance from the centre to the outline", "image units", (13.54, 0.2699, 15.11)),
    "texture": ("standard deviation of the grey values", "grey values", (14.36, 0.7886, 19.26)),
    "perimeter": ("length of the outline", "image units", (87.46, 2.058, 99.7)),
    "area": ("area within the outline", "square image units", (566.3, 23.56, 711.2)),
    "smoothness": ("local variation of the radius", "", (0.09779, 0.008462, 0.144)),
    "compactness": ("perimeter squared over area, less one", "", (0.08129, 0.0146, 0.1773)),
    "concavity": ("depth of the concave parts of the outline", "", (0.06664, 0.02387, 0.239)),
    "concave_points": ("share of the outline that is concave", "", (0.04781, 0.01315, 0.1288)),
    "symmetry": ("difference of the two halves across the longest axis", "", (0.1885, 0.0198, 0.2977)),
    "fractal_dimension": ("coastline approximation, less one", "", (0.05766, 0.0023, 0.07259)),
}
"""Description, unit, and an example: mean, standard error and worst of one benign mass."""

LARGEST = 1e6
"""In its units no measure of an image comes near; far larger numbers overflow when they are squared."""

STATISTICS = (
    ("mean_{}", "Mean over the nuclei: {}"),
    ("{}_error", "Standard error of the mean: {}"),
    ("worst_{}", "Mean of the three largest: {}"),
)

FEATURES = tuple(
    Feature(
        name=name.format(measure),
        type="number",
        unit=unit,
        description=description.format(meaning),
        minimum=0,
        maximum=LARGEST,
        example=examples[index],
    )
    for index, (name, description) in enumerate(STATISTICS)
    for measure, (meaning, unit, examples) in MEASURES.items()
)
"""In the column order of the data set. Nothing measured here can be negative."""


def nuclei(*, with_target: bool) -> Data:
    """Read the 569 records, and for each whether the mass was malignant or benign."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    columns = {feature.name: bunch.data[:, index] for index, feature in enumerate(FEATURES)}
    target = [str(bunch.target_names[label]) for label in bunch.target]
    return Data(columns=columns, target=target if with_target else None)
