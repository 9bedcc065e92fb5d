"""The posterior of a Gaussian process with the NTK as covariance; its mean is that of networks trained with a ridge.

Claim. The NTK posterior with noise s has the mean Theta(x,X)(Theta+sI)^-1 Y, which is the mean of converged infinitely wide networks with ridge r = s.

Source. Rasmussen and Williams 2006, Eqs. 2.23-2.24; Jacot, Gabriel and Hongler 2018 (arXiv:1806.07572), Sec. 5.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.posteriors import posterior


def derive() -> Derivation:
    """With the NTK as covariance of the prior."""
    return posterior("Theta")
