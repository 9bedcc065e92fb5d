"""The largest eigenvalue of a tangent kernel, and the learning rate it allows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.evaluate.finite import empirical_ntk_vp_fn

Array = Any
LANCZOS_STEPS = 64


def largest_eigenvalue(product: Callable[[np.ndarray], np.ndarray], size: int) -> float:
    """By Lanczos with full orthogonalization: exact to rounding up to 64 rows, a lower bound (tight where the top is separated) beyond."""
    vector = np.random.default_rng(0).standard_normal(size)
    basis = [vector / np.linalg.norm(vector)]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(size, LANCZOS_STEPS)):
        image = np.asarray(product(basis[-1]), dtype=np.float64)
        diagonal.append(float(basis[-1] @ image))
        for _ in range(2):  # once leaves rounding errors that grow
            image = image - np.stack(basis).T @ (np.stack(basis) @ image)
        norm = float(np.linalg.norm(image))
        if not np.isfinite(norm):
            return float("nan")
        if norm <= 1e-14 * max(map(abs, diagonal)):
            break
        beside.append(norm)
        basis.append(image / norm)
    n = len(diagonal)
    matrix = np.diag(diagonal) + np.diag(beside[: n - 1], 1) + np.diag(beside[: n - 1], -1)
    return float(np.linalg.eigvalsh(matrix)[-1])


def kernel_top(kernel: Array) -> float:
    """The largest eigenvalue of a kernel (N, N, k, k)."""
    n, _, k, _ = kernel.shape
    matrix = np.asarray(jnp.moveaxis(kernel, 1, 2)).reshape(n * k, n * k)
    return largest_eigenvalue(lambda v: matrix @ v.astype(matrix.dtype), n * k)


def top_at_start(apply_fn: Any, params: Any, x: Array, outputs: int, dtype: Any) -> float:
    """The largest eigenvalue of the tangent kernel at these parameters, by its products with vectors."""
    shape = (len(x), outputs)
    return largest_eigenvalue(lambda v: np.asarray(_product(apply_fn, params, x, jnp.asarray(v.reshape(shape), dtype))).ravel(), len(x) * outputs)


@functools.partial(jax.jit, static_argnums=0)
def _product(apply_fn: Any, params: Any, x: Array, vector: Array) -> Array:
    return empirical_ntk_vp_fn(apply_fn)(params, x)(vector)
