"""Learning rates for cross-entropy: 4 / lam_max is always short enough.

Claim. The second derivatives of the cross-entropy by the outputs have norm at most 1/2, reached where two classes share all probability equally; so for a
linearized network gradient descent lowers the loss at every step where eta < 4 / lam_max.

Source. Boehning 1992; Taylor's formula.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.learning_rates import cross_entropy


def derive() -> Derivation:
    """From softmax."""
    return cross_entropy()
