"""Roots, rational functions, arcs and logarithms."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import Activation, positive, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    alpha, b = positive("alpha"), positive("b")
    root = x / sp.sqrt(1 + alpha * x**2)
    return (
        row("softsign", x / (1 + sp.Abs(x)), "x/(1 + |x|)", "soft_sign", source=("glorot2010", "")),
        row("arctan", sp.atan(x), "arc tangent", "atan"),
        row("squareplus", (x + sp.sqrt(x**2 + b)) / 2, "(x + sqrt(x^2 + b))/2", source=("barron2021", ""), b=4),
        row("isru", root, "x/sqrt(1 + alpha x^2)", source=("carlile2017", ""), alpha=1),
        row("isrlu", sp.Piecewise((root, x < 0), (x, True)), "x/sqrt(1 + alpha x^2) for x < 0, x for x > 0", source=("carlile2017", ""), alpha=1),
        row("bent_identity", x + (sp.sqrt(x**2 + 1) - 1) / 2, "x + (sqrt(x^2 + 1) - 1)/2"),
        row("arcsinh", sp.asinh(x), "inverse hyperbolic sine", "asinh"),
        row("symlog", sp.sign(x) * sp.log(1 + sp.Abs(x)), "sign(x) log(1 + |x|)", source=("hafner2023", "")),
        row("log1p_abs", sp.log(1 + sp.Abs(x)), "log(1 + |x|)"),
    )
