"""Where gradient flow ends without a ridge: the solution of least norm.

Claim. For a positive definite kernel matrix w_oo = J_0(X)^T Theta-hat_0^{-1} (Y - f_0(X)) fits every target, is the shortest movement of the parameters that
does, and is the pseudo-inverse of J_0(X) (Moore and Penrose) applied to Y - f_0(X).

Source. Lee et al. 2019 (arXiv:1902.06720), Sec. 2.2; Penrose 1955.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.minimum_norm import least_norm


def derive() -> Derivation:
    """From the solution of gradient flow."""
    return least_norm()
