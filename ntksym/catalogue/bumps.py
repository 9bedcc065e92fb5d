"""Functions that fall off on both sides."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import STAX, Activation, half, positive, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, beta = positive("a"), positive("beta")
    bell = sp.exp(-(x**2))
    coordinates = ("ramasinghe2022", "")
    return (
        row("gaussian", bell, "exp(-x^2)", "bell"),
        row("scaled_gaussian", sp.exp(-beta * x**2), "exp(-beta x^2)", source=coordinates, beta=half),
        row("gaussian_derivative", x * sp.exp(-(x**2) / 2), "x exp(-x^2/2)", "dog"),
        row("mexican_hat", (1 - x**2) * sp.exp(-(x**2) / 2), "(1 - x^2) exp(-x^2/2)", "ricker"),
        row("gabor", bell * sp.sin(x), "exp(-x^2) sin(x)", source=STAX),
        row("gabor_cos", bell * sp.cos(x), "exp(-x^2) cos(x)"),
        row("laplace", sp.exp(-beta * sp.Abs(x)), "exp(-beta |x|)", "laplacian", source=coordinates, beta=1),
        row("inverse_quadratic", 1 / (1 + a**2 * x**2), "1/(1 + (a x)^2)", "cauchy", source=coordinates, a=1),
        row("inverse_multiquadric", 1 / sp.sqrt(1 + a**2 * x**2), "1/sqrt(1 + (a x)^2)", "multiquadric", source=coordinates, a=1),
    )
