"""Checks of the chapter on learning rates in the standard parameterization: sums over the layers written out for few layers."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Entry, TendsTo, Width
from ntksym.notation import depth, eta, layer
from ntksym.proof import Statement, Verdict, false, proved

_N, _ETA_0 = sp.Symbol("n", positive=True), sp.Symbol("eta0", positive=True)
_DEPTHS = (1, 2, 3)


def _written(expression: sp.Expr, layers: int) -> sp.Expr:
    """Sums over the layers written out, hidden widths called n."""
    total = sp.S.Zero
    for term in sp.Add.make_args(expression.xreplace({depth: sp.Integer(layers)})):
        number, rest = term.as_independent(sp.Sum, as_Add=False)
        if isinstance(rest, sp.Sum) and rest.limits[0][0] == layer and len(rest.limits) == 1:
            _, first, last = rest.limits[0]
            total += sp.Add(*(number * rest.function.xreplace({layer: sp.Integer(k)}) for k in range(int(first), int(last) + 1)))
        else:
            total += term
    return total.xreplace({Width(k): _N for k in range(1, layers + 1)})


def kernel_per_width(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """N times it is the kernel, with the layers written out."""
    before, claim = premises[0].claim, conclusion.claim
    if claim.lhs != before.lhs / _N or "equal-widths" not in [a.key for a in conclusion.assumptions]:
        return false("the left side is not the kernel over the width, or the widths are not said to be equal")
    for layers in _DEPTHS:
        if sp.expand(_N * _written(claim.rhs, layers) - _written(before.rhs, layers)) != 0:
            return false(f"with {layers} hidden layers written out it is another")
    return proved(f"{', '.join(map(str, _DEPTHS))} hidden layers written out, any equal widths")


def vanishing_weights(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """SymPy's limits; every part whose factor holds the width is listed, the others hold none."""
    listed = list(conclusion.claim)
    if any(not isinstance(part, TendsTo) or part.rhs != 0 or tuple(part.widths) != (_N,) for part in listed):
        return false("not limits for a large width")
    factors = []
    for term in sp.Add.make_args(premises[0].claim.rhs):
        number, rest = term.as_independent(sp.Sum, as_Add=False)
        if isinstance(rest, sp.Sum) and rest.limits[0][0] == layer:
            number = rest.function.as_independent(sp.Sum, as_Add=False)[0]
        factors += [number] if number.has(_N) else []
    if {part.lhs for part in listed} != set(factors) or len(listed) != len(factors):
        return false("not the factors of the parts of the kernel")
    plain = {Width(0): sp.Symbol("_n0", positive=True)}
    if any(sp.limit(part.lhs.xreplace(plain), _N, sp.oo) != 0 for part in listed):
        return false("one does not vanish")
    return proved("limits for a large width; the parts not listed have factors without it")


def rate_per_width(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the learning rate put in both sides are one product."""
    if len(conclusion.claim) != 2:
        return false("a learning rate and a product are meant")
    rate, product = conclusion.claim
    (letter,) = premises[0].claim.lhs.atoms(Entry)
    if rate.lhs != eta or product.lhs != eta * letter or sp.expand(rate.rhs * _N - _ETA_0) != 0:
        return false("not the learning rate times the kernel")
    if not product.rhs.has(letter) or sp.expand(product.lhs.xreplace({eta: rate.rhs}) - product.rhs) != 0:
        return false("with the learning rate put in they differ")
    return proved("with the learning rate put in both sides are one product")
