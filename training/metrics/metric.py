"""What a metric is: a figure of samples, each a group of rows that a bootstrap resamples together.

Metrics are written out because a bootstrap computes each a thousand times; tests compare them with those of
scikit-learn, whose names they have.
"""

from collections.abc import Callable, Mapping

from contract.table import Array

Samples = Mapping[str, Array]
Metric = Callable[[Samples], float]
