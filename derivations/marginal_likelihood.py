"""The marginal likelihood of the targets, and its slope in the kernel and in the noise.

Claim. With A = K + sI: log p(Y) = -1/2 Y^T A^-1 Y - 1/2 log det A - kN/2 log 2 pi, and its derivative along dK is 1/2 tr((A^-1 Y Y^T A^-1 - A^-1) dK).

Source. Rasmussen and Williams 2006, Eqs. 2.30 and 5.9.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.posteriors import marginal_likelihood


def derive() -> Derivation:
    """From the law of the targets to the slope."""
    return marginal_likelihood()
