"""Derived posteriors, marginal likelihood, leave-one-out and the law of converged networks, against NumPy that knows none of their formulas."""

from __future__ import annotations

import arrays
import numpy as np
import pytest
import sympy as sp

from ntksym.nodes import Array, Component
from ntksym.notation import X, classes, left, noise, ridge, x1, x2
from ntksym.proof import Derivation, Status
from ntksym.theory import posteriors

SEED, SIZE, S, R = 11, 5, 0.3, 0.2
ROWS = {x1: [0], x2: [1], X: list(range(2, 2 + SIZE))}


def kernel(rng: np.random.Generator) -> np.ndarray:
    """A positive definite kernel on two inputs and five training inputs."""
    root = rng.normal(size=(2 + SIZE, 9))
    return root @ root.T / 9


def blocks(name: str, whole: np.ndarray) -> dict[sp.Basic, np.ndarray]:
    return {Array(name, (a, b)): whole[np.ix_(i, j)] for a, i in ROWS.items() for b, j in ROWS.items()}


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    print("seed", SEED)
    return np.random.default_rng(SEED)


def claims(derivation: Derivation) -> list[sp.Basic]:
    return list(derivation.conclusion.claim)


@pytest.mark.parametrize("name", ["K", "Theta"])
def test_posterior(rng: np.random.Generator, name: str) -> None:
    """The joint precision matrix gives mean and covariance without any of the formulas."""
    whole, y = kernel(rng), rng.normal(size=(SIZE, 1))
    joint = whole + np.diag([0.0, 0.0] + [S] * SIZE)
    precision = np.linalg.inv(joint)
    covariance = np.linalg.inv(precision[:2, :2])
    mean = -covariance @ precision[:2, 2:] @ y
    places = {**blocks(name, whole), Array("targets", (X,)): y, noise: S}
    found = claims(posteriors.posterior(name))
    np.testing.assert_allclose(arrays.value(found[0].rhs, places), mean[:1], atol=1e-12)
    np.testing.assert_allclose(arrays.value(found[1].rhs, places)[0, 0], covariance[0, 1], atol=1e-12)
    np.testing.assert_allclose(arrays.value(found[1].rhs.xreplace({x2: x1}), places)[0, 0], covariance[0, 0], atol=1e-12)
    # At the training inputs: outputs and noisy targets of one joint law.
    train = whole[2:, 2:]
    precision = np.linalg.inv(np.block([[train, train], [train, train + S * np.eye(SIZE)]]) + 1e-13 * np.eye(2 * SIZE))
    spread = np.linalg.inv(precision[:SIZE, :SIZE])
    np.testing.assert_allclose(arrays.value(found[3].rhs, places), spread, atol=1e-8)
    np.testing.assert_allclose(arrays.value(found[2].rhs, places), -spread @ precision[:SIZE, SIZE:] @ y, atol=1e-8)


def density(matrix: np.ndarray, y: np.ndarray) -> float:
    """The log density of a centred Gaussian, one coordinate after the other."""
    total, matrix, rest = 0.0, matrix.copy(), y[:, 0].copy()
    for k in range(len(rest)):
        total -= 0.5 * (np.log(2 * np.pi * matrix[k, k]) + rest[k] ** 2 / matrix[k, k])
        factor = matrix[k + 1 :, k] / matrix[k, k]
        rest[k + 1 :] -= factor * rest[k]
        matrix[k + 1 :, k + 1 :] -= np.outer(factor, matrix[k, k + 1 :])
    return total


def test_marginal_likelihood_and_its_slope(rng: np.random.Generator) -> None:
    whole, y, slope = kernel(rng)[2:, 2:], rng.normal(size=(SIZE, 1)), rng.normal(size=(SIZE, SIZE))
    slope = slope + slope.T
    places = {Array("K", (X, X)): whole, Array("targets", (X,)): y, Array("Kslope", (X, X)): slope, noise: S, classes: 1.0}
    places[sp.Symbol("N", integer=True, positive=True)] = float(SIZE)
    evidence, first, second, by_noise = claims(posteriors.marginal_likelihood())
    noisy, h = whole + S * np.eye(SIZE), 1e-5
    assert float(np.squeeze(arrays.value(evidence.rhs, places))) == pytest.approx(density(noisy, y), abs=1e-11)
    along = (density(noisy + h * slope, y) - density(noisy - h * slope, y)) / (2 * h)
    assert float(np.squeeze(arrays.value(first.rhs, places))) == pytest.approx(along, rel=1e-6)
    assert float(np.squeeze(arrays.value(second.rhs, places))) == pytest.approx(along, rel=1e-6)
    more = (density(noisy + h * np.eye(SIZE), y) - density(noisy - h * np.eye(SIZE), y)) / (2 * h)
    assert float(np.squeeze(arrays.value(by_noise.rhs, places))) == pytest.approx(more, rel=1e-6)


def test_leave_one_out(rng: np.random.Generator) -> None:
    """Each target left out in turn, the others conditioned on."""
    whole, y = kernel(rng)[2:, 2:], rng.normal(size=(SIZE, 1))
    mean, variance = claims(posteriors.leave_one_out())
    assert (mean.lhs, variance.lhs) == (Component(Array("loomean", (left,)), ()), Component(Array("loovar", (left, left)), ()))
    noisy = whole + S * np.eye(SIZE)
    for k in range(SIZE):
        others = [j for j in range(SIZE) if j != k]
        weights = np.linalg.solve(noisy[np.ix_(others, others)], noisy[others, k])
        places = {Array("K", (X, X)): whole, Array("targets", (X,)): y, noise: S, sp.Symbol("i", integer=True, positive=True): k}
        assert arrays.value(mean.rhs, places) == pytest.approx(weights @ y[others, 0], abs=1e-12)
        assert arrays.value(variance.rhs, places) == pytest.approx(noisy[k, k] - weights @ noisy[others, k], abs=1e-12)


def test_converged_networks_beside_the_posterior(rng: np.random.Generator) -> None:
    """The covariance of the linear map of initial outputs and noise; its excess over the posterior; equality where the kernels are proportional."""
    k, theta, y = kernel(rng), kernel(rng), rng.normal(size=(SIZE, 1))
    found = claims(posteriors.ensemble_and_posterior())
    weights, weights_k, mean, covariance, spread, excess, difference = found[:7]

    def numbers(theta: np.ndarray, r: float) -> dict[sp.Basic, np.ndarray]:
        places = {**blocks("K", k), **blocks("Theta", theta), Array("targets", (X,)): y, noise: S, ridge: r}
        for name, equation in (("regression", weights), ("regressionK", weights_k)):
            for label in (x1, x2):
                places[Array(name, (label, X))] = arrays.value(equation.rhs.xreplace({x1: label}), places)
        return places | {spread.lhs: arrays.value(spread.rhs, places)}

    places = numbers(theta, R)
    # Outputs at the end of training, as a map of (f_0(x), f_0(x'), f_0(X), noise): the minimum of the ridge loss in feature space.
    root = np.linalg.cholesky(theta)
    features, train = root[:2], root[2:]
    move = features @ np.linalg.solve(train.T @ train + R * np.eye(len(theta)), train.T)
    image = np.hstack([np.eye(2), -move, move])
    source = np.block([[k, np.zeros((2 + SIZE, SIZE))], [np.zeros((SIZE, 2 + SIZE)), S * np.eye(SIZE)]])
    expected = image @ source @ image.T
    for equation in (covariance, excess):
        assert float(arrays.value(equation.rhs, places)[0, 0]) == pytest.approx(expected[0, 1], abs=1e-11)
    np.testing.assert_allclose(arrays.value(mean.rhs, places), move[:1] @ y, atol=1e-11)
    posterior_mean = k[:1, 2:] @ np.linalg.solve(k[2:, 2:] + S * np.eye(SIZE), y)
    np.testing.assert_allclose(arrays.value(difference.rhs, places), move[:1] @ y - posterior_mean, atol=1e-11)
    assert expected[0, 0] > arrays.value(spread.rhs.xreplace({x2: x1}), places)[0, 0] + 1e-3
    same = numbers(2.5 * k, 2.5 * S)
    np.testing.assert_allclose(arrays.value(covariance.rhs, same), same[spread.lhs], atol=1e-12)


def test_the_witness_by_quadrature() -> None:
    """Both kernels of the network with phi(x) = x^2 by Gauss-Hermite nodes, exact for these polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    weights = weights / weights.sum()

    def kernels(rho: float) -> tuple[float, float]:
        u, z = np.meshgrid(nodes, nodes, indexing="ij")
        v, w = rho * u + np.sqrt(max(0.0, 1 - rho**2)) * z, np.outer(weights, weights)
        nngp = float((w * u**2 * v**2).sum())
        return nngp, nngp + float((w * 2 * u * 2 * v).sum()) * rho

    (k, t), (kk, tt) = kernels(0.5), kernels(1.0)
    mine, theirs = t / tt, k / kk
    derivation = posteriors.ensemble_is_no_posterior()
    values = {equation.lhs: float(equation.rhs) for equation in derivation.conclusion.claim}
    c, ck, spread, covariance = list(values.values())[-4:]
    assert (c, ck) == pytest.approx((mine, theirs), abs=1e-13)
    assert (spread, covariance) == pytest.approx((kk + mine**2 * kk - 2 * mine * k, kk - theirs * k), abs=1e-13)
    assert derivation.verdict is Status.CITED and "witness" in {a.key for a in derivation.assumptions}


def test_what_rests_on_what() -> None:
    general = posteriors.ensemble_and_posterior()
    assert general.verdict is Status.PROVED
    assert {a.key for a in general.assumptions} == {"gaussian-noise", "limit-kernel", "nngp-prior", "own-targets"}
    assert posteriors.posterior("Theta").verdict is Status.PROVED
    assert r"\operatorname{tr}" in posteriors.marginal_likelihood().latex() and "⇔" in general.text()
