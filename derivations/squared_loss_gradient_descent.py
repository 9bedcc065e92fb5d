"""Linearized training by gradient descent under the squared loss and a ridge, solved.

Claim. As for the flow, with psi_t(lam) = (1 - (1 - eta (lam + r))^t) / (lam + r); modes converge if and only if 0 < eta (lam + r) < 2.

Source. Lee et al. 2019 (arXiv:1902.06720), Sec. 2.2; the discrete law solved.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import linearized_solution


def derive() -> Derivation:
    """From the law of the parameters to every output."""
    return linearized_solution("gradient_descent")
