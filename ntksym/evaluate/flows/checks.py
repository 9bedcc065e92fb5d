"""What a flow may be given: kernels, labels, times and rates.  Values are looked at where arrays are concrete; tracers pass."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.errors import DataError, NetworkError, PrecisionWarning, ShapeError
from ntksym.evaluate.parameters import concrete

_FLOATS = (np.dtype("float32"), np.dtype("float64"))
_ASYMMETRY = 1e-6  # relative; above what rounding of a kernel computed in float32 leaves


def checked_array(value: Any, name: str, where: str) -> jax.Array:
    """A float32 or float64 array, finite where concrete; float64 given while JAX is in 32-bit mode is narrowed with a PrecisionWarning."""
    if not isinstance(value, jax.Array):
        try:
            value = np.asarray(value)
        except ValueError:
            raise ShapeError(f"{name} is ragged", where=where, fix="give an array") from None
    if value.dtype not in _FLOATS:
        raise ShapeError(f"{name} has dtype {value.dtype}", where=where, why="training is computed in float32 or float64", fix=f"use {name}.astype('float64')")
    if isinstance(value, np.ndarray) and value.dtype == np.float64 and not jax.config.jax_enable_x64:
        warnings.warn(
            f"{name} is float64, but JAX is in 32-bit mode: float32 is used. Use `with jax.enable_x64(True):`, or pass float32.", PrecisionWarning, stacklevel=4
        )
        value = value.astype(np.float32)
    if concrete(value) and not bool(np.isfinite(np.asarray(value)).all()):
        where_bad = tuple(int(i) for i in np.argwhere(~np.isfinite(np.asarray(value)))[0])
        raise DataError(f"{name} holds NaN or infinity, first at {where_bad}", where=where, fix="remove or fill those entries")
    return jnp.asarray(value)


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
        matrix = np.asarray(kernel)
        skew = np.max(np.abs(matrix - (matrix.T if matrix.ndim == 2 else matrix.transpose(1, 0, 3, 2))))
        if skew > _ASYMMETRY * np.max(np.abs(matrix)):
            raise DataError(
                f"{name} differs from its transpose by {skew:.3g}", where=where, why="a kernel matrix is symmetric", fix="give K(X, X), not K(X, X')"
            )
    return kernel


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


def same_dtype(value: jax.Array, name: str, dtype: Any, where: str) -> None:
    """ShapeError where an array has another dtype than the kernel."""
    if value.dtype != dtype:
        raise ShapeError(f"{name} is {value.dtype}, the kernel {dtype}", where=where, why="training is computed in one dtype", fix="convert one of them")


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
