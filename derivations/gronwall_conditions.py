"""Gronwall's second form is false without its conditions: two examples.

Claim. That u <= alpha + int_0^t beta u implies u(t) <= alpha(t) exp(int_0^t beta) is false where alpha decreases (alpha = exp(-t), beta = 1, u = cosh t) and
where beta is negative (alpha = 1, beta = -1, u = 2t - 1, on 0 <= t <= 1).

Source. Own examples.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.linearization_error import gronwall_conditions


def derive() -> Derivation:
    """One example for each condition."""
    return gronwall_conditions()
