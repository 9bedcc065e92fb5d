"""Cross-entropy of a softmax: gradient, Hessian, and why no outputs are a minimum.

Claim. For one-hot y and every number of classes: gradient p - y, Hessian diag(p) - p p^T with 0 <= Hessian <= I/2; the gradient adds up to zero and is never
zero; loss >= log(1 + (k-1) exp(-sqrt(2) |f|)).

Source. Bishop 2006, Eqs. 4.104-4.110; Boehning 1992 (the bound of the Hessian).
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import softmax_cross_entropy


def derive() -> Derivation:
    """One example, k outputs."""
    return softmax_cross_entropy()
