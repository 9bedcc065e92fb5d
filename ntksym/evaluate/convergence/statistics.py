"""Fits over widths with their errors: an intercept in 1/n, powers of n, and one test for all entries of a matrix.

Numbers in, numbers out: nothing here knows a network.  ``means`` is (m, D), the mean of D entries at m widths, and ``covariances`` (m, D, D) that of each mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Array = np.ndarray
RESOLUTION = 1e-6  # rounding of a mean of float32 numbers near 1: a direction that does not vary is held to this
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class ChiSquare:
    """A sum of squares against a chi-square law: ``z`` is the deviation of one normal variable that is as improbable (two-sided)."""

    chi2: float
    dof: int

    @property
    def p(self) -> float:
        """Probability of a larger sum of squares."""
        return chi_square_tail(self.chi2, self.dof)

    @property
    def z(self) -> float:
        """Standard deviations; where the probability is no longer a float, the root of the sum of squares."""
        return -NormalDist().inv_cdf(self.p / 2) if self.p > 1e-300 else math.sqrt(self.chi2)


@dataclass(frozen=True)
class Exponent:
    """A power of n with its standard error."""

    value: float
    error: float

    def z(self, expected: float) -> float:
        """Standard errors from what is expected."""
        return (self.value - expected) / self.error

    def __str__(self) -> str:
        return f"{self.value:.3f} +- {self.error:.3f}"


def chi_square_tail(chi2: float, dof: int) -> float:
    r"""$Q(k/2, \chi^2/2)$ for a whole k, by its finite sum (Abramowitz and Stegun 26.4.4-5)."""
    half = chi2 / 2
    if not half < 700:
        return 0.0
    if dof % 2:
        term, total = math.sqrt(half) / math.gamma(1.5), math.erfc(math.sqrt(half)) * math.exp(half)
        steps = [(dof - 1) // 2, 1.5]
    else:
        term, total = 1.0, 0.0
        steps = [dof // 2, 1.0]
    for k in range(int(steps[0])):
        total += term
        term *= half / (steps[1] + k)
    return min(1.0, math.exp(-half) * total)


def joint_test(deviation: Array, covariance: Array) -> ChiSquare:
    """Whether a vector is zero within its covariance; directions that do not vary count with the rounding of float32."""
    variances, directions = np.linalg.eigh(covariance)
    floor = RESOLUTION**2
    chi2 = float(((directions.T @ deviation) ** 2 / (np.maximum(variances, 0) + floor)).sum())
    return ChiSquare(chi2, max(1, int((variances > floor).sum())))


@dataclass(frozen=True)
class Line:
    """Theta + c/n per entry: ``intercept`` and ``slope`` (D,), the covariance of the intercept, and the test of what the line leaves."""

    intercept: Array
    slope: Array
    covariance: Array
    misfit: ChiSquare


def fit_line(widths: Array, means: Array, covariances: Array) -> Line:
    """Weighted least squares of every entry on (1, 1/n); a width weighs as much as the trace of its covariance is small.

    The weights are common to the entries, so the intercept is a fixed combination of the means and its covariance is exactly that of the combination.
    """
    spread = np.trace(covariances, axis1=1, axis2=2) + RESOLUTION**2
    design = np.stack([np.ones(len(widths)), 1 / widths], axis=1)
    weighted = design / spread[:, None]
    take = np.linalg.solve(weighted.T @ design, weighted.T)  # (2, m)
    intercept, slope = take @ means
    covariance = np.einsum("m,mij->ij", take[0] ** 2, covariances)
    # What is left has the covariance of (1 - design take) applied to independent widths.
    left = np.eye(len(widths)) - design @ take
    rest = (left @ means).reshape(-1)
    of_rest = np.einsum("am,bm,mij->aibj", left, left, covariances).reshape(len(rest), len(rest))
    return Line(intercept, slope, covariance, _test_of_rest(rest, of_rest, (len(widths) - 2) * means.shape[1]))


def _test_of_rest(rest: Array, covariance: Array, most: int) -> ChiSquare:
    """As :func:`joint_test`, in the directions that the fit left free (``most`` of them)."""
    variances, directions = np.linalg.eigh(covariance)
    kept = np.zeros(len(rest), bool)
    kept[len(rest) - most :] = True  # eigh sorts upwards
    kept &= variances > RESOLUTION**2
    return ChiSquare(float(((directions.T @ rest)[kept] ** 2 / variances[kept]).sum()), max(1, int(kept.sum())))


def fit_exponent(widths: Array, values: Array, errors: Array, *, correction: bool = False) -> Exponent:
    """The power p of ``values`` = a n^p, or a n^p (1 + b/n) with ``correction``, from a fit to logarithms weighted by ``errors``.

    The standard error follows from ``errors`` alone: without the correction it does not know of the terms of the next order.
    """
    weight = (values / errors) ** 2
    columns = [np.ones(len(widths)), np.log(widths)] + ([widths[0] / widths] if correction else [])
    design = np.stack(columns, axis=1)
    covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
    return Exponent(float((covariance @ design.T @ (weight * np.log(values)))[1]), float(covariance[1, 1] ** 0.5))


def fit_bias_exponent(widths: Array, biases: Array, covariances: Array) -> Exponent | None:
    """The power p of c n^p, c a vector, fitted to the biases (m, D); None where they are not told from zero, or p is not (error above 0.5)."""
    floor = RESOLUTION**2 * np.eye(biases.shape[1])
    precisions = np.linalg.inv(covariances + floor)
    total = float(np.einsum("mi,mij,mj->", biases, precisions, biases))
    if ChiSquare(total, biases.size).z < 5:
        return None

    def left(power: float) -> float:
        """The sum of squares with the best c for this power."""
        scale = (widths / widths[0]) ** power
        right = np.einsum("m,mij,mj->i", scale, precisions, biases)
        return total - float(right @ np.linalg.solve(np.einsum("m,mij->ij", scale**2, precisions), right))

    low, high = -4.0, 2.0
    while high - low > 1e-6:
        one, two = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, two) if left(one) < left(two) else (one, high)
    best, step = (low + high) / 2, 0.02
    curvature = (left(best + step) - 2 * left(best) + left(best - step)) / step**2
    found = Exponent(best, (2 / curvature) ** 0.5) if curvature > 0 else None
    return found if found is not None and found.error < 0.5 else None
