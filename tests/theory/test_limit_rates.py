"""The limit steps against finite networks: plain jax, autodiff and sampling.

What the limit theorems claim is a rate: over independent networks the tangent kernel has mean Theta + c/n and standard deviation of order n^{-1/2}; its entries
between two different outputs have mean square of order 1/n; the covariance of the next layer given this one does the same.  The rates use no formula of
ntksym; one test compares the mean with its limit.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from ntksym import notation
from ntksym.network import fcn
from ntksym.nodes import CorrelationAngle, CorrelationArcsine
from ntksym.theory import derive

SEED = int(os.environ.get("NTKSYM_SEED", "20190218"))
WIDTHS = (64, 128, 256)
SIGMA_W, SIGMA_B = 1.3, 0.3
X = np.array([[0.9, -0.4, 0.3], [-0.2, 0.7, 1.1]], np.float32)
ACTIVATIONS = {"erf": jax.scipy.special.erf, "relu": jax.nn.relu}


def forward(params: list[tuple[jax.Array, jax.Array]], x: jax.Array, phi: object) -> jax.Array:
    """h^{L+1} of one input, in the NTK parameterization."""
    z = x
    for level, (w, b) in enumerate(params):
        h = SIGMA_W / np.float32(np.sqrt(w.shape[0])) * z @ w + SIGMA_B * b
        z = phi(h) if level < len(params) - 1 else h  # type: ignore[operator]
    return z


def draw(rng: np.random.Generator, widths: tuple[int, ...], count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Parameters of ``count`` networks."""
    pairs = zip(widths, widths[1:], strict=False)
    return [(rng.standard_normal((count, n, m), np.float32), rng.standard_normal((count, m), np.float32)) for n, m in pairs]


@functools.partial(jax.jit, static_argnames=("name",))
def tangent_kernels(params: list[tuple[jax.Array, jax.Array]], name: str) -> jax.Array:
    """Theta-hat(x, x')_{ij} of every network in ``params``, by autodiff: (count, 2, 2)."""

    def one(p: list[tuple[jax.Array, jax.Array]]) -> jax.Array:
        outputs = jax.jacrev(lambda p: jax.vmap(lambda x: forward(p, x, ACTIVATIONS[name]))(jnp.asarray(X)))(p)
        blocks = [leaf.reshape(2, 2, -1) for leaf in jax.tree.leaves(outputs)]
        return sum(jnp.einsum("ip,jp->ij", b[0], b[1], precision="highest") for b in blocks)  # type: ignore[return-value]

    return jax.vmap(one)(params)


class Sampled(NamedTuple):
    """Over the widths: mean, its standard error and standard deviation of the diagonal entries; mean square off the diagonal."""

    mean: np.ndarray
    error: np.ndarray
    deviation: np.ndarray
    square: np.ndarray


@functools.cache
def sampled(name: str, batches: int = 8, count: int = 64) -> Sampled:
    """``batches * count`` networks per width, the same for every test of this file."""
    print("seed", SEED)
    rng, rows = np.random.default_rng(SEED), []
    for width in WIDTHS:
        draws = (draw(rng, (3, width, width, 2), count) for _ in range(batches))
        kernels = np.concatenate([np.asarray(tangent_kernels(params, name), np.float64) for params in draws])
        per_network = (kernels[:, 0, 0] + kernels[:, 1, 1]) / 2
        off = np.concatenate([kernels[:, 0, 1], kernels[:, 1, 0]])
        deviation = np.concatenate([kernels[:, 0, 0], kernels[:, 1, 1]]).std()
        rows.append((per_network.mean(), per_network.std() / np.sqrt(len(per_network)), deviation, (off**2).mean()))
    return Sampled(*np.array(rows).T)


def slope(values: np.ndarray) -> float:
    """Of log value against log width."""
    return float(np.polyfit(np.log(WIDTHS), np.log(values), 1)[0])


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_the_tangent_kernel_concentrates_as_one_over_root_n(name: str) -> None:
    """The slope is known to about 0.03 with 512 networks per width."""
    assert abs(slope(sampled(name).deviation) + 0.5) < 0.12


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_different_outputs_decay_as_one_over_n(name: str) -> None:
    """The hypothesis that fresh weights carry, E Theta-hat_ab^2 = O(1/n) for a != b; the slope is known to about 0.06."""
    assert abs(slope(sampled(name).square) + 1) < 0.25


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_the_mean_tends_to_the_derived_limit(name: str) -> None:
    """Theta + c/n fitted over the widths: the intercept within four standard errors of the derived kernel, which is known to better than a tenth of it."""
    found = sampled(name)
    design = np.stack([np.ones(len(WIDTHS)), 1 / np.array(WIDTHS)], axis=1) / found.error[:, None]
    solution, *_ = np.linalg.lstsq(design, found.mean / found.error, rcond=None)
    error = float(np.sqrt(np.linalg.inv(design.T @ design)[0, 0]))
    gram = X.astype(np.float64) @ X.T.astype(np.float64) / 3
    numbers = dict(zip((notation.s11, notation.s12, notation.s22), map(sp.Float, (gram[0, 0], gram[0, 1], gram[1, 1])), strict=True))
    recursion = derive(fcn(2, name, sigma_w=SIGMA_W, sigma_b=SIGMA_B)).conclusion.claim
    value = recursion.unroll(3)[notation.Theta12].subs(numbers | {notation.sigma_w: SIGMA_W, notation.sigma_b: SIGMA_B})
    theta = float(
        value.replace(CorrelationAngle, lambda a, c, b: sp.acos(c / sp.sqrt(a * b))).replace(CorrelationArcsine, lambda a, c, b: sp.asin(c / sp.sqrt(a * b)))
    )
    print(name, "derived", theta, "sampled", solution[0], "+-", error)
    assert error < 0.1 * theta
    assert abs(solution[0] - theta) < 4 * error


def test_fresh_weights_need_more_than_independence(rng: np.random.Generator) -> None:
    """(1/n) w' M w: for ||M||_F^2 = O(n) it concentrates as n^{-1/2}; for M = 11' (||M||_F^2 = n^2) it is chi^2_1 at every n."""
    diagonal, ones = [], []
    for n in WIDTHS:
        w = rng.normal(size=(4000, n))
        entries = np.linspace(0.5, 1.5, n)
        diagonal.append((w**2 @ entries / n).std())
        ones.append((w.sum(1) ** 2 / n).std())
    assert abs(slope(np.array(diagonal)) + 0.5) < 0.05
    assert abs(slope(np.array(ones))) < 0.08
    assert abs(np.mean(ones) - np.sqrt(2)) < 0.15


def test_pre_activations_are_gaussian_given_the_layer_below(rng: np.random.Generator) -> None:
    """Covariance sigma_w^2 z.z'/n + sigma_b^2 and kurtosis 3 at n = 3, a width where nothing is asymptotic."""
    z = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
    draws = 200_000
    w, b = rng.normal(size=(draws, 3)), rng.normal(size=draws)
    h = SIGMA_W / np.sqrt(3) * w @ z.T + SIGMA_B * b[:, None]
    expected = SIGMA_W**2 * z @ z.T / 3 + SIGMA_B**2
    np.testing.assert_allclose(h.T @ h / draws, expected, atol=5 * np.abs(expected).max() * np.sqrt(2 / draws))
    assert abs((h[:, 0] ** 4).mean() / (h[:, 0] ** 2).mean() ** 2 - 3) < 5 * np.sqrt(96 / draws)
