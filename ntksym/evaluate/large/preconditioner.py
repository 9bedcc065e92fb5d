"""A preconditioner for K + r I of low rank, from a few hundred columns of K: F F^T + D.

F F^T is a Cholesky factorization stopped early, its pivots drawn in rounds with chances in proportion to what is left of the diagonal (Chen, Epperly, Tropp,
Webber, Randomly pivoted Cholesky, Comm. Pure Appl. Math. 2025).  What it misses is a tail of small eigenvalues; D = r + t K_ii / mean K_ii stands for it, t
being the mean of what is left of the diagonal: by the diagonal itself, and not constant, because a long input has a large tail.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from ntksym.evaluate.large.blocks import AXIS, Streamed, placed, whole

_ROUNDS = 10
_EXACT = lax.Precision.HIGHEST


class Preconditioner(NamedTuple):
    """(F F^T + D)^-1 = D^-1 - D^-1 F S^-1 F^T D^-1, S = I + F^T D^-1 F.

    ``factor`` F (padded, rank), its rows spread over the devices; ``inverse`` of D (padded, 1); ``root`` (rank, rank), S^-1 = root^T root.
    """

    factor: jax.Array
    inverse: jax.Array
    root: jax.Array

    def __call__(self, residual: Any) -> Any:
        first = residual * self.inverse
        inner = jnp.matmul(self.root, jnp.matmul(self.factor.T, first, precision=_EXACT), precision=_EXACT)
        return first - self.inverse * jnp.matmul(self.factor, jnp.matmul(self.root.T, inner, precision=_EXACT), precision=_EXACT)


def preconditioner(matrix: Streamed, diagonal: np.ndarray, ridge: float, rank: int) -> Preconditioner:
    """Of the rank asked for, or of the rank at which rounding hides what is left of K; rank 0 scales by the diagonal alone."""
    rank = min(rank, matrix.rows)
    dtype, mesh = diagonal.dtype, matrix.mesh
    eps = float(np.finfo(dtype).eps)
    factor = placed(mesh, np.zeros((matrix.padded, rank), dtype), P(AXIS))
    rest = diagonal.astype(float)
    rng = np.random.default_rng(0)  # the same on every process
    done, size = 0, -(-rank // _ROUNDS) if rank else 0
    while done < rank and rest.sum() > 10 * eps * diagonal.sum(dtype=float):
        chances = np.where(rest > 10 * eps * diagonal, rest, 0)
        take = min(size, rank - done, int(np.count_nonzero(chances)))
        if take == 0:
            break
        pivots = np.sort(rng.choice(len(rest), take, replace=False, p=chances / chances.sum()))
        # A shorter round is filled up with a pivot that gets no weight, so that one compiled program serves all.
        at = np.concatenate([pivots, np.full(size - take, pivots[0])]).astype(np.int32)
        left, core = _remainder(factor, matrix.columns(at), at, mesh)
        start = min(done, rank - size)
        weights = np.zeros((size, size), dtype)
        weights[:take, done - start : done - start + take] = _inverse_root(np.asarray(core, float)[:take, :take], 10 * eps * float(diagonal.max()))
        factor, gone = _extended(factor, left, weights, start, mesh)
        rest = np.maximum(rest - np.asarray(gone, float)[: matrix.rows], 0)
        done += take
    return _with_tail(matrix, factor, diagonal, ridge, rest, eps)


def _with_tail(matrix: Streamed, factor: jax.Array, diagonal: np.ndarray, ridge: float, rest: np.ndarray, eps: float) -> Preconditioner:
    mean = float(diagonal.mean(dtype=float))
    gram = np.asarray(_gram(factor, matrix.alive, matrix.mesh), float)
    # Below this D^-1 and what is taken off it agree to all digits of the dtype.
    lowest = 10 * eps * max(float(np.linalg.eigvalsh(gram)[-1]) if len(gram) else 0.0, mean)
    scale = np.maximum(ridge + float(rest.mean()) * diagonal.astype(float) / mean, lowest)
    inverse = np.pad(1 / scale, (0, matrix.padded - matrix.rows), constant_values=1.0).astype(diagonal.dtype)[:, None]
    inverse = placed(matrix.mesh, inverse, P())
    inner = np.asarray(_gram(factor, inverse, matrix.mesh), float)
    root = np.linalg.inv(np.linalg.cholesky(np.eye(len(inner)) + (inner + inner.T) / 2)) if len(inner) else inner
    return Preconditioner(factor, inverse, placed(matrix.mesh, root.astype(diagonal.dtype), P()))


def _inverse_root(core: np.ndarray, smallest: float) -> np.ndarray:
    """W with W^T H W = I on the directions in which H is above rounding, 0 on the others (pivots that repeat one another)."""
    values, vectors = np.linalg.eigh((core + core.T) / 2)
    kept = values > smallest
    return vectors * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)


@partial(jax.jit, static_argnums=3)
def _remainder(factor: Any, columns: Any, at: Any, mesh: Mesh) -> Any:
    """The columns of K - F F^T, and their rows at the pivots."""
    left = columns - jnp.matmul(factor, factor[at].T, precision=_EXACT)
    return left, whole(left[at], mesh)


@partial(jax.jit, static_argnums=4, donate_argnums=0)
def _extended(factor: Any, left: Any, weights: Any, start: Any, mesh: Mesh) -> Any:
    """F with the new columns added from ``start`` on, and what they take off the diagonal."""
    new = jnp.matmul(left, weights, precision=_EXACT)
    old = lax.dynamic_slice_in_dim(factor, start, new.shape[1], axis=1)
    gone = jnp.sum(new * new, axis=1)
    return lax.dynamic_update_slice_in_dim(factor, old + new, start, axis=1), whole(gone, mesh)


@partial(jax.jit, static_argnums=2)
def _gram(factor: Any, weights: Any, mesh: Mesh) -> Any:
    return whole(jnp.matmul(factor.T, factor * weights, precision=_EXACT), mesh)
