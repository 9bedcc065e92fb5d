"""RMSNorm, which is its formula: the finite layer, its Jacobian and its limit against numpy, autodiff and sampled networks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntksym
from ntksym.errors import NetworkError
from ntksym.network import Dense, Network, Pointwise, RMSNorm
from ntksym.proof import Status


def network(width: int | None, epsilon: object = 0, out: int = 2) -> Network:
    return Network([Dense(1.5, 0.3, width), RMSNorm(epsilon), Pointwise("relu"), Dense(1.2, 0.1, out)])


@pytest.mark.parametrize("epsilon", [0, 0.25])
def test_a_finite_network_and_its_tangent_kernel(epsilon: float, rng: np.random.Generator, seed: int) -> None:
    """The forward pass in numpy; Theta-hat against J J^T."""
    net, x = network(6, epsilon), rng.standard_normal((3, 4))
    with jax.enable_x64(True):
        params = ntksym.init_fn(net)(jax.random.key(seed % 2**31), 4, "float64")
        (w1, b1), (w2, b2) = ((np.asarray(w), np.asarray(b)) for w, b in params)
        h = 1.5 / 4**0.5 * x @ w1 + 0.3 * b1
        z = np.maximum(h / np.sqrt((h**2).mean(axis=1, keepdims=True) + epsilon), 0)
        np.testing.assert_allclose(ntksym.apply_fn(net)(params, x), 1.2 / 6**0.5 * z @ w2 + 0.1 * b2, rtol=1e-13)
        leaves = jax.tree.leaves(jax.jacrev(lambda p: ntksym.apply_fn(net)(p, jnp.asarray(x)))(params))
        wanted = sum(np.einsum("pin,qjn->pqij", j, j) for j in (np.asarray(leaf).reshape(3, 2, -1) for leaf in leaves))
        found = np.asarray(ntksym.empirical_ntk_fn(net)(params, x))
        assert np.abs(found - wanted).max() < 1e-13 * np.abs(wanted).max()


@pytest.mark.parametrize("epsilon", [0, 0.25])
def test_the_derived_kernel(epsilon: float, rng: np.random.Generator) -> None:
    r"""$K/\sqrt{(K_{11} + \epsilon)(K_{22} + \epsilon)}$ and the same factor on Theta, by hand with the arc-cosine kernels of Cho and Saul."""
    x = rng.standard_normal((3, 4))
    first = 1.5**2 * x @ x.T / 4 + 0.3**2
    size = np.sqrt(np.diag(first) + epsilon)
    k = first / np.outer(size, size)
    root = np.sqrt(np.outer(np.diag(k), np.diag(k)))
    angle = np.arccos(np.clip(k / root, -1, 1))
    value, slope = root * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi), (np.pi - angle) / (2 * np.pi)
    nngp = 1.2**2 * value + 0.1**2
    with jax.enable_x64(True):
        got = ntksym.kernel_fn(network(None, epsilon))(x, get=("nngp", "ntk"))
        np.testing.assert_allclose(got.nngp, nngp, rtol=0, atol=1e-14 * nngp.max())
        np.testing.assert_allclose(got.ntk, nngp + 1.2**2 * slope * k, rtol=0, atol=2e-14 * nngp.max())


def test_sampled_networks_tend_to_it(seed: int, rng: np.random.Generator) -> None:
    """Theta-hat at a width of 300, its bias of order 1/300 allowed for: 2000 networks, two outputs."""
    x = rng.standard_normal((2, 4)).astype(np.float32)
    limit = np.asarray(ntksym.kernel_fn(network(None))(x))
    estimate = ntksym.monte_carlo_kernel_fn(network(300))(jax.random.key(seed % 2**31), x, get="ntk", n_samples=2000, at_once=50)
    error = 4.5 * np.asarray(estimate.standard_error) + limit.max() / 300
    assert (error < 0.02 * limit.max()).all()
    assert (np.abs(np.asarray(estimate.mean) - limit) < error).all()


def test_it_is_derived_stored_and_refused() -> None:
    net = network(None)
    assert ntksym.derive(net).verdict in (Status.CITED, Status.TESTED)
    assert Network.from_json(net.to_json()) == net
    with pytest.raises(NetworkError, match="epsilon=-1 is negative"):
        RMSNorm(-1)
