"""An exponential on one side of 0, a polynomial on the other."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import Activation, half, positive, real, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    alpha, width, beta, a = real("alpha"), positive("alpha"), real("beta"), real("a")
    above, below = real("alpha_p"), real("alpha_n")
    return (
        row(
            "elu",
            sp.Piecewise((alpha * (sp.exp(x) - 1), x < 0), (x, True)),
            "alpha (exp(x) - 1) for x < 0, x for x > 0",
            source=("clevert2016", ""),
            alpha=1,
        ),
        row(
            "selu",
            a * sp.Piecewise((alpha * (sp.exp(x) - 1), x < 0), (x, True)),
            "a times ELU, with the numbers that keep mean 0 and variance 1",
            "scaled_elu",
            source=("klambauer2017", ""),
            a=sp.Rational("1.0507009873554805"),
            alpha=sp.Rational("1.6732632423543772"),
        ),
        row(
            "celu",
            sp.Piecewise((width * (sp.exp(x / width) - 1), x < 0), (x, True)),
            "alpha (exp(x/alpha) - 1) for x < 0, x for x > 0",
            source=("barron2017", ""),
            alpha=1,
        ),
        row(
            "xielu",
            sp.Piecewise((below * (sp.exp(x) - 1 - x) + beta * x, x < 0), (above * x**2 + beta * x, True)),
            "alpha_n (exp(x) - 1 - x) + beta x for x < 0, alpha_p x^2 + beta x for x > 0",
            source=("huang2024", ""),
            alpha_p=sp.Rational(4, 5),
            alpha_n=sp.Rational(4, 5),
            beta=half,
        ),
    )
