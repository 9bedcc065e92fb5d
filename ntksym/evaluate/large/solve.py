"""Kernel regression without the kernel matrix: preconditioned conjugate gradients, one column per output, all sharing one stream of kernel tiles."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from ntksym.errors import ShapeError, ToleranceWarning
from ntksym.evaluate.flows.checks import checked_number
from ntksym.evaluate.large.blocks import Streamed, whole
from ntksym.evaluate.large.checks import checked_count, checked_rows, checked_vectors, prepared
from ntksym.evaluate.large.memory import readable
from ntksym.evaluate.large.preconditioner import Preconditioner, preconditioner

_VECTORS = 8  # y, a, r, z, p, K p, a sum, a share of a sum
_RANK = 300
_STEPS = 500


@dataclass(frozen=True, eq=False)
class KernelSolution:
    """``coefficients`` A (N, k) with (K + r I) A = Y.

    ``residuals`` (k,): the norm of Y - (K + r I) A over that of Y, for each column, from a product made after the last step.
    ``converged``: all of them are within the tolerance.  ``steps`` of conjugate gradients and ``products`` with K in all; ``bytes``: the estimate of what was
    needed on each device; ``block_size``.
    """

    coefficients: jax.Array
    residuals: np.ndarray
    converged: bool
    steps: int
    products: int
    bytes: int
    block_size: int
    _matrix: Streamed = field(repr=False)

    def predict(self, x_test: Any) -> jax.Array:
        """K(X_test, X) A, (N_test, k), streamed as the solve was.  ShapeError where the inputs do not fit those that were solved for."""
        matrix = self._matrix
        with jax.enable_x64(matrix.x.dtype == np.float64):
            tests = np.asarray(checked_rows(x_test, "x_test", "predict"))
            if tests.dtype != matrix.x.dtype or tests.shape[1] != matrix.x.shape[2]:
                raise ShapeError(
                    f"x_test is {tests.dtype} with {tests.shape[1]} columns",
                    where="predict",
                    why=f"the solution is that of {matrix.x.dtype} inputs with {matrix.x.shape[2]} columns",
                    fix="convert it",
                )
            return jnp.asarray(matrix.cross(tests, matrix.filled(self.coefficients)))


def solve_kernel(
    kernel: Any,
    x: Any,
    y: Any,
    *,
    ridge: float,
    get: str = "ntk",
    block_size: int | None = None,
    tolerance: float = 1e-4,
    max_steps: int | None = None,
    max_bytes: int | None = None,
    devices: Sequence[Any] | None = None,
    preconditioner_rank: int = _RANK,
    progress: bool = False,
    **keywords: Any,
) -> KernelSolution:
    r"""Solves $(K(\mathcal X, \mathcal X) + r I)\, A = Y$ without holding K; prediction is $K(x, \mathcal X) A$.

    ``kernel``: of :func:`ntksym.kernel_fn`, its ``get`` and ``keywords`` (sigma_w, ...).  ``x`` (N, d), ``y`` (N, k), both float32 or both float64, concrete.
    ``ridge`` r is absolute.  Conjugate gradients run until every column has $\lVert Y - (K + rI)A\rVert \le$ ``tolerance`` $\lVert Y\rVert$, for ``max_steps``
    steps at most (500); a residual is believed only after a product of its own, and the iteration starts again from it where rounding has moved it.
    ``preconditioner_rank`` columns of K make the preconditioner (0: the diagonal alone).

    Memory is estimated first (``.bytes``, printed with ``progress``), and the block size is chosen so that it stays below ``max_bytes`` per device: by default
    1 GiB, or 80 % of what is free where a device says so.  ``devices``: those that share the work, all by default, those of other processes included.

    ShapeError, DataError for arrays that do not fit, DataError for a block size or a problem above ``max_bytes``, NetworkError for what is no kernel of a
    network or a negative ridge.  ToleranceWarning where the solve stops short, and for a ridge of 0, with which K may be singular.

        solution = ntksym.solve_kernel(ntksym.kernel_fn(ntksym.fcn(1, "relu")), x, y, ridge=0.01)
        solution.predict(x_test)
    """
    where = "solve_kernel"
    ridge = float(checked_number(ridge, "ridge", where))
    tolerance = float(checked_number(tolerance, "tolerance", where, positive=True, below=1.0))
    limit = checked_count(max_steps, "max_steps", where) or _STEPS
    rank = checked_count(preconditioner_rank, "preconditioner_rank", where, 0) or 0
    x = checked_rows(x, "x", where)
    targets = checked_vectors(y, "y", x, where)
    rank = min(rank, len(x))
    matrix, diagonal, taken = prepared(
        kernel,
        x,
        get,
        keywords,
        where,
        block_size=block_size,
        max_bytes=max_bytes,
        devices=devices,
        outputs=targets.shape[1],
        vectors=_VECTORS,
        rank=rank,
    )
    say = _Voice(progress)
    say(f"{len(x)} rows in blocks of {matrix.x.shape[1]} on {matrix.mesh.size} device(s): {readable(taken)} on each")
    if ridge == 0:
        warnings.warn("solve_kernel: with ridge=0 the kernel matrix may be singular to rounding, and the solve may stall", ToleranceWarning, stacklevel=2)
    shift = np.asarray(ridge, diagonal.dtype)
    condition = preconditioner(matrix, diagonal, ridge, rank)
    say(f"preconditioner of rank {rank}")
    found, residuals, steps, products = _iterate(matrix, condition, matrix.filled(targets), shift, tolerance, limit, say)
    converged = bool((residuals <= tolerance).all())
    if not converged:
        short = steps >= limit
        why = "more steps are needed" if short else f"{diagonal.dtype} rounds what is left away"
        fix = "give a larger max_steps, ridge or preconditioner_rank" if short else "give a larger ridge or tolerance, or compute in float64"
        warnings.warn(
            f"solve_kernel stopped after {steps} steps with a relative residual of {residuals.max():.2g}, above the tolerance {tolerance:g}: {why}. "
            f"What to do: {fix}.",
            ToleranceWarning,
            stacklevel=2,
        )
    coefficients = jnp.asarray(np.asarray(found)[: matrix.rows])
    return KernelSolution(coefficients, residuals, converged, steps, products, taken, matrix.x.shape[1], matrix)


def _iterate(
    matrix: Streamed, condition: Preconditioner, y: jax.Array, shift: np.ndarray, tolerance: float, limit: int, say: _Voice
) -> tuple[jax.Array, np.ndarray, int, int]:
    """A, its true relative residuals, and the numbers of steps and of products."""
    size = np.asarray(jnp.linalg.norm(y, axis=0), float)
    size = np.where(size > 0, size, 1)  # a column of zeros is solved by zeros
    solution, residual = jnp.zeros_like(y), y
    steps = products = 0
    best = np.inf
    while True:
        direction, slope = _start(condition, residual, matrix.mesh)
        aim = 0.9 * tolerance  # the rounding of the true residual needs some room
        while steps < limit:
            image = matrix.product(direction)
            solution, residual, direction, slope, sound = _step(condition, image, solution, residual, direction, slope, shift, matrix.mesh)
            steps, products = steps + 1, products + 1
            reached = np.asarray(jnp.linalg.norm(residual, axis=0), float) / size
            say(f"step {steps}: relative residual {reached.max():.2e}")
            if not reached.max() > aim or not bool(sound):
                break
        residual = _true_residual(matrix.product(solution), solution, y, shift)
        products += 1
        true = np.asarray(jnp.linalg.norm(residual, axis=0), float) / size
        say(f"true relative residual {true.max():.2e}")
        # A new start that gained less than half will not gain more: what is left is rounding.
        if true.max() <= tolerance or steps >= limit or not true.max() < 0.5 * best:
            return solution, true, steps, products
        best = float(true.max())


@partial(jax.jit, static_argnums=2)
def _start(condition: Preconditioner, residual: Any, mesh: Mesh) -> Any:
    direction = whole(condition(residual), mesh)
    return direction, jnp.sum(residual * direction, axis=0, keepdims=True)


@partial(jax.jit, static_argnums=7)
def _step(condition: Preconditioner, image: Any, solution: Any, residual: Any, direction: Any, slope: Any, shift: Any, mesh: Mesh) -> Any:
    """One step of every column; ``sound`` is False where the matrix is not positive along a direction, which only rounding can do."""
    image = image + shift * direction
    curvature = jnp.sum(direction * image, axis=0, keepdims=True)
    moving = slope > 0
    length = jnp.where(moving & (curvature > 0), slope / jnp.where(curvature > 0, curvature, 1), 0)
    solution, residual = solution + length * direction, residual - length * image
    scaled = whole(condition(residual), mesh)
    new = jnp.sum(residual * scaled, axis=0, keepdims=True)
    direction = scaled + jnp.where(moving, new / jnp.where(moving, slope, 1), 0) * direction
    return whole((solution, residual, direction, new, jnp.all((curvature > 0) | ~moving)), mesh)


@jax.jit
def _true_residual(image: Any, solution: Any, y: Any, shift: Any) -> Any:
    return y - image - shift * solution


class _Voice:
    """Lines with the seconds since the start on stderr, from the first process, if wanted."""

    def __init__(self, wanted: bool) -> None:
        self.wanted, self.begin = wanted and jax.process_index() == 0, time.perf_counter()

    def __call__(self, text: str) -> None:
        if self.wanted:
            print(f"{time.perf_counter() - self.begin:8.1f} s  {text}", file=sys.stderr, flush=True)
