"""The edge of stability, and how it changes with the scale of the loss.

Claim. All modes of the heavy ball (mu = 0: gradient descent) converge for eta < 2 (1 + mu) / (lam_max + r); with a factor c in front of the loss the edge is
2 (1 + mu) / (c lam_max + r): for a mean over N examples N times larger, for a mean over N k numbers N k times larger, without a ridge.

Source. Polyak 1964; Lee et al. 2019 (arXiv:1902.06720), Sec. 2.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.learning_rates import edges


def derive() -> Derivation:
    """From the solution of the heavy ball."""
    return edges()
