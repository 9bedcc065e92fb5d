"""How far a network strays from its linearization under gradient flow with the squared loss.

Claim. With e = f - f_lin (printed epsilon), D_t = Theta-hat_t - Theta-hat_0, g = f(X) - Y and g_lin = f_lin(X) - Y: de/dt = -eta Theta-hat_t e - eta D_t g_lin,
and |e_t| <= eta int_0^t |D_s| |g_lin_s| ds, with no exponential, for a tangent kernel is positive semidefinite. So |e_t| <= D_max |g_0| / lambda_0 for all t
and every eta; and where the kernel keeps its eigenvalues above lambda_min, |e_t| <= eta t exp(-eta lambda_min t) D_max |g_0|, largest at
t = 1/(eta lambda_min).  On a test input the bound is (Theta-hat_x_max D_max / lambda_min^2 + D_x_max / lambda_min) |g_0|.

Source. Lee et al. 2019 (arXiv:1902.06720), App. G, in this form without its exponential.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.linearization_error import linearization_error


def derive() -> Derivation:
    """On training inputs and on one test input."""
    return linearization_error()
