"""Exponentials on the whole line."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import STAX, Activation, half, real, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b = real("a"), real("b")
    return (
        row("exp", sp.exp(x), "the exponential", "exponential"),
        row("scaled_exp", a * sp.exp(b * x), "a exp(b x)", source=STAX, a=1, b=half),
        row("cosh", sp.cosh(x), "hyperbolic cosine"),
        row("sinh", sp.sinh(x), "hyperbolic sine"),
    )
