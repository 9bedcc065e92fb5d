"""The catalogue of activations, and the one door through which an activation comes in.

A row is a name, phi as a SymPy expression, defaults of its parameters, aliases, a source and a sentence.
No dual is typed in here: duals are derived (:mod:`ntksym.gaussian`).  Values at a jump are immaterial to every expectation.
"""

from __future__ import annotations

import difflib
import functools
import math
import numbers
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import FunctionClass, UndefinedFunction

from ntksym.admission import require_admissible
from ntksym.errors import ActivationError, NtksymError, ParseError
from ntksym.notation import MEANINGS, x
from ntksym.parse import parse_expression, parse_number
from ntksym.sources import Citation


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
        """phi with every default put in."""
        return sp.Lambda(x, self.expr.xreplace(dict(self.defaults)))


# -- the catalogue -----------------------------------------------------------------------------------------------------


def _real(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


def _positive(name: str) -> sp.Symbol:
    return sp.Symbol(name, positive=True)


def _normal_cdf(z: sp.Expr) -> sp.Expr:
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def _row(name: str, expr: sp.Expr, summary: str, *aliases: str, source: tuple[str, str] | None = None, **defaults: sp.Expr | int) -> Activation:
    found = {s.name: s for s in expr.free_symbols - {x} if isinstance(s, sp.Symbol)}
    pairs = tuple((found[key], sp.sympify(defaults[key])) for key in sorted(defaults))
    return Activation(name, sp.Lambda(x, expr), pairs, aliases, Citation(*source) if source else None, summary)


@functools.cache
def catalogue() -> tuple[Activation, ...]:
    """Every row, in the order of the list a reader sees."""
    a, b, c, alpha = _real("a"), _real("b"), _real("c"), _real("alpha")
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
_FAMILIES: dict[str, tuple[Callable[[int], sp.Expr], int, str]] = {
    "monomial": (lambda n: x**n, 1, "x^n"),
    "rectified_monomial": (lambda n: sp.Max(0, x) ** n if n else sp.Heaviside(x), 0, "x^n 1{x >= 0}"),
    "hermite": (_hermite, 1, "n-th normalised Hermite polynomial"),
}
_FAMILY_MOST = 16


def family_names() -> tuple[str, ...]:
    """Names that take an integer: ``activation("monomial", n=3)``."""
    return tuple(sorted(_FAMILIES))


# -- the door ----------------------------------------------------------------------------------------------------------


def activation(spec: Any, *, variable: str | sp.Symbol | None = None, **params: Any) -> Activation:
    """The activation that ``spec`` names: catalogue name, SymPy expression in one free symbol, text, or an Activation.

    ``params`` are default numbers of parameters (exact: 0.1 is 1/10), or n for a family.  ``variable`` says which symbol of an
    expression is the variable; without it that is the only symbol, or the one called x.  ParseError for text outside the grammar;
    ActivationError for an unknown name, an unknown parameter, or a phi that is no function of the real line into the reals, square-integrable
    under a Gaussian (only what is plain to see is decided here).
    """
    if isinstance(spec, Activation):
        return _with(spec, params)
    if isinstance(spec, str):
        key = _key(spec)
        if key in _FAMILIES:
            return _member(key, params)
        row = _by_key().get(key)
        if row is not None:
            return _with(row, params)
        if re.fullmatch(r"\s*[A-Za-z][A-Za-z_0-9-]*\s*", spec):
            raise _unknown(spec.strip())
        return _custom(parse_expression(spec), variable, params, ParseError)
    if isinstance(spec, sp.Lambda):
        if len(spec.variables) != 1:
            raise ActivationError(f"{spec} takes {len(spec.variables)} arguments", where="activation", why="an activation acts on one number")
        return _custom(spec.expr, spec.variables[0], params, ActivationError)
    if isinstance(spec, FunctionClass) and not isinstance(spec, UndefinedFunction):
        return _custom(spec(x), x, params, ActivationError)
    if isinstance(spec, sp.Expr):
        return _custom(spec, variable, params, ActivationError)
    raise ActivationError(
        f"{spec!r} of type {type(spec).__name__}",
        where="activation",
        why="a derivation needs phi as a formula, which a Python function does not give",
        fix='give a catalogue name, a SymPy expression in one symbol, or text such as "max(0, x)"',
    )


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_").replace("**", "^")


@functools.cache
def _by_key() -> dict[str, Activation]:
    return {_key(name): row for row in catalogue() for name in (row.name, *row.aliases)}


@functools.cache
def _by_phi() -> dict[sp.Expr, Activation]:
    """Rows without parameters by phi multiplied out, so that a formula typed in is recognised."""
    return {sp.expand(row.expr): row for row in catalogue() if not row.defaults}


def _unknown(name: str) -> ActivationError:
    known = sorted({*_by_key(), *_FAMILIES})
    near = difflib.get_close_matches(_key(name), known, n=4, cutoff=0.55)
    hint = f"did you mean {', '.join(near)}?" if near else 'see "ntksym list", or give a formula in x such as "max(0, x)"'
    return ActivationError(f"no activation named {name!r}", where="catalogue", fix=hint)


def _member(family: str, params: dict[str, Any]) -> Activation:
    build, least, summary = _FAMILIES[family]
    n = params.get("n")
    if set(params) != {"n"} or isinstance(n, bool) or not isinstance(n, (int, sp.Integer)) or not least <= n <= _FAMILY_MOST:
        raise ActivationError(
            f"{family} with {params or 'no n'}",
            where="catalogue",
            why=f"the family needs an integer n from {least} to {_FAMILY_MOST}",
            fix=f'activation("{family}", n=3)',
        )
    phi = sp.Lambda(x, build(int(n)))
    return _by_phi().get(sp.expand(phi(x))) or Activation(f"{family}_{int(n)}", phi, summary=summary.replace("n", str(int(n)), 1))


def _with(row: Activation, params: dict[str, Any]) -> Activation:
    """``row`` with the default numbers in ``params``."""
    if not params:
        return row
    symbols = {s.name: s for s in row.parameters}
    values = dict(row.defaults)
    for name in sorted(params):
        if name not in symbols:
            has = f"its parameters are {', '.join(symbols)}" if symbols else "it has none"
            hint = " (scaled_erf, scaled_sin, scaled_exp and scaled_gaussian have some)" if f"scaled_{row.name}" in _by_key() else ""
            raise ActivationError(f"no parameter {name!r}", where=f"activation {row.name}", why=has + hint, fix="correct the keyword")
        values[symbols[name]] = _value(name, symbols[name], params[name])
    return Activation(row.name, row.phi, tuple(sorted(values.items(), key=lambda pair: pair[0].name)), row.aliases, row.source, row.summary)


def _value(name: str, symbol: sp.Symbol, given: Any) -> sp.Expr:
    """The number ``given`` exactly: decimals as they are written."""
    where = f"parameter {name}"
    if isinstance(given, str):
        value = parse_number(given)
    elif isinstance(given, sp.Expr):
        value = _exact(given)
    elif isinstance(given, numbers.Integral) and not isinstance(given, bool):
        value = sp.Integer(int(given))
    elif isinstance(given, numbers.Real) and not isinstance(given, bool):
        if not math.isfinite(float(given)):
            raise ActivationError(f"{given!r}", where=where, why="a parameter is a finite number", fix="correct it")
        value = sp.Rational(given.numerator, given.denominator) if isinstance(given, numbers.Rational) else sp.Rational(str(given))
    else:
        hint = "traced values go to the generated function: k(x1, x2, alpha=...)"
        raise ActivationError(f"{type(given).__name__} {given!r}"[:120], where=where, why="a default is a plain number", fix=hint)
    if value.free_symbols or value.is_real is False or value.is_finite is False:
        raise ActivationError(f"{value}", where=where, why="a default is a finite real number", fix="correct it")
    if symbol.is_positive and not value.is_positive:
        raise ActivationError(f"{value}", where=where, why="this parameter is positive", fix="give a positive number")
    return value


def _exact(expr: sp.Expr) -> sp.Expr:
    """Floats become the rationals they are written as."""
    floats = sorted(expr.atoms(sp.Float), key=str)
    return expr.xreplace({f: sp.Rational(str(float(f))) for f in floats if f.is_finite})


def _custom(expr: sp.Expr, variable: str | sp.Symbol | None, params: dict[str, Any], error: type[NtksymError]) -> Activation:
    """An activation from an expression: the variable becomes x, plain symbols become real, and phi must be admissible."""
    expr = _exact(expr)
    symbols = sorted((s for s in expr.free_symbols if isinstance(s, sp.Symbol)), key=lambda s: s.name)
    chosen = _choose(expr, symbols, variable, error)
    renamed: dict[sp.Basic, sp.Basic] = {chosen: x}
    for symbol in symbols:
        if symbol is chosen or symbol == chosen:
            continue
        _require_parameter_name(symbol, error)
        if symbol.is_real is None:
            renamed[symbol] = _real(symbol.name)
    phi = sp.Lambda(x, expr.xreplace(renamed))
    require_admissible(phi(x))
    known = _by_phi().get(sp.expand(phi(x)))
    return known if known is not None and not params else _with(Activation("phi", phi, summary=str(phi(x))), params)


def _choose(expr: sp.Expr, symbols: Sequence[sp.Symbol], variable: str | sp.Symbol | None, error: type[NtksymError]) -> sp.Symbol:
    names = [s.name for s in symbols]
    shown = str(expr)[:80]
    if len(set(names)) != len(names):
        raise error(
            f"two different symbols of one name in {shown}", where="activation", why=f"their assumptions differ: {', '.join(names)}", fix="use one symbol"
        )
    if variable is not None:
        wanted = variable.name if isinstance(variable, sp.Symbol) else variable
        if wanted not in names:
            raise error(f"no symbol {wanted!r} in {shown}", where="activation", why=f"its symbols are {', '.join(names) or 'none'}", fix="name one of them")
        return symbols[names.index(wanted)]
    if len(symbols) == 1:
        return symbols[0]
    if "x" in names:
        return symbols[names.index("x")]
    if not symbols:
        raise error(f"{shown} has no variable", where="activation", why="a constant passes no information on", fix="write a formula in x")
    raise error(
        f"{shown} has the symbols {', '.join(names)}",
        where="activation",
        why="none of them is x, so the variable is not known",
        fix='say which: variable="..."',
    )


def _require_parameter_name(symbol: sp.Symbol, error: type[NtksymError]) -> None:
    if symbol.name in MEANINGS:
        meaning = MEANINGS[symbol.name].stands_for
        raise error(
            f"a parameter named {symbol.name!r}",
            where="activation",
            why=f"that letter stands for the {meaning}",
            fix=f"rename it, for instance {symbol.name}_0",
        )
    if symbol.is_real is False or symbol.is_finite is False:
        raise error(f"the parameter {symbol.name!r} is not real", where="activation", why="phi maps reals to reals", fix="use a real symbol")
