"""The exact tangent kernel of a finite residual network with a gate and a concatenation.

Claim.  For any widths the tangent kernel is a sum over the parameters of inner products of inputs times inner products of backward Jacobians, read off the
chain-rule graph from the output down.

Source.  Lee et al. 2019 (arXiv:1902.06720), Eq. 4, here for a wiring.
"""

from __future__ import annotations

from ntksym.network import Concat, Dense, Network, Pointwise, Product, Residual
from ntksym.proof import Derivation
from ntksym.theory import derive as derive_network


def derive() -> Derivation:
    """Theta-hat as a sum of layer terms."""
    dense, erf = Dense(1.0, 1.0), Pointwise("erf")
    gate = Product([[dense, erf], [dense]])
    return derive_network(Network([dense, Residual([erf, dense]), erf, Concat([[], [gate]]), dense]), "jacobian")
