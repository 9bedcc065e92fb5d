"""Jacobian of a fully connected network.

Claim. For L hidden layers of any widths, any differentiable phi, B^l = df/dh^l obeys B^{L+1} = I and
B^l_{ob} = sigma_w/sqrt(n_l) phi'(h^l_b) sum_a B^{l+1}_{oa} omega^{l+1}_{ba}; the output's derivatives by the weights and biases of layer l+1 are
sigma_w/sqrt(n_l) z^l_b B^{l+1}_{oj} and sigma_b B^{l+1}_{oj}.

Source. The chain rule; the parameterization of Lee et al. 2019 (arXiv:1902.06720), Eq. 1.
"""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.network import fcn
from ntksym.proof import Derivation
from ntksym.theory import derive as derive_network


def derive() -> Derivation:
    """For a symbolic phi and L."""
    return derive_network(fcn(notation.depth, sp.Function("phi"), sigma_w=notation.sigma_w, sigma_b=notation.sigma_b), "jacobian")
