"""Gradient flow of the linearized network under any loss.

Claim. da_t/dt = -eta (grad L(f_0 + Theta-hat_0 a_t) + r a_t) from a_0 = 0 gives every output, f_t(x) = f_0(x) + Theta-hat_0(x,X) a_t, with no inverse; the loss
with its ridge falls; under a convex loss two solutions satisfy |w_t - w~_t|^2 <= exp(-2 eta r t) |w_0 - w~_0|^2, so there is one solution.

Source. Lee et al. 2019 (arXiv:1902.06720), Eqs. 6-7; Rockafellar 1970, Thm. 25.1.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import general_loss


def derive() -> Derivation:
    """The law, the energy, the contraction."""
    return general_loss("gradient_flow")
