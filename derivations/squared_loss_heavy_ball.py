"""Linearized training by gradient descent with momentum under the squared loss and a ridge, solved.

Claim. Modes are combinations of powers of the roots of rho^2 - (1 + mu - eta (lam + r)) rho + mu; they converge if and only if 0 < eta (lam + r) < 2 (1 + mu).

Source. Polyak 1964; Lee et al. 2019 (arXiv:1902.06720), App. on momentum.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import linearized_solution


def derive() -> Derivation:
    """From the law of the parameters to every output."""
    return linearized_solution("momentum")
