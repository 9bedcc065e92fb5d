"""Activations numbered by an integer n, which is structural: no parameter of generated code."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ntksym.notation import x

SEQUENCE_MOST = 16


def _hermite(n: int) -> sp.Expr:
    """Probabilists' Hermite polynomial over sqrt(n!): an orthonormal basis under N(0, 1)."""
    before, now = sp.S.Zero, sp.S.One
    for k in range(n):
        before, now = now, sp.expand(x * now - k * before)
    return now / sp.sqrt(sp.factorial(n))


# name -> (phi, the least n, what it is); n goes up to SEQUENCE_MOST.
SEQUENCES: dict[str, tuple[Callable[[int], sp.Expr], int, str]] = {
    "monomial": (lambda n: x**n, 1, "x^n"),
    "rectified_monomial": (lambda n: sp.Max(0, x) ** n if n else sp.Heaviside(x), 0, "x^n 1{x >= 0}"),
    "hermite": (_hermite, 1, "n-th normalised Hermite polynomial"),
}


def sequence_names() -> tuple[str, ...]:
    """Names that take an integer: ``activation("monomial", n=3)``."""
    return tuple(sorted(SEQUENCES))
