"""Products with a kernel matrix, and its extreme eigenvalues, without holding it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import PartitionSpec as P

from ntksym.errors import NetworkError, ShapeError, ToleranceWarning
from ntksym.evaluate.flows.checks import checked_number
from ntksym.evaluate.large.blocks import placed
from ntksym.evaluate.large.checks import checked_count, checked_rows, checked_vectors, prepared

_EXACT = lax.Precision.HIGHEST


class ExtremeEigenvalues(NamedTuple):
    """``largest`` and ``smallest`` eigenvalue, each with the distance within which the matrix has an eigenvalue; ``steps``: products that it took.

    The estimates lie inside the spectrum: ``largest`` is not above the true one, ``smallest`` not below it, up to rounding.
    """

    largest: float
    smallest: float
    largest_error: float
    smallest_error: float
    steps: int


def kernel_matvec(
    kernel: Any,
    x: Any,
    v: Any,
    *,
    x_test: Any = None,
    get: str = "ntk",
    block_size: int | None = None,
    max_bytes: int | None = None,
    devices: Sequence[Any] | None = None,
    **keywords: Any,
) -> jax.Array:
    r"""The product $K(\mathcal X, \mathcal X)\, V$, or $K(\mathcal X_{\text{test}}, \mathcal X)\, V$ where ``x_test`` is given, without holding K.

    ``kernel``: of :func:`ntksym.kernel_fn`, with its ``get`` and ``keywords``.  ``x`` (N, d), ``v`` (N, k), ``x_test`` (N_test, d), of one dtype, float32 or
    float64, and concrete.  ``block_size``, ``max_bytes``, ``devices`` and the errors are those of :func:`ntksym.solve_kernel`.

        ntksym.kernel_matvec(ntksym.kernel_fn(ntksym.fcn(1, "relu")), x, v)
    """
    where = "kernel_matvec"
    x = checked_rows(x, "x", where)
    vectors = checked_vectors(v, "v", x, where)
    outputs = vectors.shape[1]
    matrix, _, _ = prepared(kernel, x, get, keywords, where, block_size=block_size, max_bytes=max_bytes, devices=devices, outputs=outputs, vectors=4)
    filled = matrix.filled(vectors)
    if x_test is None:
        return jnp.asarray(np.asarray(matrix.product(filled))[: len(x)])
    tests = checked_rows(x_test, "x_test", where)
    if tests.dtype != x.dtype or tests.shape[1] != x.shape[1]:
        raise ShapeError(
            f"x_test is {tests.dtype} with {tests.shape[1]} columns, x {x.dtype} with {x.shape[1]}",
            where=where,
            why="both hold inputs of one network",
            fix="convert one of them",
        )
    return jnp.asarray(matrix.cross(np.asarray(tests), filled))


def extreme_eigenvalues(
    kernel: Any,
    x: Any,
    *,
    get: str = "ntk",
    which: str = "largest",
    tolerance: float = 1e-3,
    max_steps: int = 100,
    block_size: int | None = None,
    max_bytes: int | None = None,
    devices: Sequence[Any] | None = None,
    **keywords: Any,
) -> ExtremeEigenvalues:
    r"""The largest and the smallest eigenvalue of $K(\mathcal X, \mathcal X)$, (N, N), by Lanczos' method from products alone.

    Goes on until the error of the ``which`` ("largest", "smallest" or "both") is below ``tolerance`` times the eigenvalue, or rounding, for at most
    ``max_steps`` products; a ToleranceWarning says where it stops short.  The largest takes a few steps; the smallest stands in a crowd, and may take as many
    as there are rows.  All ``max_steps`` vectors are kept and orthogonalized.  The other arguments and errors are those of :func:`ntksym.solve_kernel`;
    NetworkError for another ``which``.  Gradient descent on the summed loss is stable below the learning rate $2 / \lambda_{\max}$:

        largest = ntksym.extreme_eigenvalues(ntksym.kernel_fn(ntksym.fcn(1, "relu")), x).largest
        edge = 2 / largest
    """
    where = "extreme_eigenvalues"
    if which not in ("largest", "smallest", "both"):
        raise NetworkError(f"which={which!r}", where=where, fix='give "largest", "smallest" or "both"')
    tolerance = float(checked_number(tolerance, "tolerance", where, positive=True, below=1.0))
    x = checked_rows(x, "x", where)
    limit = min(checked_count(max_steps, "max_steps", where) or 1, len(x))
    matrix, diagonal, _ = prepared(kernel, x, get, keywords, where, block_size=block_size, max_bytes=max_bytes, devices=devices, outputs=1, vectors=limit + 4)
    eps = float(np.finfo(diagonal.dtype).eps)
    start = np.random.default_rng(0).standard_normal((len(x), 1))  # the same on every process
    vector = matrix.filled((start / np.linalg.norm(start)).astype(diagonal.dtype))
    basis = placed(matrix.mesh, np.zeros((matrix.padded, limit), diagonal.dtype), P())
    main: list[float] = []
    beside: list[float] = []
    while True:
        basis, vector, alpha, beta = _lengthened(basis, matrix.product(vector), vector, len(main))
        main.append(float(alpha))
        tridiagonal = np.diag(main) + np.diag(beside, 1) + np.diag(beside, -1)
        values, vectors = np.linalg.eigh(tridiagonal)
        # |K u - theta u| = beta |last entry of the eigenvector|: there is an eigenvalue within; rounding of the products adds to it.
        errors = float(beta) * np.abs(vectors[-1]) + eps * abs(values[-1])
        found = ExtremeEigenvalues(float(values[-1]), float(values[0]), float(errors[-1]), float(errors[0]), len(main))
        rounding = 10 * eps * abs(values[-1])
        enough = {
            name: value_error <= max(tolerance * abs(value), rounding)
            for name, value, value_error in (("largest", found.largest, found.largest_error), ("smallest", found.smallest, found.smallest_error))
        }
        spent = not float(beta) > rounding  # the vectors span an invariant space: their eigenvalues are exact
        far = not spent and not all(enough[name] for name in enough if which in (name, "both"))
        if not far or len(main) == limit:
            break
        beside.append(float(beta))
    if far:
        warnings.warn(
            f"extreme_eigenvalues stopped after {found.steps} steps: largest {found.largest:.6g} within {found.largest_error:.1g}, "
            f"smallest {found.smallest:.6g} within {found.smallest_error:.1g}. What to do: give a larger max_steps or tolerance, or compute in float64.",
            ToleranceWarning,
            stacklevel=2,
        )
    return found


@partial(jax.jit, donate_argnums=0)
def _lengthened(basis: Any, image: Any, vector: Any, step: Any) -> Any:
    """The basis with ``vector`` as its column ``step``; the next vector, orthogonal to all; their two entries of the tridiagonal matrix."""
    basis = lax.dynamic_update_slice_in_dim(basis, vector, step, axis=1)
    alpha = jnp.sum(vector * image)
    for _ in range(2):  # twice is enough
        image = image - jnp.matmul(basis, jnp.matmul(basis.T, image, precision=_EXACT), precision=_EXACT)
    beta = jnp.linalg.norm(image)
    return basis, image / jnp.where(beta > 0, beta, 1), alpha, beta
