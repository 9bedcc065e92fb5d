"""Gradient flow mode by mode: time scales, and outputs as a mean of targets and start.

Claim. Along an eigenvector of the kernel matrix with eigenvalue lam, the distance of the training outputs to where they end shrinks as exp(-eta (lam + r) t),
to 1/e in the time 1/(eta (lam + r)); without a ridge f^lin_t(X) = (I - E_t) Y + E_t f_0(X) with E_t = exp(-eta Theta-hat_0 t).

Source. Lee et al. 2019 (arXiv:1902.06720), Eq. 9.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.spectra import spectral_modes


def derive() -> Derivation:
    """From the solution of gradient flow."""
    return spectral_modes()
