"""NNGP recursion of a fully connected network.

Claim. As the hidden widths tend to infinity one after the other, the pre-activations of layer l+1 tend in law to centred Gaussians, independent over
neurons, with covariance K^{l+1} = sigma_w^2 E[phi(u) phi(v)] + sigma_b^2, (u, v) ~ N(0, K^l), and K^1 = sigma_w^2 x.x'/n_0 + sigma_b^2.

Source. Neal 1996; Lee et al. 2018 (arXiv:1711.00165), Sec. 2; Matthews et al. 2018 (arXiv:1804.11271) for the joint limit.
"""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.network import fcn
from ntksym.proof import Derivation
from ntksym.theory import derive as derive_network


def derive() -> Derivation:
    """For a symbolic phi and L."""
    return derive_network(fcn(notation.depth, sp.Function("phi"), sigma_w=notation.sigma_w, sigma_b=notation.sigma_b), "nngp")
