"""Every target predicted from all others, from one inverse.

Claim. Given the other targets, target i has mean y_i - [A^-1 Y]_i / [A^-1]_ii and variance 1 / [A^-1]_ii, A = K + sI.

Source. Rasmussen and Williams 2006, Eqs. 5.10-5.12.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.posteriors import leave_one_out


def derive() -> Derivation:
    """From the posterior with one training input left out."""
    return leave_one_out()
