"""NTK of a pre-activation residual network with layer normalization.

Claim.  For two blocks u + W relu(LN(u)), each layer with biases, in the joint limit of all widths: K and Theta of every tensor that weights make and of
every Gaussian sum; the normalized ones have variance 1.

Source.  Yang, Tensor programs I and II (arXiv:1910.12478, 2006.14548) for the limit theorems.
"""

from __future__ import annotations

from ntksym.network import Dense, LayerNorm, Network, Pointwise, Residual
from ntksym.proof import Derivation
from ntksym.theory import derive as derive_network


def derive() -> Derivation:
    """The recursion for K and Theta, all sigmas symbols."""
    dense, relu = Dense(1.0, 1.0), Pointwise("relu")
    block = Residual([LayerNorm(), relu, dense])
    return derive_network(Network([dense, block, block, LayerNorm(), relu, dense]), "ntk")
