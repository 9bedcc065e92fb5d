"""Linearized training by gradient flow under the squared loss and a ridge, solved.

Claim. f^lin_t(x) = f_0(x) + Theta-hat_0(x, X) psi_t(Theta-hat_0) (Y - f_0(X)) with psi_t(lam) = (1 - exp(-eta (lam + r) t)) / (lam + r); likewise
the parameters and the training outputs; also where the kernel is singular.

Source. Lee et al. 2019 (arXiv:1902.06720), Eqs. 8-11; with a ridge and without an inverse of the kernel.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import linearized_solution


def derive() -> Derivation:
    """From the law of the parameters to every output."""
    return linearized_solution("gradient_flow")
