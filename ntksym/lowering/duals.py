"""DualForm -> DualFunction: the closed form, its partial derivatives and its diagonal, made safe and shared."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ntksym.errors import LoweringError
from ntksym.forms import DualForm
from ntksym.lowering.germ import germ, loses_digits, may_cancel
from ntksym.lowering.germ import renamed as renamed_germ
from ntksym.lowering.passes import share
from ntksym.lowering.probability import has_growing_exponents, needs_positive_variances, stable_form, switching_variance
from ntksym.lowering.program import DualFunction
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Delta, Dual, Expect, Indicator
from ntksym.notation import q, q11, q12, q22

_INERT = (Delta, Dual, Expect, Indicator, sp.Integral, sp.Derivative)


def lower_dual(form: DualForm, name: str, names: Mapping[sp.Symbol, str]) -> DualFunction:
    """The functions of one activation.  Raises LoweringError where the closed form holds an unevaluated node."""
    for label, expression in (("V", form.value), ("V'", form.derivative), ("dV/dq11", form.dvalue_dq11), ("E phi^2", form.diagonal_value)):
        _require_closed(label, expression, name)
    renamed = {symbol: sp.Symbol(names[symbol], **symbol.assumptions0) for symbol in form.parameters}
    parameters = form.parameters
    swap = {q11: q22, q22: q11}

    def both(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(swap)

    value, derivative = form.value, form.derivative
    slope = derivative.diff(q11)
    partials = [form.dvalue_dq11, both(form.dvalue_dq11), slope, derivative.diff(q12), both(slope)]
    if form.at_jumps:  # dV/dq12 = V' is infinite at correlation +-1: the tangent takes the symmetric derivative instead
        partials.append(derivative)
    for parameter in parameters:
        partials += [value.diff(parameter), derivative.diff(parameter)]
    infinite = form.at_jumps
    switch = switching_variance(value) if _is_central(form) else None

    def stable(expression: sp.Expr, *, infinite: bool = False) -> sp.Expr:
        return stable_form(expression, switch=switch, infinite=infinite)

    stable_value, stable_square = stable(value), stable(form.diagonal_value)
    small = germ(form) if may_cancel(value) and loses_digits(stable_value, stable_square) else None
    pair, one = _conditions(form.condition)
    diagonal_derivative = form.diagonal_derivative
    if not diagonal_derivative.has(sp.oo, sp.zoo):
        diagonal_derivative = stable(diagonal_derivative)
    shown = (("V", value), ("V'", derivative), ("E phi^2", form.diagonal_value), ("E phi'^2", form.diagonal_derivative))
    formula = tuple((label, _plain(expression.xreplace(renamed))) for label, expression in shown)
    return DualFunction(
        name=name,
        phi=_plain(form.phi.expr.xreplace(renamed)),
        parameters=tuple(names[symbol] for symbol in parameters),
        value=share(tuple(e.xreplace(renamed) for e in (stable_value, stable(derivative, infinite=infinite)))),
        partials=share(tuple(stable(e).xreplace(renamed) for e in partials)),
        diagonal=share((stable_square.xreplace(renamed), diagonal_derivative.xreplace(renamed))),
        formula=formula,
        exists=pair.xreplace(renamed),
        exists_on_diagonal=one.xreplace(renamed),
        infinite_at_coincidence=infinite,
        positive_variances=needs_positive_variances(value),
        germ=None if small is None else renamed_germ(small, renamed),
    )


def _is_central(form: DualForm) -> bool:
    """Whether probabilities are best written about zero means: phi is not 0 near 0 (else its dual is a tail), and no exponential grows."""
    if not needs_positive_variances(form.value) or any(has_growing_exponents(e) for e in (form.value, form.derivative)):
        return False
    near = [form.phi(sign * sp.Rational(1, 997)) for sign in (1, -1)]
    return any(value.is_zero is False for value in near)


def _conditions(condition: sp.Basic) -> tuple[sp.Basic, sp.Basic]:
    """The existence condition of the pair (in q11, q12, q22) and of the diagonal (in q); conjuncts in q alone speak of the diagonal."""
    parts = sorted(sp.And.make_args(condition), key=sp.default_sort_key)
    of_pair = [part for part in parts if q not in part.free_symbols]
    on_diagonal = {part for part in parts if q in part.free_symbols} | {part.xreplace({q11: q, q12: q, q22: q}) for part in of_pair}
    return sp.And(*of_pair), sp.And(*sorted(on_diagonal, key=sp.default_sort_key))


def _require_closed(label: str, expression: sp.Expr, name: str) -> None:
    left = sorted(expression.atoms(*_INERT), key=sp.default_sort_key)
    if left:
        raise LoweringError(
            f"{label} still holds {left[0]}",
            where=name,
            why="only a closed form can be written down as code",
            fix="use an activation whose dual has a closed form",
        )
    strange = expression.free_symbols - {q11, q12, q22, q}
    if any(not symbol.is_real for symbol in strange):
        raise LoweringError(f"{label} holds a symbol that is not real", where=name, fix="declare the activation's parameters real")


def _plain(expression: sp.Basic) -> str:
    """Plain text of a closed form, angles spelled out as arccos and arcsin."""
    swapped = expression.replace(
        CorrelationAngle, lambda a, c, b: sp.acos(sp.Mul(c, sp.Pow(sp.Mul(a, b, evaluate=False), -sp.S.Half, evaluate=False), evaluate=False))
    )
    swapped = swapped.replace(
        CorrelationArcsine, lambda a, c, b: sp.asin(sp.Mul(c, sp.Pow(sp.Mul(a, b, evaluate=False), -sp.S.Half, evaluate=False), evaluate=False))
    )
    return str(swapped)
