"""NTK of a network that uses one weight matrix in two branches.

Claim.  For W relu(A x) + W erf(B x), then relu and a readout: the two uses of W are correlated, their kernels are carried, and gradient independence is
needed and holds by the simple check.

Source.  Yang, Tensor programs I and II (arXiv:1910.12478, 2006.14548).
"""

from __future__ import annotations

from ntksym.network import Dense, Network, Pointwise, Sum
from ntksym.proof import Derivation
from ntksym.theory import derive as derive_network


def derive() -> Derivation:
    """The recursion with the kernels between tensors that one matrix makes."""
    shared = Dense(1.0, 1.0, shared="W")
    branches = Sum([[Dense(1.0, 1.0), Pointwise("relu"), shared], [Dense(1.0, 1.0), Pointwise("erf"), shared]])
    return derive_network(Network([branches, Pointwise("relu"), Dense(1.0, 1.0)]), "ntk")
