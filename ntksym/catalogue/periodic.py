"""Sines and cosines."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import STAX, Activation, positive, real, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b, c = real("a"), real("b"), real("c")
    gamma, frequency = positive("gamma"), positive("a")
    return (
        row("sin", sp.sin(x), "sine", "sine", "siren", source=("sitzmann2020", "")),
        row("cos", sp.cos(x), "cosine", "cosine"),
        row("scaled_sin", a * sp.sin(b * x + c), "a sin(b x + c)", "sinusoid", source=STAX, a=1, b=1, c=0),
        row(
            "rbf",
            sp.sqrt(2) * sp.sin(sp.sqrt(2 * gamma) * x + sp.pi / 4),
            "random feature of the RBF kernel",
            "rbf_feature",
            source=("rahimi2007", ""),
            gamma=1,
        ),
        row("snake", x + sp.sin(frequency * x) ** 2 / frequency, "x + sin(a x)^2 / a", source=("ziyin2020", "Eq. 4"), a=1),
        row("x_sin_x", x * sp.sin(x), "x sin(x)", "xsin", "xsinx"),
    )
