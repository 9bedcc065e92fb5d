"""Polynomials."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import Activation, half, real, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b, c = real("a"), real("b"), real("c")
    return (
        row("identity", x, "x: a linear network", "linear", "x"),
        row("quadratic", x**2, "x^2", "square"),
        row("cubic", x**3, "x^3", "cube"),
        row("quintic", x**5, "x^5"),
        row("polynomial2", a + b * x + c * x**2, "a + b x + c x^2", a=0, b=1, c=half),
        row("hermite2", (x**2 - 1) / sp.sqrt(2), "second normalised Hermite polynomial", source=("daniely2016", "")),
        row("hermite3", (x**3 - 3 * x) / sp.sqrt(6), "third normalised Hermite polynomial", source=("daniely2016", "")),
    )
