"""Polynomial pieces that meet at 0."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import STAX, Activation, down, half, real, row, up
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b, s, alpha = real("a"), real("b"), real("s"), real("alpha")
    return (
        row("relu", up, "max(0, x)", "rectifier", source=("cho2009", "n = 1")),
        row("leaky_relu", up + alpha * down, "slope alpha for x < 0, 1 for x > 0", "lrelu", source=("maas2013", ""), alpha=sp.Rational(1, 100)),
        row("prelu", up + a * down, "slope a for x < 0, 1 for x > 0; a starts at 1/4 and is learned", source=("he2015", "Eq. 1"), a=sp.Rational(1, 4)),
        row("ab_relu", b * up + a * down, "slope a for x < 0, b for x > 0", "two_sided_relu", source=STAX, a=-half, b=1),
        row("abs", sp.Abs(x), "|x|", "absolute_value"),
        row("relu^2", up**2, "max(0, x)^2", "relu2", "squared_relu", "relu_squared", source=("cho2009", "n = 2")),
        row("relu^3", up**3, "max(0, x)^3", "relu3", "cubed_relu", source=("cho2009", "n = 3")),
        row("relu^4", up**4, "max(0, x)^4", "relu4", source=("cho2009", "n = 4")),
        row("relu^5", up**5, "max(0, x)^5", "relu5", source=("cho2009", "n = 5")),
        # Mean 0 and variance 1 under N(0, 1): E relu^2 = 1/2, Var relu^2 = 5/4.
        row("star_relu", s * up**2 + b, "s max(0, x)^2 + b", source=("yu2023", ""), s=2 / sp.sqrt(5), b=-1 / sp.sqrt(5)),
        row("signed_square", x * sp.Abs(x), "x |x|", "x_abs_x"),
        row("sign", sp.sign(x), "-1 or 1", "sgn"),
        row("step", sp.Heaviside(x), "1{x >= 0}", "heaviside", "binary_step", source=("cho2009", "n = 0")),
    )
