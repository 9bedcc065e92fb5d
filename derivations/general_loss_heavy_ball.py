"""Gradient descent with momentum of the linearized network under any loss.

Claim. The heavy ball for the dual coefficients, from rest at a_0 = 0, gives every output, f_t(x) = f_0(x) + Theta-hat_0(x,X) a_t, with no inverse.

Source. Polyak 1964; Lee et al. 2019 (arXiv:1902.06720), Eqs. 6-7.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import general_loss


def derive() -> Derivation:
    """The law of the dual coefficients, step by step."""
    return general_loss("momentum")
