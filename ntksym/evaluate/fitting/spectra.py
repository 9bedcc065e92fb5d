"""The ensemble of trained infinite networks by the spectrum of its tangent kernel: mean and variance at test rows, and the residuals of leaving rows out."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.evaluate.flows.source import training_module

HIGHEST = jax.lax.Precision.HIGHEST


def ensemble_at(
    values: jax.Array, vectors: jax.Array, nngp: tuple[jax.Array, jax.Array, jax.Array], ntk_cross: jax.Array, y: jax.Array, time: float, ridge: float
) -> tuple[jax.Array, jax.Array]:
    r"""Mean (M, k) and variance (M,) at flow time eta t = ``time``, from f_0 ~ GP(0, K): with $C = \Theta_{TX}\,\psi_t(\Theta)$ and the derived filter psi,
    $CY$ and the diagonal of $K_{TT} + C K_{XX} C^\top - C K_{XT} - K_{TX} C^\top$, without the (M, M) covariance that ``ensemble_fn`` gives.
    """
    weight = training_module("gradient_flow")["spectral_filter"](values, jnp.asarray(time, values.dtype), ridge=ridge)
    c = jnp.matmul(jnp.matmul(ntk_cross, vectors, precision=HIGHEST) * weight[None, :], vectors.T, precision=HIGHEST)
    train, cross, test = nngp
    variance = test + jnp.sum(jnp.matmul(c, train, precision=HIGHEST) * c, axis=1) - 2 * jnp.sum(c * cross, axis=1)
    return jnp.matmul(c, y, precision=HIGHEST), variance


def left_out(values: jax.Array, vectors: jax.Array, nngp: jax.Array, y: jax.Array, time: float, ridge: float) -> tuple[jax.Array, jax.Array]:
    r"""Residuals (N, k) and variances (N,) of the training rows when each is left out: $[AY]_i / A_{ii}$ and $[AKA]_{ii} / A_{ii}^2$,
    $A = (\Theta + \rho)^{-1}$.

    At time = inf, rho is the ridge r, and both are exact.  Earlier, rho = r + 1/(eta t), the ridge that stopping at t is like; good enough for a scale.
    """
    tau = 1.0 if np.isinf(time) else time
    inverse = 1 / (values + ridge) if np.isinf(time) else 1 / (1 + tau * (values + ridge))
    a = jnp.matmul(vectors * inverse[None, :], vectors.T, precision=HIGHEST)
    diagonal = jnp.diagonal(a)
    variance = jnp.sum(jnp.matmul(a, nngp, precision=HIGHEST) * a, axis=1) / diagonal**2
    return jnp.matmul(a, y, precision=HIGHEST) / diagonal[:, None], variance
