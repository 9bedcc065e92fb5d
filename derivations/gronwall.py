"""Gronwall's lemma in both forms, with the conditions that the second needs.

Claim. If u' <= beta u then u(t) <= u(0) exp(int_0^t beta), for beta of any sign. If u <= alpha + int_0^t beta u and beta >= 0, then
u(t) <= alpha(t) + int_0^t alpha(s) beta(s) exp(int_s^t beta) ds, which for nondecreasing alpha is at most alpha(t) exp(int_0^t beta).

Source. Gronwall 1919; Bellman 1943.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.linearization_error import gronwall


def derive() -> Derivation:
    """By comparison with linear equations."""
    return gronwall()
