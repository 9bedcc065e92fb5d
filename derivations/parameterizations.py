"""Tangent kernel in the standard parameterization.

Claim. With W = sigma_w/sqrt(n) omega and b = sigma_b beta the network is the same at initialization, and for L hidden layers of any widths and any
differentiable phi the tangent kernel of the parameters (W, b) is the sum over layers l of n_{l-1}/sigma_w^2 times the part of omega^l and 1/sigma_b^2 times
the part of beta^l in the tangent kernel of (omega, beta).

Source. The chain rule; Lee et al. 2019 (arXiv:1902.06720), App. F, for the two parameterizations.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.parameterizations import standard_kernel
from ntksym.theory.theorems import general_graph


def derive() -> Derivation:
    """For a symbolic phi and L."""
    return standard_kernel(general_graph())
