"""How memory grows, which a large body now and then does not hide."""

from collections.abc import Sequence

import numpy as np

EVERY_S = 1.0
FLOOR_OF = 5
"""The least of so many samples is looked at: what stays behind lifts the floor, what is under way does not."""


def growth(samples: Sequence[int]) -> float:
    """Give MiB per minute of samples in bytes, one each `EVERY_S`, of which the first third is warm-up.

    The slope is that of Theil and Sen, the median of the slopes between all pairs: one sudden step does not make it.
    """
    warm = np.array(samples[len(samples) // 3 :]) / 2**20
    floors = warm[: len(warm) // FLOOR_OF * FLOOR_OF].reshape(-1, FLOOR_OF).min(axis=1)
    earlier, later = np.triu_indices(len(floors), 1)
    minutes = (later - earlier) * FLOOR_OF * EVERY_S / 60
    return float(np.median((floors[later] - floors[earlier]) / minutes))
