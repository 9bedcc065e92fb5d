"""NumericDual -> NumericFunction: phi, its derivatives and those by its parameters on every smooth piece, in forms that neither overflow nor cancel."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ntksym.forms import NumericDual
from ntksym.lowering.passes import share
from ntksym.lowering.program import NumericFunction
from ntksym.notation import x


class Sigmoid(sp.Function):
    """``Sigmoid(y)`` = 1/(1 + exp(-y)), small values to full relative precision."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * Sigmoid(-self.args[0])


class Softplus(sp.Function):
    """``Softplus(y)`` = log(1 + exp(y)), without overflow."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Sigmoid(self.args[0])


class Tanh(sp.Function):
    """``Tanh(y)`` = tanh(y), whose derivative does not cancel."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Sech(self.args[0]) ** 2


class Sech(sp.Function):
    """``Sech(y)`` = 1/cosh(y), without overflow."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return -self * Tanh(self.args[0])


class LogCosh(sp.Function):
    """``LogCosh(y)`` = log(cosh(y)), without overflow or cancellation."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Tanh(self.args[0])


class Log1p(sp.Function):
    """``Log1p(y)`` = log(1 + y), for small y too."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return 1 / (1 + self.args[0])


class HeldExp(sp.Function):
    """``HeldExp(y)`` = exp(y), held at a large finite number where it would overflow."""

    nargs = 1
    is_real = True


HEADS: dict[str, str] = {
    Sigmoid.__name__: "jax.nn.sigmoid",
    Softplus.__name__: "jax.nn.softplus",
    Tanh.__name__: "jnp.tanh",
    Sech.__name__: "_sech",
    LogCosh.__name__: "_log_cosh",
    Log1p.__name__: "jnp.log1p",
    HeldExp.__name__: "_held_exp",
}


def lower_numeric(form: NumericDual, name: str, names: Mapping[sp.Symbol, str]) -> NumericFunction:
    """What generated code needs for one computed dual."""
    renamed = {symbol: sp.Symbol(names[symbol], **symbol.assumptions0) for symbol in form.parameters}
    curves = [_curves(piece, form) for piece in form.exprs]
    return NumericFunction(
        name=name,
        phi=str(form.phi(x).xreplace(renamed)),
        parameters=tuple(names[symbol] for symbol in form.parameters),
        pieces=tuple(share(tuple(e.xreplace(renamed) for e in of_piece)) for of_piece in curves),
        sizes=tuple(share(tuple(_size(e).xreplace(renamed) for e in of_piece[:2])) for of_piece in curves),
        edges=tuple(t.xreplace(renamed) for t in form.thresholds),
        centre=float(form.centre),
        scale=float(form.scale),
        growth=float(form.growth),
        rough=form.rough,
        at_jumps=form.at_jumps,
        steep=form.steep,
        reason=form.reason,
    )


def _curves(piece: sp.Expr, form: NumericDual) -> list[sp.Expr]:
    phi = stable_on_line(piece)
    orders = 2 if form.thresholds else 4
    curves = [phi]
    for _ in range(orders - 1):
        curves.append(sp.diff(curves[-1], x))
    for parameter in form.parameters:
        curves.append(sp.diff(phi, parameter))
        if not form.thresholds:
            curves.append(sp.diff(phi, parameter, x))
    return curves if form.growth else [curve.replace(sp.exp, _held) for curve in curves]


def _held(argument: sp.Expr) -> sp.Expr:
    """exp(argument) inside a phi that grows like a polynomial: it saturates something, which inf times 0 would turn into NaN."""
    return sp.exp(argument) if argument.is_nonpositive else HeldExp(argument)


def _size(expr: sp.Expr) -> sp.Expr:
    """The sum of the absolute values of the terms: what rounding of ``expr`` is relative to."""
    return sp.Add(*(sp.Abs(term) for term in sp.Add.make_args(sp.expand_mul(expr))))


def stable_on_line(expr: sp.Expr) -> sp.Expr:
    """``expr`` with logistic, hyperbolic and logarithmic parts in the heads above."""
    if not expr.args:
        return expr
    out = expr.func(*(stable_on_line(argument) for argument in expr.args))
    if isinstance(out, sp.tanh):
        return Tanh(out.args[0])
    if isinstance(out, sp.log):
        return _logarithm(out.args[0])
    if isinstance(out, sp.Pow) and out.exp.is_Integer and out.exp < 0:
        return _reciprocal(out.base) ** -out.exp
    if isinstance(out, sp.Mul):
        return _merged(out)
    return out


def _logarithm(argument: sp.Expr) -> sp.Expr:
    if isinstance(argument, sp.cosh):
        return LogCosh(argument.args[0])
    if not isinstance(argument, sp.Add):
        return sp.log(argument)
    rest = argument - 1
    if isinstance(rest, sp.exp):
        return Softplus(rest.args[0])
    return Log1p(rest) if argument.as_coeff_Add()[0] == 1 else sp.log(argument)


def _reciprocal(base: sp.Expr) -> sp.Expr:
    if isinstance(base, sp.cosh):
        return Sech(base.args[0])
    if isinstance(base, sp.Add):
        content, primitive = base.as_content_primitive()
        rest = primitive - 1
        if isinstance(rest, sp.exp):
            return Sigmoid(-rest.args[0]) / content
    return 1 / base


def _merged(product: sp.Mul) -> sp.Expr:
    """exp(y) Sigmoid(-y) = Sigmoid(y), sinh(y) Sech(y) = Tanh(y): no factor overflows alone."""
    for factor in product.args:
        base, power = factor.as_base_exp()
        if not power.is_positive:
            continue
        for other in product.args:
            if isinstance(base, Sigmoid) and isinstance(other, sp.exp) and sp.expand(other.args[0] + base.args[0]) == 0:
                return stable_on_line(product / base / other * Sigmoid(-base.args[0]))
            if isinstance(base, Sech) and other == sp.sinh(base.args[0]):
                return stable_on_line(product / base / other * Tanh(base.args[0]))
    return product
