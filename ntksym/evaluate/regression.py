"""Kernel regression: f(x) = k(x, X) (k(X, X) + r I)^{-1} Y, with the numbers that say how far to trust it.

It is the mean of the Gaussian process with kernel k and noise variance r, and for the NTK the limit t -> infinity of gradient flow from f = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntksym.errors import DataError
from ntksym.evaluate.kernel_matrices import least_ridge, require_finite, require_semidefinite, require_symmetric, rounding

WHERE = "kernel regression"


@dataclass(frozen=True)
class Fit:
    """Coefficients (k(X,X) + r I)^{-1} Y, shape (N, k), with the absolute ``ridge`` r used and the condition number of k(X,X) + r I.

    ``offset`` (k,) is added to every prediction (the mean of real targets; zero for classes).  ``ridge_reason`` is not empty where the ridge was not asked for.
    """

    coefficients: np.ndarray
    offset: np.ndarray
    ridge: float
    condition: float
    ridge_reason: str = ""

    def predict(self, k_test_train: np.ndarray) -> np.ndarray:
        """Predictions (M, k) from the kernel between test and training rows (M, N)."""
        k = np.asarray(k_test_train, dtype=np.float64)
        require_finite(k, WHERE)
        return k @ self.coefficients + self.offset


def fit(k_train_train: np.ndarray, y_train: np.ndarray, *, ridge: float | None = None, centre: bool = False) -> Fit:
    """Solve (K + r I) a = Y by the eigendecomposition of K (N, N); Y is (N, k).

    ``ridge`` None means 0, raised to N eps lambda_max where K is singular to rounding (and then said so in ``ridge_reason``).
    Raises DataError where K has NaN, is not symmetric, has an eigenvalue that is negative beyond rounding, or is singular under the ridge asked for.
    """
    k = np.asarray(k_train_train, dtype=np.float64)
    y = np.asarray(y_train, dtype=np.float64)
    if k.ndim != 2 or k.shape[0] != k.shape[1] or k.shape[0] != y.shape[0]:
        raise DataError(f"a kernel of shape {k.shape} does not fit targets of shape {y.shape}", where=WHERE, fix="give K (N, N) and Y (N, k)")
    require_finite(k, WHERE)
    if ridge is not None and not (np.isfinite(ridge) and ridge >= 0):
        raise DataError(f"the ridge is {ridge}", where=WHERE, why="it is added to the eigenvalues of the kernel", fix="give a number >= 0")
    require_symmetric(k, WHERE)
    values, vectors = np.linalg.eigh(k)
    top, bottom = float(values[-1]), float(values[0])
    require_semidefinite(bottom, top, 1e3 * rounding(len(k), top), WHERE)
    ridge, reason = least_ridge(bottom, top, len(k)) if ridge is None else (ridge, "")
    if bottom + ridge <= 0:
        raise DataError(
            f"the kernel matrix plus the ridge {ridge:.3g} is singular, smallest eigenvalue {bottom:.3g}",
            where=WHERE,
            why="the training rows repeat, or there are more of them than independent features",
            fix="give a larger ridge",
        )
    offset = y.mean(axis=0) if centre else np.zeros(y.shape[1])
    shifted = values + ridge
    coefficients = vectors @ ((vectors.T @ (y - offset)) / shifted[:, None])
    return Fit(coefficients, offset, float(ridge), (top + ridge) / (bottom + ridge), reason)


def accuracy(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of rows whose largest output is the right class."""
    return float(np.mean(np.argmax(predictions, axis=1) == labels))


def root_mean_square(predictions: np.ndarray, targets: np.ndarray) -> float:
    """Root of the mean squared error over rows and outputs."""
    return float(np.sqrt(np.mean((predictions - targets) ** 2)))
