"""Gradient descent of the linearized network under any loss.

Claim. a_{t+1} = a_t - eta (grad L(f_0 + Theta-hat_0 a_t) + r a_t) from a_0 = 0 gives every output, f_t(x) = f_0(x) + Theta-hat_0(x,X) a_t, with no inverse.

Source. Lee et al. 2019 (arXiv:1902.06720), Eqs. 6-7.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import general_loss


def derive() -> Derivation:
    """The law of the dual coefficients, step by step."""
    return general_loss("gradient_descent")
