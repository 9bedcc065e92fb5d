"""The law of infinitely wide converged networks, beside the NNGP posterior.

Claim. With C = Theta(x,X)(Theta+rI)^-1 and C_K = K(x,X)(K+sI)^-1, converged networks have covariance S + (C - C_K)(K+sI)(C - C_K)^T, S that of the posterior;
at an input the two laws agree if and only if C = C_K there, as they do where Theta and K are proportional (only the readout is trained).

Source. Lee et al. 2019 (arXiv:1902.06720), Sec. 2.4 and Eqs. 13-16; Rasmussen and Williams 2006, Eqs. 2.23-2.24.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.posteriors import ensemble_and_posterior


def derive() -> Derivation:
    """Gradient flow to the end, from Gaussian initial outputs."""
    return ensemble_and_posterior()
