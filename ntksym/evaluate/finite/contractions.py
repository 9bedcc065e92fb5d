"""Inner products of gradients, with the output axes wanted: "full" (N1, N2, k, k), "trace" (N1, N2), the mean over k, or "diagonal" (N1, N2, k).

A factor of a gradient is (N, n), the same for every output, or (N, k, n).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp

from ntksym.errors import NetworkError

Array = Any
OUTPUTS = ("full", "trace", "diagonal")

_dot = functools.partial(jnp.tensordot, axes=(-1, -1), precision=jax.lax.Precision.HIGHEST)


def require_outputs(outputs: str, where: str) -> None:
    """NetworkError for an unknown choice."""
    if outputs not in OUTPUTS:
        raise NetworkError(f"outputs={outputs!r}", where=where, why="the kernel of k outputs is k by k for two inputs", fix="use 'full', 'trace' or 'diagonal'")


def per_pair(outputs: str, k: int) -> int:
    """Numbers of the kernel for a pair of inputs."""
    return {"full": k * k, "trace": 1, "diagonal": k}[outputs]


def gram(first: Array, second: Array, outputs: str) -> Array:
    """The inner products of two factors over their last axis, in the layout of :func:`arranged`; the axes of outputs have length 1 where there are none."""
    if outputs == "full":
        found = _dot(first, second)
        shape = (*first.shape[:-1], *(1,) * (3 - first.ndim), *second.shape[:-1], *(1,) * (3 - second.ndim))
        return found.reshape(shape)
    if first.ndim == second.ndim == 2:
        return _dot(first, second)[None]
    if outputs == "trace" and first.ndim == second.ndim:
        rows = [factor.reshape(len(factor), math.prod(factor.shape[1:])) for factor in (first, second)]
        return _dot(*rows)[None] / first.shape[1]
    left, right = (f"{row}{'i' * (factor.ndim == 3)}n" for row, factor in (("p", first), ("q", second)))
    return jnp.einsum(f"{left},{right}->ipq", first, second, precision=jax.lax.Precision.HIGHEST)


def product(one: Array, two: Array, outputs: str) -> Array:
    """The product of two Grams of :func:`gram`; for a trace with the index of the outputs in both, the mean over it."""
    both = one * two
    return jnp.mean(both, axis=0, keepdims=True) if outputs == "trace" and one.shape[0] > 1 else both


def arranged(kernel: Array, outputs: str) -> Array:
    """From the layout of the sums, (N1, k, N2, k) or (k, N1, N2), to the one of the kernel."""
    if outputs == "full":
        return jnp.moveaxis(kernel, 1, 2)
    return kernel[0] if outputs == "trace" else jnp.moveaxis(kernel, 0, 2)
