"""Gradient flow seen at the outputs of a network.

Claim. Under gradient flow, d f_t(x)/dt = -eta Theta-hat_t(x, X) grad_f L on training and test inputs, with Theta-hat_t = J_t J_t^T a sum of one term per
layer, and dL/dt = -eta |grad_theta L|^2 <= 0; for any network and widths.

Source. Jacot, Gabriel and Hongler 2018, Sec. 4; Lee et al. 2019 (arXiv:1902.06720), Eqs. 2-4.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import output_dynamics


def derive() -> Derivation:
    """For training and test inputs."""
    return output_dynamics()
