"""The catalogue: a row is a name, phi as a SymPy expression, defaults of its parameters, aliases, a source and a sentence.

No dual is typed in here: duals are derived (:mod:`ntksym.gaussian`).  Values at a jump are immaterial to every expectation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from ntksym.notation import x
from ntksym.serialize import register
from ntksym.sources import Citation


@register
@dataclass(frozen=True)
class Activation:
    """``phi`` is a Lambda in :data:`ntksym.notation.x`; its other symbols are parameters, ``defaults`` their default numbers.

    A parameter of the user's without an entry in ``defaults`` has no default: generated code then requires the keyword.
    """

    name: str
    phi: sp.Lambda
    defaults: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    aliases: tuple[str, ...] = ()
    source: Citation | None = None
    summary: str = ""

    @property
    def expr(self) -> sp.Expr:
        """The expression phi(x).  (Not ``phi.expr``: SymPy gives the identity a variable of its own.)"""
        return self.phi(x)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters of phi, by name."""
        return tuple(sorted((s for s in self.phi.free_symbols if isinstance(s, sp.Symbol)), key=lambda s: s.name))

    @property
    def at_defaults(self) -> sp.Lambda:
        """The activation with every default put in."""
        return sp.Lambda(x, self.expr.xreplace(dict(self.defaults)))


def real_symbol(name: str) -> sp.Symbol:
    """A parameter that may be any real number."""
    return sp.Symbol(name, real=True)


def _positive(name: str) -> sp.Symbol:
    return sp.Symbol(name, positive=True)


def _normal_cdf(z: sp.Expr) -> sp.Expr:
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def _row(name: str, expr: sp.Expr, summary: str, *aliases: str, source: tuple[str, str] | None = None, **defaults: sp.Expr | int) -> Activation:
    found = {s.name: s for s in expr.free_symbols - {x} if isinstance(s, sp.Symbol)}
    pairs = tuple((found[key], sp.sympify(defaults[key], strict=True)) for key in sorted(defaults))
    return Activation(name, sp.Lambda(x, expr), pairs, aliases, Citation(*source) if source else None, summary)


@functools.cache
def catalogue() -> tuple[Activation, ...]:
    """Every row, in the order of the list a reader sees."""
    a, b, c, alpha = real_symbol("a"), real_symbol("b"), real_symbol("c"), real_symbol("alpha")
    beta, gamma, freq = _positive("beta"), _positive("gamma"), _positive("a")
    up, down, unit = sp.Max(0, x), sp.Min(0, x), sp.Heaviside(x)
    half = sp.Rational(1, 2)
    sigmoid = 1 / (1 + sp.exp(-x))
    # Squared-loss fit of erf to the sigmoid on [-5, 5]; the decimals are neural-tangents' and hence exact.
    sigmoid_scale = sp.Rational("2.4020563531719796")
    selu_scale, selu_alpha = sp.Rational("1.0507009873554805"), sp.Rational("1.6732632423543772")
    nt = ("novak2020", "stax elementwise layers")
    return (
        _row("identity", x, "x: a linear network", "linear", "x"),
        _row("relu", up, "max(0, x)", "rectifier", source=("cho2009", "n = 1")),
        _row("leaky_relu", up + alpha * down, "slope alpha for x < 0, 1 for x > 0", "lrelu", source=("tsuchida2018", ""), alpha=sp.Rational(1, 100)),
        _row("ab_relu", b * up + a * down, "slope a for x < 0, b for x > 0", "prelu", "two_sided_relu", source=nt, a=-half, b=1),
        _row("abs", sp.Abs(x), "|x|", "absolute_value"),
        _row("relu^2", up**2, "max(0, x)^2", "relu2", "squared_relu", source=("cho2009", "n = 2")),
        _row("relu^3", up**3, "max(0, x)^3", "relu3", "cubed_relu", source=("cho2009", "n = 3")),
        _row("relu^4", up**4, "max(0, x)^4", "relu4", source=("cho2009", "n = 4")),
        _row("relu^5", up**5, "max(0, x)^5", "relu5", source=("cho2009", "n = 5")),
        _row("signed_square", x * sp.Abs(x), "x |x|", "x_abs_x"),
        _row("sign", sp.sign(x), "-1 or 1", "sgn"),
        _row("step", unit, "1{x >= 0}", "heaviside", source=("cho2009", "n = 0")),
        _row("quadratic", x**2, "x^2", "square"),
        _row("cubic", x**3, "x^3", "cube"),
        _row("quintic", x**5, "x^5"),
        _row("polynomial2", a + b * x + c * x**2, "a + b x + c x^2", a=0, b=1, c=half),
        _row("hermite2", (x**2 - 1) / sp.sqrt(2), "second normalised Hermite polynomial", source=("daniely2016", "")),
        _row("hermite3", (x**3 - 3 * x) / sp.sqrt(6), "third normalised Hermite polynomial", source=("daniely2016", "")),
        _row("erf", sp.erf(x), "the error function", source=("williams1996", "")),
        _row("scaled_erf", a * sp.erf(b * x) + c, "a erf(b x) + c", "affine_erf", source=("williams1996", ""), a=1, b=1, c=0),
        _row("sigmoid_like", sp.erf(x / sigmoid_scale) / 2 + half, "the error function fitted to the sigmoid", source=nt),
        _row("normal_cdf", _normal_cdf(x), "the standard normal distribution function", "probit", "ndtr"),
        _row("gelu", x * (1 + sp.erf(x / sp.sqrt(2))) / 2, "x Phi(x), exact", source=("hendrycks2016", "Section 2")),
        _row("sin", sp.sin(x), "sine", "sine"),
        _row("cos", sp.cos(x), "cosine", "cosine"),
        _row("scaled_sin", a * sp.sin(b * x + c), "a sin(b x + c)", "sinusoid", source=nt, a=1, b=1, c=0),
        _row(
            "rbf",
            sp.sqrt(2) * sp.sin(sp.sqrt(2 * gamma) * x + sp.pi / 4),
            "random feature of the RBF kernel",
            "rbf_feature",
            source=("rahimi2007", ""),
            gamma=1,
        ),
        _row("snake", x + sp.sin(freq * x) ** 2 / freq, "x + sin(a x)^2 / a", source=("ziyin2020", "Eq. 4"), a=1),
        _row("x_sin_x", x * sp.sin(x), "x sin(x)", "xsin", "xsinx"),
        _row("exp", sp.exp(x), "the exponential", "exponential"),
        _row("scaled_exp", a * sp.exp(b * x), "a exp(b x)", source=nt, a=1, b=half),
        _row("cosh", sp.cosh(x), "hyperbolic cosine"),
        _row("sinh", sp.sinh(x), "hyperbolic sine"),
        _row("gaussian", sp.exp(-(x**2)), "exp(-x^2)"),
        _row("scaled_gaussian", sp.exp(-beta * x**2), "exp(-beta x^2)", beta=half),
        _row("gaussian_derivative", x * sp.exp(-(x**2) / 2), "x exp(-x^2/2)", "dog"),
        _row("mexican_hat", (1 - x**2) * sp.exp(-(x**2) / 2), "(1 - x^2) exp(-x^2/2)", "ricker"),
        _row("gabor", sp.exp(-(x**2)) * sp.sin(x), "exp(-x^2) sin(x)", source=nt),
        _row("gabor_cos", sp.exp(-(x**2)) * sp.cos(x), "exp(-x^2) cos(x)"),
        _row("tanh", sp.tanh(x), "hyperbolic tangent"),
        _row("sigmoid", sigmoid, "1/(1 + exp(-x))", "logistic"),
        _row("softplus", sp.log(1 + sp.exp(x)), "log(1 + exp(x))"),
        _row("silu", x * sigmoid, "x/(1 + exp(-x))", "swish", source=("hendrycks2016", "Section 2")),
        _row("quick_gelu", x / (1 + sp.exp(-sp.Rational("1.702") * x)), "x/(1 + exp(-1.702 x))", source=("hendrycks2016", "Section 2")),
        _row("mish", x * sp.tanh(sp.log(1 + sp.exp(x))), "x tanh(softplus(x))"),
        _row("softsign", x / (1 + sp.Abs(x)), "x/(1 + |x|)"),
        _row("arctan", sp.atan(x), "arc tangent", "atan"),
        _row("elu", sp.Piecewise((alpha * (sp.exp(x) - 1), x < 0), (x, True)), "alpha (exp(x) - 1) for x < 0, x for x > 0", alpha=1),
        _row("selu", selu_scale * sp.Piecewise((selu_alpha * (sp.exp(x) - 1), x < 0), (x, True)), "scaled ELU that keeps mean 0 and variance 1"),
        _row("hard_tanh", sp.Max(-1, sp.Min(1, x)), "x cut off at -1 and 1", "hardtanh"),
        _row("hard_sigmoid", sp.Max(0, sp.Min(1, x / 6 + half)), "x/6 + 1/2 cut off at 0 and 1", "hardsigmoid"),
        _row("hard_swish", x * sp.Max(0, sp.Min(1, x / 6 + half)), "x hard_sigmoid(x)", "hardswish"),
        _row("relu6", sp.Min(6, up), "min(max(0, x), 6)"),
        _row("triangle", sp.Max(0, 1 - sp.Abs(x)), "max(0, 1 - |x|)"),
    )


def _hermite(n: int) -> sp.Expr:
    """Probabilists' Hermite polynomial over sqrt(n!): an orthonormal basis under N(0, 1)."""
    before, now = sp.S.Zero, sp.S.One
    for k in range(n):
        before, now = now, sp.expand(x * now - k * before)
    return now / sp.sqrt(sp.factorial(n))


# Families: their argument is a structural integer n, not a parameter of generated code.
FAMILIES: dict[str, tuple[Callable[[int], sp.Expr], int, str]] = {
    "monomial": (lambda n: x**n, 1, "x^n"),
    "rectified_monomial": (lambda n: sp.Max(0, x) ** n if n else sp.Heaviside(x), 0, "x^n 1{x >= 0}"),
    "hermite": (_hermite, 1, "n-th normalised Hermite polynomial"),
}
FAMILY_MOST = 16


def family_names() -> tuple[str, ...]:
    """Names that take an integer: ``activation("monomial", n=3)``."""
    return tuple(sorted(FAMILIES))
