"""Averages over finite networks, and Taylor polynomials in the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluate.finite_cases import WIRINGS

from ntksym.errors import NetworkError, ShapeError
from ntksym.evaluate.finite import apply_fn, empirical_ntk_fn, init_fn, linearize, monte_carlo_kernel_fn, taylor_expand
from ntksym.network import Dense, Network, fcn

X1 = np.array([[1.0, -2.0, 0.5], [0.3, 0.4, -1.0], [0.0, 1.0, 1.0]], dtype=np.float32)
X2 = X1[:2] + 1


@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
def test_mean_and_standard_error_are_those_of_the_samples(at_once: int, seed: int) -> None:
    """The same networks drawn one by one in numpy: means, and sample deviations over the square root of their number."""
    network = WIRINGS["plain"]
    key = jax.random.key(seed % 2**31)
    found = monte_carlo_kernel_fn(network)(key, X1, X2, n_samples=20, at_once=at_once)
    nngp, ntk = [], []
    for k in range(20):
        params = init_fn(network)(jax.random.split(jax.random.fold_in(key, k))[0], 3)
        f1, f2 = (np.asarray(apply_fn(network)(params, x), dtype=float) for x in (X1, X2))
        nngp.append(f1 @ f2.T / 3)
        ntk.append(np.asarray(empirical_ntk_fn(network)(params, X1, X2, outputs="trace"), dtype=float))
    for estimate, samples in ((found.nngp, np.stack(nngp)), (found.ntk, np.stack(ntk))):
        assert np.allclose(estimate.mean, samples.mean(0), rtol=2e-5, atol=1e-5)
        assert np.allclose(estimate.standard_error, samples.std(0, ddof=1) / np.sqrt(20), rtol=2e-5)


def test_a_linear_network_has_its_kernels_at_every_width(seed: int) -> None:
    """Of f = w2 w1 x with biases: NNGP and NTK are exact at finite width, K = s^4 x.x'/3 + s^2 b^2 + b^2 and Theta = K + s^2 (s^2 x.x'/3 + b^2)."""
    network = Network([Dense(1.3, 0.5, 4), Dense(1.3, 0.5, 2)])
    found = monte_carlo_kernel_fn(network)(jax.random.key(seed % 2**31), X1, n_samples=20000, at_once=100)
    first = 1.3**2 * (X1 @ X1.T) / 3 + 0.5**2
    last = 1.3**2 * first + 0.5**2
    for estimate, exact in ((found.nngp, last), (found.ntk, last + 1.3**2 * first)):
        assert (np.abs(estimate.mean - exact) < 4.5 * estimate.standard_error).all()
        assert (np.asarray(estimate.standard_error) < 0.05 * exact.max()).all()


def test_heads_and_masks_have_kernels_of_their_own(seed: int) -> None:
    heads = monte_carlo_kernel_fn(WIRINGS["two_heads"])
    assert heads.kernels == ("nngp_value", "nngp_policy", "ntk_value", "ntk_policy")
    found = heads(jax.random.key(seed % 2**31), X1, n_samples=300, at_once=50)
    # the policy head has weights 2 x 1.5 times as large and no biases: K_policy = 9 (K_value - 0.1^2)
    gap = np.asarray(found.nngp_policy.mean) - 9 * (np.asarray(found.nngp_value.mean) - 0.1**2)
    assert (np.abs(gap) < 4.5 * np.hypot(found.nngp_policy.standard_error, 9 * np.asarray(found.nngp_value.standard_error))).all()
    only = heads(jax.random.key(seed % 2**31), X1, get="ntk_policy", n_samples=300, at_once=50)
    assert np.allclose(only.mean, found.ntk_policy.mean, rtol=1e-5)
    masked = Network([Dense(width=8), WIRINGS["dropout"].layers[2], Dense(width=1)])  # K_xx = x.x/(3 rho) on the diagonal, x.x'/3 off
    estimate = monte_carlo_kernel_fn(masked)(jax.random.key(seed % 2**31), X1, get="nngp", n_samples=20000, at_once=100)
    exact = X1 @ X1.T / 3
    exact[np.diag_indices(3)] /= 0.7
    assert (np.abs(estimate.mean - exact) < 4.5 * estimate.standard_error).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda k: k(jax.random.key(0), X1, n_samples=1), ["n_samples=1", "from 2 on"]),
        (lambda k: k(jax.random.key(0), X1, n_samples=5, at_once=0), ["at_once=0"]),
        (lambda k: k(jax.random.key(0), X1, get="gp", n_samples=5), ["get='gp'", "nngp, ntk"]),
        (lambda k: monte_carlo_kernel_fn(fcn(1, "relu"))(jax.random.key(0), X1, n_samples=5), ["without a width"]),
        (lambda k: monte_carlo_kernel_fn("relu"), ["is no network"]),
    ],
)
def test_bad_input_to_monte_carlo(call: Callable[[Any], Any], words: list[str]) -> None:
    with pytest.raises(NetworkError) as caught:
        call(monte_carlo_kernel_fn(WIRINGS["plain"]))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_the_rest_of_a_taylor_polynomial_falls_with_its_order(order: int, seed: int, rng: np.random.Generator) -> None:
    """f(theta_0 + t d) minus the polynomial is c t^(order + 1): the slope between two small t."""
    network = Network(WIRINGS["gated_product"].layers[:1] + WIRINGS["mixed_activations"].layers[1:])
    with jax.enable_x64(True):
        params = init_fn(network)(jax.random.key(seed % 2**31), 3, "float64")
        direction = jax.tree.map(lambda a: jnp.asarray(rng.standard_normal(a.shape)), params)
        f, polynomial = apply_fn(network), jax.jit(taylor_expand(network, params, order))
        rests = []
        for t in (4e-2, 2e-2):
            moved = jax.tree.map(lambda p, d, t=t: p + t * d, params, direction)
            rests.append(np.linalg.norm(f(moved, X1.astype(float)) - polynomial(moved, X1.astype(float))))
        assert rests[1] > 1e-12
        assert abs(np.log2(rests[0] / rests[1]) - (order + 1)) < 0.35


def test_the_linearized_network_has_the_kernel_of_the_network(seed: int) -> None:
    network = WIRINGS["residual"]
    with jax.enable_x64(True):
        params, moved = (init_fn(network)(jax.random.key(seed % 2**31 + k), 3, "float64") for k in (0, 1))
        linear = linearize(apply_fn(network), params)
        wanted = np.asarray(empirical_ntk_fn(network)(params, X1.astype(float)))
        found = empirical_ntk_fn(linear, method="jacobian")(moved, X1.astype(float))
        assert np.abs(found - wanted).max() < 1e-12 * np.abs(wanted).max()
        assert np.allclose(linear(params, X1.astype(float)), apply_fn(network)(params, X1.astype(float)), rtol=1e-14)


def test_polynomials_of_any_function() -> None:
    """A polynomial of degree 2 in its parameters is its own expansion of order 2; keywords are passed on."""
    function = lambda p, x, *, shift: (p["a"] * x + p["b"] ** 2 + shift)[:, None]  # noqa: E731
    zero, moved = ({"a": np.float32(a), "b": np.float32(b)} for a, b in ((1, 2), (-3, 0.5)))
    x = np.arange(3, dtype=np.float32)
    assert np.allclose(taylor_expand(function, zero, 2)(moved, x, shift=1), function(moved, x, shift=1), rtol=1e-6)
    assert np.allclose(linearize(function, zero)(moved, x, shift=1)[:, 0], -3 * x + 4 + 4 * (0.5 - 2) + 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p: taylor_expand(WIRINGS["plain"], p, -1), NetworkError, ["order=-1"]),
        (lambda p: taylor_expand(WIRINGS["plain"], p, 1.5), NetworkError, ["order=1.5"]),
        (lambda p: linearize(3, p), NetworkError, ["neither a network nor a function"]),
        (lambda p: linearize(lambda p, x: x, {"n": np.int32(1)}), ShapeError, ["params['n']", "int32"]),
        (lambda p: linearize(WIRINGS["plain"], p)(p[:1], X1), ShapeError, ["another structure"]),
    ],
)
def test_bad_input_to_taylor(call: Callable[[Any], Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call(init_fn(WIRINGS["plain"])(jax.random.key(0), 3))
    for word in words:
        assert word in str(caught.value)
