"""Where gradient flow ends with a ridge: the minimum of the ridge loss.

Claim. w_oo = J_0(X)^T (Theta-hat_0 + r I)^{-1} (Y - f_0(X)) is the stationary point and the minimum of |f_0 + J w - Y|^2 / 2 + r |w|^2 / 2.

Source. Completing the square.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.minimum_norm import ridge_minimum


def derive() -> Derivation:
    """From the solution of gradient flow with a ridge."""
    return ridge_minimum()
