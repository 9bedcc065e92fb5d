"""The flow whose unit step is the heavy ball, under the squared loss and a ridge, solved.

Claim. Modes are combinations of exp(rho t) at the roots of rho^2 + (1 - mu) rho + eta (lam + r); time counts steps.

Source. Lee et al. 2019 (arXiv:1902.06720), App. on momentum, in another unit of time.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import linearized_solution


def derive() -> Derivation:
    """From the law of the parameters to every output."""
    return linearized_solution("momentum_flow")
