"""Rows on both sides of every threshold of every tree inside an estimator, whatever transforms lie before it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from contract import Table, pack
from contract.table import Array
from training.reads import as_read

MOST_SPLITS = 20_000
"""A larger forest has this many of its splits asked, drawn with the seed."""

Transform = Callable[[Table], Any]
Split = tuple[int, float]


def threshold_rows(estimator: Any, table: Table, seed: int) -> Iterator[Table]:
    """Yield rows on both sides of every threshold of every tree, as close as doubles come, and on it in single."""
    by_transform: dict[tuple[int, ...], tuple[Transform, set[Split]]] = {}
    for transform, key, splits in tree_splits(estimator, partial(as_read, estimator), ()):
        by_transform.setdefault(key, (transform, set()))[1].update(splits)
    random = np.random.default_rng(seed)
    for transform, found in by_transform.values():
        splits = sorted(found)
        if len(splits) > MOST_SPLITS:
            splits = [splits[i] for i in sorted(random.choice(len(splits), MOST_SPLITS, replace=False))]
        yield from cross_thresholds(partial(as_matrix, transform), splits, table)


def as_matrix(transform: Transform, table: Table) -> Array:
    """Give what a tree is handed as one matrix of doubles."""
    handed = transform(table)
    return np.asarray(handed.todense() if hasattr(handed, "todense") else handed, dtype=np.float64)


def tree_splits(
    estimator: Any, transform: Transform, key: tuple[int, ...]
) -> Iterator[tuple[Transform, tuple[int, ...], list[Split]]]:
    """Yield the splits (column, threshold) of every tree inside, with what the rows pass on their way to it."""
    tree: Any = getattr(estimator, "tree_", None)
    if hasattr(estimator, "steps"):
        body, last = estimator[:-1], estimator[-1]
        if len(estimator.steps) > 1:
            yield from tree_splits(last, lambda rows: body.transform(transform(rows)), (*key, id(body[0])))
        else:
            yield from tree_splits(last, transform, key)
    elif hasattr(tree, "threshold"):  # that of neighbours has none
        inner = tree.feature >= 0
        yield transform, key, list(zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True))
    elif hasattr(estimator, "_predictors"):
        nodes = [tree.nodes for stage in estimator._predictors for tree in stage]  # noqa: SLF001 (no public way)
        for node in nodes:
            inner = (node["is_leaf"] == 0) & (node["is_categorical"] == 0)
            yield (
                transform,
                key,
                list(zip(node["feature_idx"][inner].tolist(), node["num_threshold"][inner].tolist(), strict=True)),
            )
    else:
        for inner in inner_estimators(estimator):
            yield from tree_splits(inner, transform, key)


def inner_estimators(estimator: Any) -> Iterator[Any]:
    """Yield the fitted estimators that another holds: forests, boosting, calibration, voting."""
    for name in (
        "estimators_",
        "calibrated_classifiers_",
        "estimator",
        "estimator_",
        "best_estimator_",
        "final_estimator_",
    ):
        found = getattr(estimator, name, None)
        if found is not None and not isinstance(found, str):
            yield from np.ravel(np.array(found, dtype=object)) if isinstance(found, list | np.ndarray) else [found]


def cross_thresholds(transform: Transform, splits: list[Split], table: Table) -> Iterator[Table]:
    """Yield, for each feature, rows that sit where one of the splits changes its mind."""
    for feature in table.features:
        column = table.columns[feature.name]
        if feature.type not in ("number", "integer") or not np.isfinite(column).any():
            continue
        low, high = float(np.nanmin(column)), float(np.nanmax(column))
        # No caller can send what is out of bounds, and a logarithm before the trees could not read it.
        edges = np.clip([low - (high - low) - 1, high + (high - low) + 1], *feature.limits)
        moved = (
            transform(varied(table, feature.name, edges)),
            transform(varied(table, feature.name, edges[::-1].copy())),
        )
        reached = np.flatnonzero(np.abs(moved[0] - moved[1]).max(axis=0) > 0)
        mine = [(j, threshold) for j, threshold in splits if j in set(reached.tolist())]
        if mine:
            yield varied(table, feature.name, crossings(transform, table, feature.name, edges, mine))


def crossings(transform: Transform, table: Table, name: str, edges: Array, splits: list[Split]) -> Array:
    """Bisect, for all splits at once, to the neighbouring values between which the comparison flips.

    scikit-learn compares in single precision (`float32(x) <= threshold`), histogram boosting in double: both are
    bisected, since a graph that mixes them up is wrong only between the two.
    """
    column, threshold = (np.array(part) for part in zip(*splits, strict=True))

    def below(values: Array, narrow: Any) -> Array:
        reached = transform(varied(table, name, values))[np.arange(len(values)), column]
        return np.asarray(reached.astype(narrow) <= threshold)

    found = []
    for narrow in (np.float32, np.float64):
        low, high = np.full(len(splits), edges[0]), np.full(len(splits), edges[1])
        start = below(low, narrow)
        for _ in range(80):  # doubles between any two bounds are neighbours by then
            middle = low + (high - low) / 2
            same = below(middle, narrow) == start
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found += [low, high, low.astype(np.float32).astype(np.float64), high.astype(np.float32).astype(np.float64)]
    return np.concatenate(found)


def varied(table: Table, name: str, values: Array) -> Table:
    """Give rows of the table, one per value, with that column replaced."""
    index = np.arange(len(values)) % table.rows
    columns = {other: column[index] for other, column in table.columns.items()}
    return pack(table.features, {**columns, name: values})
