"""Two inputs at which converged networks are not distributed as the NNGP posterior.

Claim. Depth 1, phi(x) = x^2, sigma_w = 1, no biases, one training input, of the length of x and at 60 degrees: C = 5/14 but C_K = 1/2, variance 453/196
but 9/4.

Source. Lee et al. 2019 (arXiv:1902.06720), Sec. 2.4, where the difference is stated.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.posteriors import ensemble_is_no_posterior


def derive() -> Derivation:
    """From the derived kernels of that network."""
    return ensemble_is_no_posterior()
