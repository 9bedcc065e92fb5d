"""Whether an activation jumps, and its derivative between the jumps."""

from __future__ import annotations

import sympy as sp

from ntksym.gaussian import jumps
from ntksym.gaussian.normal_form import OutsideClassError
from ntksym.network import Pointwise


def has_jumps(pointwise: Pointwise) -> bool:
    """Whether phi jumps somewhere; an activation left open does not."""
    if pointwise.is_abstract:
        return False
    try:
        return jumps(pointwise.function)
    except OutsideClassError:
        return _jumps_somewhere(pointwise.function)


def slope_between_jumps(phi: sp.Lambda) -> sp.Lambda:
    """The derivative almost everywhere: that of the formula, with its deltas dropped."""
    variable = phi.variables[0]
    regular = sp.diff(phi.expr, variable).replace(sp.DiracDelta, lambda *_: sp.S.Zero)
    return sp.Lambda(variable, sp.expand(regular))


def _jumps_somewhere(phi: sp.Lambda) -> bool:
    """One-sided values compared where a sign, a step or a piece of the formula changes."""
    variable = phi.variables[0]
    values = {symbol: sp.Rational(7 + k, 5) for k, symbol in enumerate(sorted(phi.free_symbols, key=str))}
    expression = phi.expr.xreplace(values)
    switches = [node.args[0] for node in expression.atoms(sp.sign, sp.Heaviside)]
    switches += [relation.lhs - relation.rhs for relation in expression.atoms(sp.core.relational.Relational)]
    step = sp.Rational(1, 10**12)
    for switch in sorted(switches, key=str):
        if not switch.is_polynomial(variable):
            continue
        for place in sp.real_roots(sp.Poly(switch, variable)):
            left, right = (sp.N(expression.subs(variable, place + side * step), 30) for side in (-1, 1))
            if abs(left - right) > sp.Rational(1, 10**6):
                return True
    return False
