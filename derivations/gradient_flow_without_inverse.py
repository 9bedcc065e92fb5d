"""Gradient flow for a kernel that may be singular: no inverse in the solution.

Claim. w_t = eta t J_0(X)^T phi_1(-eta (Theta-hat_0 + r I) t) (Y - f_0(X)) with phi_1(z) = (exp(z) - 1)/z, the integral of exp(z s) over s in [0, 1]; likewise
the training and test outputs.

Source. Lee et al. 2019 (arXiv:1902.06720), Eq. 8, without its inverse.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.spectra import without_inverse


def derive() -> Derivation:
    """From the solution of gradient flow."""
    return without_inverse()
