"""A Gaussian process with kernel K (x) I_k and noise: posterior, log marginal likelihood, leave-one-out predictions, all by one Cholesky factor."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular

from ntksym.errors import ShapeError
from ntksym.evaluate.gaussian_processes.arrays import checked_matrix, checked_noise, checked_square, checked_targets, factor
from ntksym.evaluate.parameters import concrete

HIGHEST = jax.lax.Precision.HIGHEST


class Kernels(NamedTuple):
    """The kernel of one process between training rows, test rows and training rows, and test rows: (N, N), (M, N), (M, M)."""

    train_train: Any
    test_train: Any
    test_test: Any


class Posterior(NamedTuple):
    """``mean`` (M, k) and ``cov`` (M, M) of the function at the test rows; the k outputs are independent and share the covariance."""

    mean: jax.Array
    cov: jax.Array


class LeaveOneOut(NamedTuple):
    """``mean`` (N, k) and ``variance`` (N,) of target i given all targets but the i-th."""

    mean: jax.Array
    variance: jax.Array


def posterior(nngp: Any, y_train: Any, *, noise_variance: Any = 0.0) -> Posterior:
    r"""The posterior of a Gaussian process f ~ GP(0, K) at the test rows, given $y = f(X) + \varepsilon$, $\varepsilon \sim N(0, s)$.

    $\mathrm{mean} = K_{TX}(K_{XX} + sI)^{-1}Y$,  $\mathrm{cov} = K_{TT} - K_{TX}(K_{XX} + sI)^{-1}K_{XT}$, s the ``noise_variance``.

    ``nngp``: a named tuple with ``train_train`` (N, N), ``test_train`` (M, N), ``test_test`` (M, M), all float32 or all float64; with the NNGP kernel this is
    the Bayesian network of infinite width.  ``y_train`` (N, k), the dtype of the kernel.
    The covariance is that of the function: a new *observation* has s more on the diagonal.  jit, vmap and grad pass through.
    ShapeError for shapes and dtypes; DataError for NaN, a kernel that is not symmetric or not positive semidefinite (the largest violation is printed), one
    that cannot be solved with in this precision; PrecisionWarning where few digits are left.
    Source: Rasmussen and Williams 2006, (2.23) and (2.24); Lee et al. 2018.

        from ntksym.evaluate.gaussian_processes import Kernels
        k = ntksym.kernel_fn(net)
        ntksym.posterior(Kernels(k(x, get="nngp"), k(z, x, get="nngp"), k(z, get="nngp")), y, noise_variance=1e-3)
    """
    where = "posterior"
    missing = [name for name in Kernels._fields if not hasattr(nngp, name)]
    if missing:
        raise ShapeError(
            f"the kernels have no {', '.join(missing)}",
            where=where,
            why="the posterior needs the kernel between training and test rows too",
            fix="give a named tuple (train_train, test_train, test_test)",
        )
    k = checked_square(nngp.train_train, "train_train", where)
    cross = checked_matrix(nngp.test_train, "test_train", where, (None, len(k)), k.dtype)
    own = checked_matrix(nngp.test_test, "test_test", where, (len(cross), len(cross)), k.dtype)
    y = checked_targets(y_train, len(k), k.dtype, where)
    lower = factor(k, checked_noise(noise_variance, k.dtype, where), where)
    return Posterior(*_posterior(lower, cross, own, y))


def log_marginal_likelihood(k_train_train: Any, y_train: Any, *, noise_variance: Any = 0.0) -> jax.Array:
    r"""The log density of the targets under GP(0, K) and noise s,
    $\log p(Y) = -\tfrac12\operatorname{tr}Y^\top(K+sI)^{-1}Y - \tfrac k2\log\det(K+sI) - \tfrac{Nk}2\log 2\pi$.

    ``k_train_train`` (N, N), ``y_train`` (N, k), s the ``noise_variance``; a scalar of their dtype.  Differentiable: `jax.grad` through ``kernel_fn`` reaches
    sigma_w, sigma_b and the parameters of the activation.  Errors as in :func:`posterior`.
    Source: Rasmussen and Williams 2006, (2.30).

        jax.grad(lambda s: ntksym.log_marginal_likelihood(k(x, get="nngp", sigma_w=s), y, noise_variance=1e-2))(1.5)
    """
    where = "log_marginal_likelihood"
    k = checked_square(k_train_train, "k_train_train", where)
    y = checked_targets(y_train, len(k), k.dtype, where)
    return log_density(factor(k, checked_noise(noise_variance, k.dtype, where), where), y)


def leave_one_out(k_train_train: Any, y_train: Any, *, noise_variance: Any = 0.0) -> LeaveOneOut:
    r"""Mean and variance of every training target given all the others, without a refit: with $A = (K + sI)^{-1}$,
    $\mathrm{mean}_i = y_i - [AY]_i / A_{ii}$,  $\mathrm{variance}_i = 1 / A_{ii}$.

    ``k_train_train`` (N, N), ``y_train`` (N, k), s the ``noise_variance``, which is part of the variance.  With K the tangent kernel and s a ridge, the mean
    is that of a network trained to t = infinity without row i (from f = 0); the variance is then that of the process with kernel Theta.
    Errors as in :func:`posterior`.  Source: Rasmussen and Williams 2006, (5.12).

        ntksym.leave_one_out(k(x, get="nngp"), y, noise_variance=1e-2).mean
    """
    where = "leave_one_out"
    k = checked_square(k_train_train, "k_train_train", where)
    y = checked_targets(y_train, len(k), k.dtype, where)
    if len(k) < 2 and concrete(k):
        raise ShapeError("there is one row", where=where, why="leaving it out leaves none", fix="give at least two rows")
    return LeaveOneOut(*_leave_one_out(factor(k, checked_noise(noise_variance, k.dtype, where), where), y))


@jax.jit
def _posterior(lower: jax.Array, cross: jax.Array, own: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    # With L^{-1} K_XT the explained part is a product of a matrix with its transpose: symmetric and never negative on the diagonal.
    half = solve_triangular(lower, cross.T, lower=True)
    mean = jnp.matmul(half.T, solve_triangular(lower, y, lower=True), precision=HIGHEST)
    return mean, own - jnp.matmul(half.T, half, precision=HIGHEST)


@jax.jit
def log_density(lower: jax.Array, y: jax.Array) -> jax.Array:
    """Log density of the columns of ``y`` (N, k) under N(0, L L^T)."""
    n, outputs = y.shape
    white = solve_triangular(lower, y, lower=True)
    return -0.5 * jnp.sum(white * white) - outputs * jnp.sum(jnp.log(jnp.diagonal(lower))) - 0.5 * n * outputs * jnp.log(2 * jnp.pi)


@jax.jit
def _leave_one_out(lower: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    half = solve_triangular(lower, jnp.eye(len(y), dtype=y.dtype), lower=True)
    diagonal = jnp.sum(half * half, axis=0)
    return y - cho_solve((lower, True), y) / diagonal[:, None], 1 / diagonal
