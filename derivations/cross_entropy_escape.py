"""Gradient flow by cross-entropy does not end: the outputs grow without bound.

Claim. With a positive definite kernel and no ridge, L(f_t) <= N(k-1)/t + |log(t) Y - f_0|^2 / (2 eta t) in the inverse kernel's metric, so the loss tends to
zero and |f_t(X)| >= log((k-1)/(exp(L(f_t)) - 1))/sqrt(2) tends to infinity.

Source. Soudry et al. 2018 (arXiv:1710.10345), Lem. 1, for linear models.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.losses import escaping_logits


def derive() -> Derivation:
    """The labels, scaled by log t, are the reference."""
    return escaping_logits()
