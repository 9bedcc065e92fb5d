"""What a flow may be given: kernels, labels, times and rates.  Values are looked at where arrays are concrete; tracers pass."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, NetworkError, ShapeError
from ntksym.evaluate.arrays import float_array, same_dtype
from ntksym.evaluate.parameters import concrete

_ASYMMETRY = 1e-6  # relative; above what rounding of a kernel computed in float32 leaves


def checked_array(value: Any, name: str, where: str) -> jax.Array:
    """A float32 or float64 array, finite where concrete; float64 given while JAX is in 32-bit mode is narrowed with a PrecisionWarning."""
    array = float_array(value, name, where)
    if concrete(array) and not bool(np.isfinite(np.asarray(array)).all()):
        where_bad = tuple(int(i) for i in np.argwhere(~np.isfinite(np.asarray(array)))[0])
        raise DataError(f"{name} holds NaN or infinity, first at {where_bad}", where=where, fix="remove or fill those entries")
    return array


def checked_kernel(value: Any, name: str, where: str) -> jax.Array:
    """A kernel (N1, N2) or (N1, N2, k, k)."""
    kernel = checked_array(value, name, where)
    if kernel.ndim not in (2, 4) or 0 in kernel.shape or kernel.ndim == 4 and kernel.shape[2] != kernel.shape[3]:
        raise ShapeError(
            f"{name} has shape {kernel.shape}",
            where=where,
            why="a kernel is (N1, N2), the same for every output, or (N1, N2, k, k)",
            fix="give what kernel_fn or empirical_ntk_fn returns",
        )
    return kernel


def checked_square(value: Any, name: str, where: str) -> jax.Array:
    """A kernel of the training inputs with themselves: square, and symmetric where concrete."""
    kernel = checked_kernel(value, name, where)
    if kernel.shape[0] != kernel.shape[1]:
        raise ShapeError(f"{name} has shape {kernel.shape}", where=where, why="it holds the training inputs with themselves", fix="give K(X, X), not K(X, X')")
    if concrete(kernel):
        skew, size = map(float, _skew(kernel))
        if skew > _ASYMMETRY * size:
            raise DataError(
                f"{name} differs from its transpose by {skew:.3g}", where=where, why="a kernel matrix is symmetric", fix="give K(X, X), not K(X, X')"
            )
    return kernel


@jax.jit
def _skew(kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The largest difference from the transpose, and the largest entry."""
    turned = kernel.T if kernel.ndim == 2 else kernel.transpose(1, 0, 3, 2)
    return jnp.max(jnp.abs(kernel - turned)), jnp.max(jnp.abs(kernel))


def checked_targets(y: Any, rows: int, where: str, *, one_hot: bool = False) -> jax.Array:
    """Labels (N, k) for ``rows`` training inputs."""
    found = np.asarray(y) if not isinstance(y, jax.Array) else y
    if found.ndim == 1:
        raise ShapeError(f"y_train has shape {found.shape}", where=where, why="labels are (N, k), one column per output", fix="give y_train[:, None]")
    labels = checked_array(y, "y_train", where)
    if labels.ndim != 2 or labels.shape[0] != rows or labels.shape[1] == 0:
        raise ShapeError(
            f"y_train has shape {labels.shape} for a kernel of {rows} training inputs",
            where=where,
            why="labels are (N, k)",
            fix="give one row per training input",
        )
    if one_hot and concrete(labels):
        values = np.asarray(labels)
        bad = ~(np.isin(values, (0, 1)).all(axis=1) & (values.sum(axis=1) == 1))
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"row {row} of y_train, {values[row][:6]}, is not one-hot",
                where=where,
                why="the cross-entropy here is -log softmax of the one true class",
                fix="give one 1 per row and zeros, e.g. numpy.eye(k)[classes]",
            )
    return labels


def checked_start(value: Any, name: str, shape: tuple[int, ...], dtype: Any, where: str) -> jax.Array | None:
    """Initial outputs of this shape and dtype, or None."""
    if value is None:
        return None
    found = checked_array(value, name, where)
    if found.shape != shape:
        raise ShapeError(f"{name} has shape {found.shape}", where=where, why=f"these outputs are {shape}", fix="give one row per input, one column per output")
    same_dtype(found, name, dtype, where)
    return found


def checked_times(t: Any, discrete: bool, where: str) -> Any:
    """A time or (T,) times: not negative; whole numbers (or inf) where the dynamics goes in steps."""
    if not concrete(t):
        return t
    try:
        times = np.asarray(t, dtype=float)
    except (TypeError, ValueError):
        raise ShapeError(f"t={t!r} is no number", where=where, fix="give a number or a list of numbers") from None
    if times.ndim > 1 or times.size == 0:
        raise ShapeError(f"t has shape {times.shape}", where=where, why="times are a number or (T,)", fix="give a flat list")
    if np.isnan(times).any() or (times < 0).any():
        raise DataError(
            f"t={times[np.isnan(times) | (times < 0)].flat[0] if times.ndim else float(times)}", where=where, why="training starts at t = 0", fix="give t >= 0"
        )
    finite = times[np.isfinite(times)]
    if discrete and (finite != np.round(finite)).any():
        raise DataError(
            f"t={float(finite[finite != np.round(finite)].flat[0])}",
            where=where,
            why="this dynamics goes in whole steps",
            fix='give integers (or inf); for times between, use a flow: "gradient_flow" or "momentum_flow"',
        )
    return t if isinstance(t, jax.Array) else times


def checked_number(value: Any, name: str, where: str, *, positive: bool = False, below: float | None = None) -> Any:
    """A real number >= 0 (> 0 where ``positive``, < ``below`` where given); tracers pass."""
    if not concrete(value):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise NetworkError(f"{name}={value!r} is no number", where=where, fix="give a real number") from None
    lowest = "positive" if positive else "not negative"
    if not np.isfinite(number) or number < 0 or positive and number == 0 or below is not None and number >= below:
        more = "" if below is None else f" and below {below:g}"
        raise NetworkError(f"{name}={number:g}", where=where, why=f"it is {lowest}{more}", fix="give a number in that range")
    return value
