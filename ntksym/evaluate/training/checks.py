"""What a training may be given: targets, times, numbers.  One error each."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, NetworkError, ShapeError

Array = Any
Tree = Any
WHERE = "train"
GRID = 40  # times recorded where only an end is given


def real_number(value: Any, name: str, where: str, *, low: float, open_low: bool = False, high: float = math.inf) -> float:
    """``value`` as a float in [low, high), or (low, high)."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and (number > low if open_low else number >= low) and number < high):
        bounds = f"{'above' if open_low else 'from'} {low:g} on" if high == math.inf else f"in [{low:g}, {high:g})"
        raise NetworkError(f"{name}={value!r}", where=where, fix=f"give a number {bounds}")
    return number


def checked_params(params: Tree, where: str) -> Tree:
    """``params`` as a pytree of float arrays."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    if not leaves:
        raise ShapeError("params holds no array", where=where, fix="make them with ntksym.init_fn(network)(key, n_in)")
    for path, leaf in leaves:
        place = f"params{jax.tree_util.keystr(path)}"
        if not isinstance(leaf, jax.Array | np.ndarray | float) or not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise ShapeError(
                f"{place} is a {getattr(leaf, 'dtype', type(leaf).__name__)}",
                where=where,
                why="every leaf is trained, so it holds real numbers",
                fix="bind what is not trained inside apply_fn",
            )
        if not np.isfinite(np.asarray(leaf)).all():
            raise DataError(f"{place} holds NaN or infinity", where=where, fix="start from finite parameters")
    return jax.tree.map(jnp.asarray, params)


def checked_targets(y: Any, outputs: Any, loss: Any, where: str) -> jax.Array:
    """``y`` as an (N, k) array in the dtype of the outputs; for cross-entropy, rows of one 1 and zeros."""
    try:
        y = np.asarray(y)
    except ValueError:
        raise ShapeError("y is ragged", where=where, why="every example has k targets", fix="give (N, k)") from None
    n, k = outputs.shape
    if y.dtype.kind not in "fiub":
        raise ShapeError(f"y has dtype {y.dtype}", where=where, why="targets are real numbers", fix="give floats; for class numbers np.eye(k)[labels]")
    if y.ndim != 2:
        hint = "np.eye(k)[y] for class numbers, y[:, None] for one output" if y.ndim == 1 else "an (N, k) array"
        raise ShapeError(f"y has shape {y.shape}", where=where, why="there is a target for every example and output", fix=f"give (N, k): {hint}")
    if y.shape[0] != n:
        raise ShapeError(f"y has {y.shape[0]} rows, x has {n}", where=where, why="every example has its target", fix="give one row of y per row of x")
    if y.shape[1] != k:
        raise ShapeError(f"y has {y.shape[1]} columns, the function has {k} outputs", where=where, fix=f"give y (N, {k}), or a network with out={y.shape[1]}")
    if not np.isfinite(y).all():
        bad = int(np.argmax(~np.isfinite(y).all(axis=1)))
        raise DataError(f"y holds NaN or infinity (row {bad})", where=where, fix="remove or fill those entries")
    if loss == "cross_entropy" and not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
        bad = int(np.argmax(~((((y == 0) | (y == 1)).all(axis=1)) & (y.sum(axis=1) == 1))))
        raise DataError(
            f"the labels are not one-hot (row {bad} is {np.array2string(y[bad], threshold=8)})",
            where=where,
            why="cross_entropy takes the class of each example as a row with a single 1",
            fix="give np.eye(k)[labels]",
        )
    return jnp.asarray(y.astype(outputs.dtype))


def checked_times(t: Any, discrete: bool, open_ended: bool, where: str) -> np.ndarray:
    """The times to record at, increasing: those given, or for one number a grid from 0 to it, geometric and at most 41 long."""
    unit = "steps" if discrete else "times"
    try:
        times = np.asarray(t, dtype=np.float64)
    except (TypeError, ValueError):
        raise ShapeError(f"t={t!r}", where=where, fix=f"give the last of the {unit}, or a list of them") from None
    if times.ndim > 1 or times.size == 0:
        raise ShapeError(f"t has shape {times.shape}", where=where, fix=f"give the last of the {unit}, or a list of them")
    if np.isnan(times).any():
        raise DataError("t holds NaN", where=where, fix="give numbers from 0 on")
    if (times < 0).any():
        raise DataError(f"t={times.min():g} is negative", where=where, why="training starts at 0", fix="give numbers from 0 on")
    if discrete and not (np.isfinite(times) & (times == np.floor(times))).all():
        bad = times[~(np.isfinite(times) & (times == np.floor(times)))][0]
        raise DataError(f"t={bad:g} is no number of steps", where=where, why="these dynamics are discrete", fix="give integers, or dynamics='gradient_flow'")
    if not discrete and np.isinf(times).any() and not open_ended:
        raise DataError(
            "t is inf",
            where=where,
            why="in parameter space the flow is integrated step by step",
            fix="give rest=, the norm of the gradient at which it may stop",
        )
    if times.ndim == 1:
        if (np.diff(times) <= 0).any():
            raise DataError("t is not increasing", where=where, why="training goes through it in order", fix="give np.unique(t)")
        return times
    end = float(times)
    if discrete and end <= GRID:
        return np.arange(int(end) + 1, dtype=np.float64)
    if discrete:
        return np.unique(np.concatenate([[0.0], np.geomspace(1.0, end, GRID).round()]))
    if end == 0 or math.isinf(end):
        return np.asarray([end])
    return np.concatenate([[0.0], np.geomspace(end * 1e-4, end, GRID)])
