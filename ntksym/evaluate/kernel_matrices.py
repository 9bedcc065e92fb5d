"""What a kernel matrix K(X, X) must be: finite, symmetric, without eigenvalues that are negative beyond rounding.  NumPy only."""

from __future__ import annotations

import numpy as np

from ntksym.errors import DataError


def require_finite(k: np.ndarray, where: str) -> None:
    """DataError where a kernel matrix holds NaN or infinity."""
    if not np.all(np.isfinite(k)):
        count = int(np.sum(~np.isfinite(k)))
        raise DataError(
            f"the kernel matrix has {count} entries that are NaN or infinite",
            where=where,
            why="either numbers overflowed, or the activation is square-integrable only under Gaussians of small variance and the inputs are too large for it",
            fix="scale the inputs down, or take a smaller sigma_w, sigma_b or depth",
        )


def require_symmetric(k: np.ndarray, where: str) -> None:
    """DataError where ``k`` (N, N) differs from its transpose by more than rounding; the largest difference is printed."""
    difference = np.abs(k - k.T)
    skew = float(np.max(difference, initial=0.0))
    if skew > max(1e-6, 100 * float(np.finfo(k.dtype).eps)) * float(np.max(np.abs(k), initial=0.0)):
        row, column = np.unravel_index(int(np.argmax(difference)), k.shape)
        raise DataError(
            f"the kernel matrix differs from its transpose by {skew:.3g}, at row {row} and column {column}", where=where, fix="give K(X, X), not K(X, X')"
        )


def rounding(n: int, top: float, dtype: np.dtype | type = np.float64) -> float:
    """N eps lambda_max: how far rounding may move the eigenvalues of an (N, N) matrix."""
    return n * float(np.finfo(dtype).eps) * max(top, 0.0)


def require_semidefinite(bottom: float, top: float, slack: float, where: str, precision: str = "float64") -> None:
    """DataError where the smallest eigenvalue ``bottom`` is below -``slack``, or no eigenvalue is positive."""
    if bottom < -slack or top <= 0:
        raise DataError(
            f"the kernel matrix has eigenvalues from {bottom:.3g} to {top:.3g}",
            where=where,
            why="a kernel matrix is positive semidefinite" + (f"; rounding in {precision} explains no more than {-slack:.1e}" if top > 0 else ""),
            fix="check that the kernel was computed in float64 and that the inputs are not all zero",
        )


def least_ridge(bottom: float, top: float, n: int) -> tuple[float, str]:
    """The ridge that is added where none was asked for: 0, or N eps lambda_max where the matrix is singular to rounding; and why."""
    slack = rounding(n, top)
    if bottom > slack:
        return 0.0, ""
    return max(slack, -2.0 * bottom), "the kernel matrix is singular to rounding (repeated rows, or more rows than independent features)"
