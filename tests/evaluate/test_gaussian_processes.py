"""Gaussian processes against NumPy by hand, refits and finite differences; every bad input by name."""

from __future__ import annotations

import warnings
from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntksym
from ntksym.errors import DataError, NetworkError, PrecisionWarning, ShapeError
from ntksym.evaluate.gaussian_processes import leave_one_out, log_marginal_likelihood, maximize_marginal_likelihood, posterior
from ntksym.evaluate.gaussian_processes.selection import best_noise

Kernels = namedtuple("Kernels", "train_train test_train test_test")
NET = ntksym.fcn(1, "erf", sigma_w=1.3, sigma_b=0.2)


def _kernels(rng: np.random.Generator, n: int = 12, m: int = 5, d: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, Kernels]:
    x, z, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)), rng.normal(size=(n, 2))
    k = ntksym.kernel_fn(NET)
    return x, z, y, Kernels(*(np.asarray(k(a, b, "nngp")) for a, b in ((x, None), (z, x), (z, None))))


def test_posterior_is_the_conditional_of_the_joint_gaussian(rng) -> None:
    with jax.enable_x64(True):
        _, _, y, k = _kernels(rng)
        found = posterior(k, y, noise_variance=0.1)
        # The precision matrix of the joint Gaussian of (f(X_T), y): its block gives the conditional without the textbook formula.
        joint = np.block([[k.test_test, k.test_train], [k.test_train.T, k.train_train + 0.1 * np.eye(12)]])
        precision = np.linalg.inv(joint)
        cov = np.linalg.inv(precision[:5, :5])
        assert np.allclose(found.cov, cov, rtol=0, atol=1e-13)
        assert np.allclose(found.mean, -cov @ precision[:5, 5:] @ y, rtol=0, atol=1e-12)


def test_exact_observations_are_met(rng) -> None:
    with jax.enable_x64(True):
        _, _, y, k = _kernels(rng)
        found = posterior(Kernels(k.train_train, k.train_train, k.train_train), y)
        assert np.allclose(found.mean, y, rtol=0, atol=1e-10) and np.abs(found.cov).max() < 1e-12


def test_log_marginal_likelihood_by_the_chain_of_conditionals(rng) -> None:
    with jax.enable_x64(True):
        _, _, y, k = _kernels(rng)
        matrix, total = k.train_train + 0.3 * np.eye(12), 0.0
        for i in range(12):  # p(y_0) p(y_1 | y_0) ...
            weights = np.linalg.solve(matrix[:i, :i], matrix[:i, i])
            variance = matrix[i, i] - weights @ matrix[:i, i]
            total += np.sum(-0.5 * (y[i] - weights @ y[:i]) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance))
        assert float(log_marginal_likelihood(k.train_train, y, noise_variance=0.3)) == pytest.approx(total, rel=1e-13)


def test_gradient_reaches_sigmas_noise_and_activation(rng) -> None:
    with jax.enable_x64(True):
        x, y = jnp.asarray(rng.normal(size=(9, 3))), jnp.asarray(rng.normal(size=(9, 2)))
        net = ntksym.fcn(1, ntksym.activation("leaky_relu", alpha=0.2), sigma_w=1.4, sigma_b=0.3)
        k = ntksym.kernel_fn(net)
        for get in ("nngp", "ntk"):

            def value(v, get=get):
                return log_marginal_likelihood(k(x, None, get, sigma_w=v[0], sigma_b=v[1], alpha=v[2]), y, noise_variance=v[3])

            at = np.array([1.4, 0.3, 0.2, 0.05])
            slope = np.asarray(jax.jit(jax.grad(value))(jnp.asarray(at)))
            h = 1e-5
            central = [(float(value(at + h * e)) - float(value(at - h * e))) / (2 * h) for e in np.eye(4)]
            assert np.allclose(slope, central, rtol=1e-7, atol=1e-7), (slope, central)
            assert (np.abs(slope) > 1e-3).all()


def test_leave_one_out_is_n_refits(rng) -> None:
    with jax.enable_x64(True):
        _, _, y, k = _kernels(rng)
        found = leave_one_out(k.train_train, y, noise_variance=0.2)
        for i in range(12):
            rest = np.delete(np.arange(12), i)
            one = posterior(
                Kernels(k.train_train[np.ix_(rest, rest)], k.train_train[i : i + 1][:, rest], k.train_train[i : i + 1, i : i + 1]), y[rest], noise_variance=0.2
            )
            assert np.allclose(found.mean[i], one.mean[0], rtol=0, atol=1e-13)
            assert float(found.variance[i]) == pytest.approx(float(one.cov[0, 0]) + 0.2, rel=1e-13)


def test_jit_and_vmap(rng) -> None:
    with jax.enable_x64(True):
        _, _, y, k = _kernels(rng)
        k, y = Kernels(*map(jnp.asarray, k)), jnp.asarray(y)
        noises = jnp.asarray([0.1, 0.5])
        many = jax.jit(jax.vmap(lambda s: (posterior(k, y, noise_variance=s), leave_one_out(k.train_train, y, noise_variance=s))))(noises)
        for i, s in enumerate((0.1, 0.5)):
            assert np.allclose(many[0].mean[i], posterior(k, y, noise_variance=s).mean, rtol=0, atol=1e-14)
            assert np.allclose(many[1].variance[i], leave_one_out(k.train_train, y, noise_variance=s).variance, rtol=0, atol=1e-14)


def test_float32_is_computed_in_float32(rng) -> None:
    with jax.enable_x64(True):
        _, _, y, k = _kernels(rng)
        exact = posterior(k, y, noise_variance=0.1)
    found = posterior(Kernels(*(np.float32(a) for a in k)), np.float32(y), noise_variance=0.1)
    assert found.mean.dtype == found.cov.dtype == np.float32
    assert np.allclose(found.mean, exact.mean, rtol=0, atol=1e-5) and np.allclose(found.cov, exact.cov, rtol=0, atol=1e-6)


def test_maximum_is_a_maximum(rng) -> None:
    with jax.enable_x64(True):
        x = rng.normal(size=(40, 3))
        truth = np.asarray(ntksym.kernel_fn(NET)(x, None, "nngp", sigma_w=1.8, sigma_b=0.5)) + 0.01 * np.eye(40)
        y = np.linalg.cholesky(truth) @ rng.normal(size=(40, 3))
        k = ntksym.kernel_fn(NET)
        for get in ("nngp", "ntk"):
            found = maximize_marginal_likelihood(NET, x, y, get=get)
            assert found.converged and not found.at_bound, found

            def value(w, b, s, get=get):
                return float(log_marginal_likelihood(k(x, None, get, sigma_w=w, sigma_b=b), y, noise_variance=s))

            best = [found.values[name] for name in ("sigma_w", "sigma_b", "noise_variance")]
            top = value(*best)
            assert found.log_marginal_likelihood == pytest.approx(top, rel=1e-9)
            for i in range(3):
                for factor in (0.97, 1.03):
                    assert value(*[v * factor if i == j else v for j, v in enumerate(best)]) < top
        found = maximize_marginal_likelihood(NET, x, y)
        assert maximize_marginal_likelihood(NET, x, y) == found
        assert found.values["sigma_w"] == pytest.approx(1.8, rel=0.3)
        # Chosen and fixed, and a search that is cut off.
        part = maximize_marginal_likelihood(NET, x, y, fixed={"sigma_w": 1.8, "noise_variance": 0.01})
        assert part.values["sigma_w"] == 1.8 and part.values["noise_variance"] == pytest.approx(0.01) and part.converged
        short = maximize_marginal_likelihood(NET, x, y, start={"sigma_w": 0.1}, steps=1)
        assert not short.converged and "stopped short" in short.message


def test_noise_alone_and_amplitude(rng) -> None:
    with jax.enable_x64(True):
        x = rng.normal(size=(30, 3))
        k = np.asarray(ntksym.kernel_fn(NET)(x, None, "ntk"))
        y = np.linalg.cholesky(50 * (k + 0.02 * np.eye(30))) @ rng.normal(size=(30, 4))
        plain = maximize_marginal_likelihood(NET, x, y, get="ntk", fixed={"sigma_w": 1.3, "sigma_b": 0.2})
        values = [float(log_marginal_likelihood(k, y, noise_variance=s)) for s in np.geomspace(1e-3, 1e3, 300)]
        assert plain.log_marginal_likelihood == pytest.approx(max(values), rel=1e-4) and plain.log_marginal_likelihood >= max(values)
        free = best_noise(jnp.asarray(k), jnp.asarray(y), amplitude=True)
        a, s = free.amplitude, free.noise_variance
        scaled = float(log_marginal_likelihood(a * k, y, noise_variance=a * s))
        assert free.log_marginal_likelihood == pytest.approx(scaled, rel=1e-10) and scaled > plain.log_marginal_likelihood
        for factor in (0.98, 1.02):
            assert float(log_marginal_likelihood(a * factor * k, y, noise_variance=a * factor * s)) < scaled
        assert a == pytest.approx(50, rel=0.5)
        both = maximize_marginal_likelihood(NET, x, y, get="ntk", amplitude=True)
        again = np.asarray(ntksym.kernel_fn(NET)(x, None, "ntk", **both.keywords))
        expected = float(log_marginal_likelihood(both.amplitude * again, y, noise_variance=both.amplitude * both.noise_variance))
        assert both.log_marginal_likelihood == pytest.approx(expected, rel=1e-8) and expected > scaled


K3 = np.array([[2.0, 0.5, 0.1], [0.5, 1.5, 0.2], [0.1, 0.2, 1.0]])
Y3 = np.ones((3, 1))
BAD = {
    "nan label": (K3, np.array([[1.0], [np.nan], [0.0]]), 0.0, DataError, "row 1"),
    "1-D": (K3, np.ones(3), 0.0, ShapeError, r"y_train\[:, None\]"),
    "rows": (K3, np.ones((4, 1)), 0.0, ShapeError, "3 rows"),
    "integers": (K3, np.ones((3, 1), int), 0.0, ShapeError, "int64"),
    "float32 targets": (K3, np.ones((3, 1), np.float32), 0.0, ShapeError, "one dtype"),
    "not square": (K3[:2], Y3[:2], 0.0, ShapeError, r"K\(X, X\)"),
    "four axes": (np.ones((3, 3, 2, 2)), Y3, 0.0, ShapeError, "vec"),
    "nan kernel": (np.where(np.eye(3) > 0, np.nan, K3), Y3, 0.0, DataError, "3 entries"),
    "not symmetric": (K3 + np.triu(np.full((3, 3), 0.25), 1), Y3, 0.0, DataError, "0.25, at row 0 and column 1"),
    "negative": (K3 - 1.9 * np.eye(3), Y3, 0.0, DataError, "eigenvalues from -0.978"),
    "negative under noise": (K3 - 1.9 * np.eye(3), Y3, 3.0, DataError, "eigenvalues from -0.978"),
    "singular": (np.ones((3, 3)), Y3, 0.0, DataError, "noise_variance"),
    "negative noise": (K3, Y3, -1.0, DataError, "variance"),
    "noise nan": (K3, Y3, np.nan, DataError, "variance"),
    "noise vector": (K3, Y3, np.ones(3), ShapeError, "shape"),
}


@pytest.mark.parametrize("function", [log_marginal_likelihood, leave_one_out, lambda k, y, **s: posterior(Kernels(k, k, k), y, **s)])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(function, case: str) -> None:
    k, y, noise, error, said = BAD[case]
    with jax.enable_x64(True), pytest.raises(error, match=said):
        function(k, y, noise_variance=noise)


def test_condition_in_float32(rng) -> None:
    q = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    for bottom, meant in ((1e-6, PrecisionWarning), (3e-8, DataError), (1e-3, None)):
        k = (q * np.array([1.0, 1.0, 1.0, 1.0, 1.0, bottom])) @ q.T
        k = np.float32((k + k.T) / 2)
        y = np.ones((6, 1), np.float32)
        if meant is PrecisionWarning:
            with pytest.warns(PrecisionWarning, match="float64"):
                log_marginal_likelihood(k, y)
        elif meant is DataError:
            with pytest.raises(DataError, match="float64"):
                log_marginal_likelihood(k, y)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                log_marginal_likelihood(k, y)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"fixed": {"sigma": 1.0}}, "sigma"),
        ({"start": {"sigma_w": 1.0}, "fixed": {"sigma_w": 1.0}}, "both"),
        ({"start": {"sigma_w": -1.0}}, "logarithm"),
        ({"fixed": {"sigma_w": 1.0, "sigma_b": 1.0, "noise_variance": 0.1}}, "nothing to choose"),
        ({"bounds": {"sigma_w": (2.0, 1.0)}}, "range"),
        ({"steps": 0}, "steps"),
        ({"get": "cntk"}, "outputs"),
    ],
)
def test_bad_searches_are_named(keywords, said: str) -> None:
    x = np.float32(np.random.default_rng(0).normal(size=(5, 2)))
    with pytest.raises(NetworkError, match=said):
        maximize_marginal_likelihood(NET, x, np.ones((5, 1), np.float32), **keywords)
