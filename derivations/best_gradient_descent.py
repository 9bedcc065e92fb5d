"""The fastest gradient descent: eta_crit = 2 / (lam_min + lam_max).

Claim. |I - eta Theta-hat_0| = 1 - eta lam_min for eta <= eta_crit and eta lam_max - 1 beyond; it is least, (kappa - 1)/(kappa + 1), at eta_crit.  The edge of
stability is 2 / lam_max, further out.

Source. Lee et al. 2019 (arXiv:1902.06720), Thm. 2.1, where eta_crit bounds the learning rate.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.learning_rates import best_descent


def derive() -> Derivation:
    """From the solution of gradient descent."""
    return best_descent()
