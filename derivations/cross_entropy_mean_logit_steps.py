"""What gradient descent with momentum by cross-entropy keeps: the mean of the outputs of every example.

Claim. For the heavy ball from rest, and with it (momentum zero) for gradient descent, the sum of the outputs does not move.

Source. Polyak 1964 for the dynamics; the invariant is elementary.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import conserved_logits


def derive() -> Derivation:
    """From the law for any loss and the gradient p - y."""
    return conserved_logits("momentum")
