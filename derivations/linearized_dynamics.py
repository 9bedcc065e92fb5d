"""Gradient flow of the linearized network, for any loss.

Claim. With f^lin_t = f_0 + J_0 w_t, dw_t/dt = -eta J_0(X)^T grad_f L and df^lin_t(x)/dt = -eta Theta-hat_0(x, X) grad_f L, the gradient taken at f^lin_t.

Source. Lee et al. 2019 (arXiv:1902.06720), Eqs. 5-7.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import linearized_dynamics


def derive() -> Derivation:
    """For training and test inputs."""
    return linearized_dynamics()
