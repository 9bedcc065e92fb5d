"""What a Gaussian process may be given, and its Cholesky factor.  Shapes and dtypes are looked at under tracing too, values where they are numbers."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve

from ntksym.errors import DataError, PrecisionWarning, ShapeError
from ntksym.evaluate.arrays import float_array, same_dtype
from ntksym.evaluate.kernel_matrices import require_finite, require_semidefinite, require_symmetric, rounding
from ntksym.evaluate.parameters import concrete

REMEDY = {"float32": "compute the kernel in float64 (`with jax.enable_x64(True):`), or give a larger {noise}", "float64": "give a larger {noise}"}


def checked_matrix(k: Any, name: str, where: str, shape: tuple[int | None, int | None] = (None, None), dtype: Any = None) -> jax.Array:
    """``k`` as a matrix of float32 or float64 with finite entries; ShapeError or DataError otherwise.  None in ``shape`` leaves a side open."""
    array = float_array(k, name, where)
    if array.ndim != 2:
        four = array.ndim == 4
        raise ShapeError(
            f"{name} has shape {array.shape}",
            where=where,
            why="one kernel (N1, N2) serves all outputs, which are independent" if four else "a kernel pairs rows with rows, (N1, N2)",
            fix="give the trace over outputs, or order (example, output) pairs into one axis with ntksym.vec" if four else "give a matrix",
        )
    wanted = tuple(side if side is not None else found for side, found in zip(shape, array.shape, strict=True))
    if array.shape != wanted or 0 in array.shape:
        raise ShapeError(f"{name} has shape {array.shape} where {wanted} belongs", where=where, fix="take all kernels from the same rows, in the same order")
    if dtype is not None:
        same_dtype(array, name, dtype, where)
    if concrete(array):
        require_finite(np.asarray(array), f"{where}, {name}")
    return array


def checked_square(k: Any, name: str, where: str) -> jax.Array:
    """A kernel K(X, X), (N, N), symmetric up to rounding."""
    array = checked_matrix(k, name, where)
    if array.shape[0] != array.shape[1]:
        raise ShapeError(f"{name} has shape {array.shape}", where=where, why="it pairs the training rows with themselves", fix="give K(X, X)")
    if concrete(array):
        require_symmetric(np.asarray(array), f"{where}, {name}")
    return array


def checked_targets(y: Any, rows: int, dtype: Any, where: str) -> jax.Array:
    """``y`` (N, k) in the dtype of the kernel; ShapeError where it does not fit, DataError where it holds NaN."""
    array = float_array(y, "y_train", where)
    if array.ndim != 2:
        raise ShapeError(
            f"y_train has shape {array.shape}",
            where=where,
            why="targets are rows, (N, k)",
            fix="give y_train[:, None], or one-hot rows for classes",
        )
    if array.shape[0] != rows or 0 in array.shape:
        raise ShapeError(f"y_train has shape {array.shape}, the kernel {rows} rows", where=where, why="every row needs its target", fix="give y_train (N, k)")
    same_dtype(array, "y_train", dtype, where)
    if concrete(array):
        bad = np.argwhere(~np.isfinite(np.asarray(array)))
        if len(bad):
            raise DataError(f"y_train has {len(bad)} entries that are NaN or infinite, the first in row {bad[0][0]}", where=where, fix="leave those rows out")
    return array


def checked_noise(noise: Any, dtype: Any, where: str) -> jax.Array:
    """A variance >= 0 as a scalar of ``dtype``."""
    if concrete(noise):
        try:
            value = np.asarray(noise, dtype=float)
        except (TypeError, ValueError):
            raise ShapeError(f"noise_variance={noise!r} is no number", where=where, fix="give a number >= 0") from None
        if value.ndim != 0:
            raise ShapeError(f"noise_variance has shape {value.shape}", where=where, why="one variance serves all rows", fix="give a number >= 0")
        if not (np.isfinite(value) and value >= 0):
            raise DataError(f"noise_variance={noise!r}", where=where, why="it is a variance, added to the diagonal of the kernel", fix="give a number >= 0")
    return jnp.asarray(noise, dtype=dtype)


def factor(k: jax.Array, noise: jax.Array, where: str) -> jax.Array:
    """Lower Cholesky factor of K + s I.

    Where K is concrete: DataError if K has eigenvalues that are negative beyond rounding, or if K + s I is singular to rounding; a PrecisionWarning where
    fewer than two digits of a solve are left.
    """
    found = _cholesky(k, noise)
    if not (concrete(k) and concrete(noise)):
        return found
    name, n, eps = str(k.dtype), len(k), float(np.finfo(k.dtype).eps)
    s = float(noise)
    # The largest absolute row sum bounds the largest eigenvalue; s may hide a negative eigenvalue of K, so K itself is factored with rounding's share only.
    slack = 1e3 * rounding(n, float(jnp.max(jnp.sum(jnp.abs(k), axis=1))), k.dtype)
    fix = REMEDY[name].format(noise=f"noise_variance than {s:.3g}")
    whole = bool(jnp.isfinite(found).all())
    if not whole or (s > slack and not bool(jnp.isfinite(_cholesky(k, jnp.asarray(slack, k.dtype))).all())):
        values = np.linalg.eigvalsh(np.asarray(k))
        require_semidefinite(float(values[0]), float(values[-1]), slack, where, name)
        if not whole:
            raise DataError(
                f"the kernel matrix plus noise_variance {s:.3g} is singular in {name}, smallest eigenvalue {values[0]:.3g}",
                where=where,
                why="rows repeat, or there are more of them than independent features",
                fix=fix,
            )
    condition = float(_condition(k, noise, found))
    if not condition * eps < 1:
        raise DataError(
            f"the condition number of the kernel matrix is {condition:.1e}", where=where, why=f"in {name} no digit of a solve with it would be right", fix=fix
        )
    if condition * eps > 1e-2:
        warnings.warn(
            f"{where}: the condition number of the kernel matrix is {condition:.1e}; in {name} a solve keeps about {-np.log10(condition * eps):.0f} digits. "
            f"What to do: {fix}.",
            PrecisionWarning,
            stacklevel=3,
        )
    return found


@jax.jit
def _cholesky(k: jax.Array, noise: jax.Array) -> jax.Array:
    return jnp.linalg.cholesky(k + noise * jnp.eye(len(k), dtype=k.dtype))


@jax.jit
def _condition(k: jax.Array, noise: jax.Array, lower: jax.Array) -> jax.Array:
    """lambda_max / lambda_min of K + s I from 30 steps of power iteration with it and with its inverse: a lower bound, within some per cent."""
    start = jax.random.normal(jax.random.key(0), (len(k),), k.dtype)

    def norm(multiply: Any) -> jax.Array:
        def step(_: int, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            image = multiply(pair[0])
            length = jnp.linalg.norm(image)
            return image / length, length

        return jax.lax.fori_loop(0, 30, step, (start / jnp.linalg.norm(start), jnp.zeros((), k.dtype)))[1]

    top = norm(lambda v: jnp.matmul(k, v, precision=jax.lax.Precision.HIGHEST) + noise * v)
    return top * norm(lambda v: cho_solve((lower, True), v))
