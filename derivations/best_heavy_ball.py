"""The fastest heavy ball.

Claim. No momentum and learning rate contract all modes faster per step than (sqrt(kappa) - 1)/(sqrt(kappa) + 1); this is reached at
mu = ((sqrt(kappa) - 1)/(sqrt(kappa) + 1))^2 and eta = (2 / (sqrt(lam_max) + sqrt(lam_min)))^2.

Source. Polyak 1964.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.learning_rates import best_heavy_ball


def derive() -> Derivation:
    """From the solution of the heavy ball."""
    return best_heavy_ball()
