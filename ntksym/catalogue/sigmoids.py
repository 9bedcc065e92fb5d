"""The logistic sigmoid, tanh, softplus, and what is built from them."""

from __future__ import annotations

import sympy as sp

from ntksym.catalogue.row import Activation, positive, real, row
from ntksym.notation import x


def rows() -> tuple[Activation, ...]:
    """The rows, in the order of the list."""
    a, b, beta = real("a"), real("b"), positive("beta")
    sigmoid = 1 / (1 + sp.exp(-x))
    softplus = sp.log(1 + sp.exp(x))
    cubic = x + sp.Rational("0.044715") * x**3
    return (
        row("tanh", sp.tanh(x), "hyperbolic tangent"),
        row("scaled_tanh", a * sp.tanh(b * x), "a tanh(b x)", "lecun_tanh", source=("lecun1998", "Section 4.4"), a=sp.Rational("1.7159"), b=sp.Rational(2, 3)),
        row("sigmoid", sigmoid, "1/(1 + exp(-x))", "logistic"),
        row("log_sigmoid", -sp.log(1 + sp.exp(-x)), "-log(1 + exp(-x))", "logsigmoid"),
        row("softplus", softplus, "log(1 + exp(x))", "soft_plus", source=("dugas2000", "")),
        row("scaled_softplus", sp.log(1 + sp.exp(beta * x)) / beta, "log(1 + exp(beta x))/beta", source=("dugas2000", ""), beta=1),
        row("silu", x * sigmoid, "x/(1 + exp(-x))", "swish", source=("elfwing2018", "")),
        row("swish_beta", x / (1 + sp.exp(-beta * x)), "x/(1 + exp(-beta x))", "parametric_swish", source=("ramachandran2017", ""), beta=1),
        row("quick_gelu", x / (1 + sp.exp(-sp.Rational("1.702") * x)), "x/(1 + exp(-1.702 x))", "gelu_sigmoid", source=("hendrycks2016", "Section 2")),
        row(
            "gelu_tanh",
            x * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * cubic)) / 2,
            "x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))/2; what jax.nn.gelu computes unless told otherwise",
            "gelu_new",
            "gelu_approximate",
            source=("hendrycks2016", "Section 2"),
        ),
        row("mish", x * sp.tanh(softplus), "x tanh(softplus(x))", source=("misra2020", "")),
        row("tanh_exp", x * sp.tanh(sp.exp(x)), "x tanh(exp(x))", "tanhexp", "telu", source=("liu2021", "")),
        row("tanh_shrink", x - sp.tanh(x), "x - tanh(x)", "tanhshrink"),
    )
