"""The posterior of an infinitely wide network given noisy targets.

Claim. Given Y = f(X) + noise of variance s, the outputs are Gaussian with mean K(x,X)(K+sI)^-1 Y and covariance K(x,x') - K(x,X)(K+sI)^-1 K(X,x'); at the
training inputs both are functions of the kernel matrix.

Source. Rasmussen and Williams 2006, Eqs. 2.23-2.24; Lee et al. 2018 (arXiv:1711.00165), Sec. 2.3.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.posteriors import posterior


def derive() -> Derivation:
    """With the NNGP kernel as covariance of the prior."""
    return posterior("K")
