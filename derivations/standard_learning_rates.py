"""Learning rates in the standard parameterization: eta = eta_0 / n.

Claim. With hidden layers of one width n, 1/n times the tangent kernel of the standard parameterization is the sum of 1/sigma_w^2 times the parts of the
weights behind the first layer, n_0/(n sigma_w^2) times that of the first, and 1/(n sigma_b^2) times those of the biases; the last two factors vanish with the
width.  So eta Theta-hat_std = eta_0 Theta-hat_std / n keeps its size for eta = eta_0 / n.

Source. Lee et al. 2019 (arXiv:1902.06720), App. F.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.learning_rates import standard_rates


def derive() -> Derivation:
    """From the kernel of the standard parameterization, for any phi and L."""
    return standard_rates()
