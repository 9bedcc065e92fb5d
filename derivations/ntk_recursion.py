"""NTK recursion of a fully connected network.

Claim. As the hidden widths tend to infinity one after the other, the tangent kernel of layer l+1 tends in probability to delta_{ij} Theta^{l+1}, with
Theta^{l+1} = K^{l+1} + sigma_w^2 E[phi'(u) phi'(v)] Theta^l, (u, v) ~ N(0, K^l), and Theta^1 = K^1.

Source. Jacot, Gabriel, Hongler 2018 (arXiv:1806.07572), Thm. 1; Yang 2020 (arXiv:2006.14548) for the joint limit.
"""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.network import fcn
from ntksym.proof import Derivation
from ntksym.theory import derive as derive_network


def derive() -> Derivation:
    """For a symbolic phi and L."""
    return derive_network(fcn(notation.depth, sp.Function("phi"), sigma_w=notation.sigma_w, sigma_b=notation.sigma_b), "ntk")
