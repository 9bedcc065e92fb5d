"""How far a network strays from its linearization under gradient descent with the squared loss.

Claim. e_{t+1} = (I - eta Theta-hat_t) e_t - eta D_t g_lin_t + R_t with |R_t| <= eta^2 H |J_t^T g_t|^2 / 2, H a bound of the second derivative; and where
eta lambda_max(Theta-hat_t) <= 2 at every step, |e_t| is at most the sum over the earlier steps of eta |D| |g_lin| + |R|.

Source. Lee et al. 2019 (arXiv:1902.06720), App. G; with the remainder of Taylor's formula kept.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.linearization_error import linearization_error_descent


def derive() -> Derivation:
    """On training inputs, step by step."""
    return linearization_error_descent()
