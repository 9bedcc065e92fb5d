"""The infinite ensemble: outputs of infinitely wide networks trained by gradient flow, over the draw of their initial parameters.

Claim. With C_t(x) = Theta(x, X) psi_t(Theta): mean C_t Y, covariance K + C_t K(X, X) C_t^T - C_t K(X, .) - K(., X) C_t^T.

Source. Lee et al. 2019 (arXiv:1902.06720), Eqs. 13-16; with a ridge.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.dynamics import ensemble_law


def derive() -> Derivation:
    """For gradient flow."""
    return ensemble_law()
