"""Kernel regression against scikit-learn's kernel ridge and against plain linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from ntksym.errors import DataError
from ntksym.evaluate.regression import accuracy, fit, root_mean_square


def _problem(n: int = 40, d: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    k = np.exp(-((x[:, None] - x[None]) ** 2).sum(-1))
    return k, rng.normal(size=(n, 2)), k[:7] @ np.diag(rng.uniform(0.5, 1.0, n))


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 2.0])
def test_agrees_with_scikit_learn(ridge: float) -> None:
    k, y, k_test = _problem()
    ours = fit(k, y, ridge=ridge)
    theirs = KernelRidge(alpha=ridge, kernel="precomputed").fit(k, y)
    assert np.allclose(ours.predict(k_test), theirs.predict(k_test), rtol=0, atol=1e-10)
    assert ours.condition == pytest.approx(np.linalg.cond(k + ridge * np.eye(len(k))), rel=1e-9)
    assert ours.ridge == ridge and not ours.ridge_reason


def test_centred_targets() -> None:
    k, y, k_test = _problem()
    ours = fit(k, y + 100.0, ridge=1.0, centre=True)
    theirs = KernelRidge(alpha=1.0, kernel="precomputed").fit(k, y - y.mean(axis=0))
    assert np.allclose(ours.predict(k_test), theirs.predict(k_test) + y.mean(axis=0) + 100.0, rtol=0, atol=1e-11)


def test_singular_kernel_gets_a_ridge_that_is_said() -> None:
    k, y, _ = _problem()
    twice = np.block([[k, k], [k, k]])
    ours = fit(twice, np.vstack([y, y]))
    assert 0 < ours.ridge < 1e-10 and "singular" in ours.ridge_reason
    assert np.allclose(ours.predict(twice), np.vstack([y, y]), atol=1e-6)
    with pytest.raises(DataError, match="singular"):
        fit(np.ones((3, 3)) - np.diag([0, 0, 1e-17]), np.zeros((3, 1)), ridge=0.0)


@pytest.mark.parametrize(
    ("k", "said"),
    [
        (np.full((2, 2), np.nan), "NaN"),
        (np.array([[0.0, 1.0], [1.0, 0.0]]), "positive semidefinite"),
        (np.zeros((2, 2)), "positive semidefinite"),
        (np.ones((2, 3)), "shape"),
        (np.eye(3), "shape"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "transpose"),
    ],
)
def test_bad_kernels(k: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        fit(k, np.zeros((2, 1)))


@pytest.mark.parametrize("ridge", [-1.0, np.nan, np.inf])
def test_bad_ridge(ridge: float) -> None:
    with pytest.raises(DataError, match="ridge"):
        fit(np.eye(2), np.zeros((2, 1)), ridge=ridge)


def test_scores() -> None:
    assert accuracy(np.array([[1.0, 0.0], [0.2, 0.3], [0.9, 0.1]]), np.array([0, 1, 1])) == pytest.approx(2 / 3)
    assert root_mean_square(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])) == pytest.approx(np.sqrt(2.0))
