"""Early stopping is almost a ridge.

Claim. Without a ridge, training for a time t learns the share 1 - exp(-eta lam t) of a mode; the ridge r = 1/(eta t), trained to the end, the share
lam / (lam + r). The first is never less than the second, and at most C times as much, 1.2984 < C < 1.2985: C = (1 + u)^2 / (1 + u + u^2) at the one u > 0 with
exp(u) = 1 + u + u^2.

Source. Ali, Kolter and Tibshirani 2019 (arXiv:1810.10082).
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.shrinkage import early_stopping


def derive() -> Derivation:
    """From the solution of gradient flow."""
    return early_stopping()
