"""Polynomial pieces with kinks or jumps away from 0."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import Activation, half, positive, real, row, up
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b, c, beta = positive("a"), positive("b"), positive("c"), positive("beta")
    edge, anywhere, value = positive("t"), real("t"), real("c")
    hard_sigmoid = sp.Max(0, sp.Min(1, x / 6 + half))
    return (
        row("shifted_relu", sp.Max(0, x - anywhere), "max(0, x - t)", "biased_relu", t=half),
        row("threshold", sp.Piecewise((x, x > anywhere), (value, True)), "x for x > t, c else", "thresholded_relu", source=("konda2015", ""), t=1, c=0),
        row("relu6", sp.Min(6, up), "min(max(0, x), 6)", source=("sandler2018", "")),
        row("clipped_relu", sp.Min(c, up), "min(max(0, x), c)", "relu_n", "relun", source=("hannun2014", ""), c=20),
        row("hard_tanh", sp.Max(-1, sp.Min(1, x)), "x cut off at -1 and 1", "hardtanh", source=("collobert2011", "")),
        row("clip", sp.Max(-a, sp.Min(b, x)), "x cut off at -a and b", "clamp", a=1, b=1),
        row("hard_sigmoid", hard_sigmoid, "x/6 + 1/2 cut off at 0 and 1: relu6(x + 3)/6", "hardsigmoid", source=("howard2019", "Section 5.2")),
        row(
            "sparse_sigmoid",
            sp.Max(0, sp.Min(1, x / 2 + half)),
            "x/2 + 1/2 cut off at 0 and 1",
            "binaryconnect_sigmoid",
            source=("blondel2020", "Section 6.2"),
        ),
        row("hard_swish", x * hard_sigmoid, "x hard_sigmoid(x)", "hardswish", "hard_silu", "hardsilu", source=("howard2019", "Section 5.2")),
        row(
            "smelu",
            sp.Piecewise((0, x < -beta), ((x + beta) ** 2 / (4 * beta), x < beta), (x, True)),
            "0, (x + beta)^2/(4 beta) and x, joined smoothly at -beta and beta; sparse_plus is beta = 1",
            "smooth_relu",
            "sparse_plus",
            source=("shamir2020", ""),
            beta=1,
        ),
        row(
            "soft_shrink",
            sp.Max(0, x - edge) + sp.Min(0, x + edge),
            "x drawn towards 0 by t",
            "softshrink",
            "soft_threshold",
            source=("donoho1994", ""),
            t=half,
        ),
        row(
            "hard_shrink",
            sp.Piecewise((x, x > edge), (x, x < -edge), (0, True)),
            "x for |x| > t, 0 else",
            "hardshrink",
            "hard_threshold",
            source=("donoho1994", ""),
            t=half,
        ),
        row("triangle", sp.Max(0, 1 - sp.Abs(x)), "max(0, 1 - |x|)", "hat"),
    )
