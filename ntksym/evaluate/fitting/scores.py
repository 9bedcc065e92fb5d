"""How good Gaussian predictions are: densities, class probabilities, calibration.  NumPy and SciPy only."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

INTERVAL = 1.6448536269514722  # half the width of the central 90 % of a standard normal
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(64)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def class_log_probabilities(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Log P(class c has the largest score), (M, k), for independent Gaussian scores with means (M, k) and one variance per row (M,).

    P(c) = E prod_{j != c} Phi((m_c - m_j) / sd + z) over z ~ N(0, 1), by 64 Gauss-Hermite nodes, then normalised over c.
    """
    m, k = mean.shape
    scaled = mean / np.sqrt(np.maximum(variance, np.finfo(float).tiny))[:, None]
    found = np.empty((m, k))
    log_weights = np.log(_WEIGHTS)
    for c in range(k):
        others = scaled[:, [c]] - np.delete(scaled, c, axis=1)
        logs = log_ndtr(others[:, :, None] + _NODES).sum(axis=1) + log_weights
        found[:, c] = np.logaddexp.reduce(logs, axis=1)
    return found - np.logaddexp.reduce(found, axis=1)[:, None]


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Sum over bins of confidence: (rows in it / rows) |accuracy - mean confidence|, with bins of equal width on [0, 1]."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(bin_of, right - confidence, bins)
    return float(np.abs(gap).sum() / len(labels))


def negative_log_density(mean: np.ndarray, variance: np.ndarray, targets: np.ndarray) -> float:
    """Mean over rows and outputs of -log N(target; mean, variance); all (M, k)."""
    return float(np.mean(0.5 * (targets - mean) ** 2 / variance + 0.5 * np.log(2 * np.pi * variance)))


def coverage(mean: np.ndarray, variance: np.ndarray, targets: np.ndarray) -> float:
    """Fraction of targets inside the central 90 % interval of their prediction; 0.9 if the uncertainty is right."""
    return float(np.mean(np.abs(targets - mean) <= INTERVAL * np.sqrt(variance)))
