"""The error function, the normal distribution function, and their products with polynomials."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import STAX, Activation, half, real, row
from ntksym.notation import x

# Squared-loss fit of erf to the sigmoid on [-5, 5]; the decimals are neural-tangents' and hence exact.
SIGMOID_SCALE = sp.Rational("2.4020563531719796")


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b, c = real("a"), real("b"), real("c")
    normal_cdf = (1 + sp.erf(x / sp.sqrt(2))) / 2
    return (
        row("erf", sp.erf(x), "the error function", source=("williams1996", "")),
        row("scaled_erf", a * sp.erf(b * x) + c, "a erf(b x) + c", "affine_erf", source=("williams1996", ""), a=1, b=1, c=0),
        row("sigmoid_like", sp.erf(x / SIGMOID_SCALE) / 2 + half, "the error function fitted to the sigmoid", source=STAX),
        row("normal_cdf", normal_cdf, "the standard normal distribution function", "probit", "ndtr"),
        row("gelu", x * (1 + sp.erf(x / sp.sqrt(2))) / 2, "x Phi(x), exact", "gelu_exact", "gelu_erf", source=("hendrycks2016", "Section 2")),
    )
