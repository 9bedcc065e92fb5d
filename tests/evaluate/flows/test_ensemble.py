"""``ensemble_fn`` against the law of linear maps by NumPy, Bayes where the two meet, and networks that were really drawn and linearized."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

import ntksym
from ntksym.errors import DataError, NetworkError, ShapeError

SEED = 3


class Kernels(NamedTuple):
    """On training and test inputs."""

    train_train: object
    test_train: object
    test_test: object


@pytest.fixture(scope="module", autouse=True)
def double() -> object:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def problem(n: int = 6, m: int = 4) -> tuple[Kernels, Kernels, np.ndarray]:
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    x, z = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    k = ntksym.kernel_fn(ntksym.fcn(2, "erf", sigma_w=1.5, sigma_b=0.2))
    both = [Kernels(k(x, None, name), k(z, x, name), k(z, None, name)) for name in ("nngp", "ntk")]
    return both[0], both[1], rng.normal(size=(n, 2))


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_against_the_matrix_exponential(ridge: float) -> None:
    nngp, ntk, y = problem()
    times = [0.5, 20.0, np.inf]
    mean, cov = ntksym.ensemble_fn()(nngp, ntk, y, times, learning_rate=0.3, ridge=ridge)
    theta, cross = np.asarray(ntk.train_train) + ridge * np.eye(6), np.asarray(ntk.test_train)
    for i, t in enumerate(times):
        moved = np.eye(6) if np.isinf(t) else np.eye(6) - scipy.linalg.expm(-0.3 * t * theta)
        c = cross @ np.linalg.inv(theta) @ moved
        half = c @ np.asarray(nngp.test_train).T
        assert np.max(np.abs(np.asarray(mean[i]) - c @ y)) < 1e-11
        assert np.max(np.abs(np.asarray(cov[i]) - (np.asarray(nngp.test_test) + c @ np.asarray(nngp.train_train) @ c.T - half - half.T))) < 1e-10
    assert cov.shape == (3, 4, 4)
    factored = ntksym.ensemble_fn()(nngp, ntk._replace(train_train=ntksym.factorize(ntk.train_train)), y, 20.0, learning_rate=0.3, ridge=ridge)
    assert np.max(np.abs(np.asarray(factored.cov) - np.asarray(cov[1]))) < 1e-12


def test_only_a_readout_gives_bayes() -> None:
    """Where Theta is K (only the readout is trained) the end of training is the posterior without noise; for the whole network it is not."""
    nngp, ntk, y = problem()
    bayes = ntksym.posterior(nngp, y)
    readout = ntksym.ensemble_fn()(nngp, nngp, y, np.inf)
    assert np.max(np.abs(np.asarray(readout.mean) - np.asarray(bayes.mean))) < 1e-10
    assert np.max(np.abs(np.asarray(readout.cov) - np.asarray(bayes.cov))) < 1e-10
    whole = ntksym.ensemble_fn()(nngp, ntk, y, np.inf)
    assert np.max(np.abs(np.asarray(whole.cov) - np.asarray(bayes.cov))) > 1e-3


@pytest.mark.parametrize("dynamics", ["gradient_descent", "momentum", "momentum_flow"])
def test_other_dynamics_by_their_own_flow(dynamics: str) -> None:
    """C_t is the map from labels to test outputs, so its columns are flows towards unit labels."""
    nngp, ntk, y = problem()
    mu = 0.4 if dynamics.startswith("momentum") else 0.0
    rate = 0.3 * float(ntksym.max_learning_rate(ntk.train_train))
    c = ntksym.flow_fn(dynamics=dynamics)(ntk.train_train, np.eye(6), 12, k_test_train=ntk.test_train, learning_rate=rate, momentum=mu).test
    mean, cov = ntksym.ensemble_fn(dynamics)(nngp, ntk, y, 12, learning_rate=rate, momentum=mu)
    c, half = np.asarray(c), np.asarray(c) @ np.asarray(nngp.test_train).T
    assert np.max(np.abs(np.asarray(mean) - c @ y)) < 1e-12
    assert np.max(np.abs(np.asarray(cov) - (np.asarray(nngp.test_test) + c @ np.asarray(nngp.train_train) @ c.T - half - half.T))) < 1e-12


def test_networks_that_were_drawn() -> None:
    """600 linearized networks of width 256: mean and covariance by one chi-square; the benchmark draws wider ones, and more."""
    from scipy.stats import chi2

    rng = np.random.default_rng(SEED)
    n, m, width, draws = 3, 2, 256, 600
    x = rng.normal(size=(n + m, 3))
    y = rng.normal(size=(n, 1))
    network = ntksym.fcn(1, "erf", sigma_w=1.5, sigma_b=0.1, widths=width)
    init, apply, tangent = ntksym.init_fn(network), ntksym.apply_fn(network), ntksym.empirical_ntk_fn(network)
    flow = ntksym.flow_fn()

    @jax.jit
    def trained(key: jax.Array) -> jax.Array:
        params = init(key, 3, dtype=jnp.float64)
        kernel, start = tangent(params, x)[:, :, 0, 0], apply(params, x)
        return flow(kernel[:n, :n], y, 6.0, k_test_train=kernel[n:, :n], f_train_0=start[:n], f_test_0=start[n:], learning_rate=0.2).test[:, 0]

    outputs = np.asarray(jax.lax.map(trained, jax.random.split(jax.random.key(SEED), draws), batch_size=50))
    k = ntksym.kernel_fn(network)
    nngp, ntk = (Kernels(k(x[:n], None, name), k(x[n:], x[:n], name), k(x[n:], None, name)) for name in ("nngp", "ntk"))
    mean, cov = ntksym.ensemble_fn()(nngp, ntk, y, 6.0, learning_rate=0.2)
    mean, cov = np.asarray(mean)[:, 0], np.asarray(cov)
    statistic = draws * (outputs.mean(0) - mean) @ np.linalg.solve(cov, outputs.mean(0) - mean)
    white = np.linalg.solve(np.linalg.cholesky(cov), (outputs - mean).T)
    second = white @ white.T / draws
    upper = np.array([(second[0, 0] - 1) / np.sqrt(2), (second[1, 1] - 1) / np.sqrt(2), second[0, 1]])
    statistic += draws * np.sum(upper**2)
    assert statistic < chi2.ppf(0.999, 2 + 3), statistic


def test_wrong_use() -> None:
    nngp, ntk, y = problem()
    run = ntksym.ensemble_fn()
    with pytest.raises(ShapeError, match="nngp is no named tuple"):
        run((nngp.train_train, nngp.test_train, nngp.test_test), ntk, y, 1.0)
    with pytest.raises(ShapeError, match="y_train has shape"):
        run(nngp, ntk, y[:, 0], 1.0)
    with pytest.raises(ShapeError, match="test_train has shape"):
        run(nngp, ntk._replace(test_train=np.asarray(ntk.test_train).T), y, 1.0)
    with pytest.raises(DataError, match="t=-2"):
        run(nngp, ntk, y, -2.0)
    with pytest.raises(NetworkError, match="has none"):
        run(nngp, ntk, y, 1.0, momentum=0.5)
    with pytest.raises(DataError, match="stability edge"):
        ntksym.ensemble_fn("gradient_descent")(nngp, ntk, y, 3, learning_rate=100.0)
