"""Gradient descent beside gradient flow: the gap of each mode.

Claim. With x = eta (lam + r) in [0, 1] and t = 1, 2, ..., 0 <= exp(-x t) - (1 - x)^t <= x^2 t exp(-x (t - 1)) / 2.

Source. A telescoping sum and Taylor's bound of the exponential.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.spectra import flow_and_descent


def derive() -> Derivation:
    """From both solutions."""
    return flow_and_descent()
