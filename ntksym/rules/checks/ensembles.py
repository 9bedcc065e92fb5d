"""Checks of the ensembles chapter: continuity of the filter, and second moments multiplied out."""

from __future__ import annotations

import sympy as sp

from ntksym.forms import EnsembleFlow, Flow
from ntksym.nodes import Array, transpose
from ntksym.notation import X, lam, ridge, t, x1, x2
from ntksym.proof import Statement, Verdict, cited, false
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import matrices


def flow_at_infinite_width(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the finite kernel put back it is the premise; the filter has a limit where its formula reads 0/0."""
    finite, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, Flow) or claim.kernel != "Theta" or not any(a.key == "kernels-converge" for a in conclusion.assumptions):
        return false("no flow with the limit kernel, or the convergence is not assumed")
    back = {node: Array("Thetahat", node.inputs, (sp.S.Zero,)) for equation in claim.equations for node in equation.atoms(Array) if node.name == "Theta"}
    restored = [equation.xreplace(back) for equation in claim.equations]
    if restored != [equation for equation in finite.equations if not equation.has(Array("J", (X,), (sp.S.Zero,)))]:
        return false("with the finite kernel put back, the outputs are not those of the premise")
    fields = ("dynamics", "continuous", "characteristic", "gain", "filter", "by_roots", "roots", "final", "stable")
    if any(getattr(claim, field) != getattr(finite, field) for field in fields):
        return false("the filter changed")
    if claim.recursion != (premises[1].claim if len(premises) > 1 else None):
        return false("the recursion is not that of the premise")
    strength = sp.Symbol("_s", positive=True)
    moved = claim.filter.xreplace({lam: strength - ridge}) if claim.filter.has(ridge) else claim.filter.xreplace({lam: strength})
    numerator, denominator = sp.fraction(sp.together(claim.by_roots))
    if len(claim.roots) == 1:
        value = sp.limit(moved, strength, 0, "+")
        if not value.is_finite and value.has(sp.oo, sp.zoo, sp.nan):
            return false("the filter has no limit at a mode without kernel and ridge")
        continuous = f"the filter is continuous, at lambda + r = 0 with value {value} (shown)"
    else:
        # A symmetric function of two roots over their difference: odd over odd, so analytic where they meet.
        swapped = claim.by_roots.xreplace({sp.Symbol("rho_1"): sp.Symbol("rho_2"), sp.Symbol("rho_2"): sp.Symbol("rho_1")})
        if not operators.vanishes(swapped - claim.by_roots) or not denominator.has(sp.Symbol("rho_1")):
            return false("the filter is no symmetric function of its two roots")
        continuous = "the filter is a symmetric function of the two roots, hence continuous where they meet (shown)"
    return cited("the continuous mapping theorem", f"{continuous}; the kernels converge in probability, the initial outputs in law")


def ensemble_law(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Mean and second moments of the trained output, multiplied out with E f_0 = 0 and E f_0(a) f_0(b)^T = K(a, b)."""
    flow, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, EnsembleFlow) or claim.flow != flow:
        return false("not the law of the flow's outputs")
    (output,) = (equation for equation in flow.equations if equation.lhs.inputs == sp.Tuple(x1))
    if claim.mean.lhs != Array("meanout", (x1,), (t,)) or claim.covariance.lhs != Array("covout", (x1, x2), (t,)):
        return false("the left sides are not mean and covariance")
    still = output.rhs.xreplace({Array("f", (label,), (sp.S.Zero,)): sp.S.Zero for label in (x1, X)})
    first = matrices(claim.mean.rhs - sp.expand(still), "the initial outputs have mean zero")
    if first.status.name == "FALSE":
        return first
    here = sp.expand(output.rhs - still)
    there = sp.expand(transpose(here.xreplace({x1: x2})))
    moments = sp.S.Zero
    for left in sp.Add.make_args(here):
        for right in sp.Add.make_args(there):
            moments += _second_moment(left, right)
    return matrices(claim.covariance.rhs - moments, "second moments multiplied out")


def _second_moment(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """E of a product of two terms, each linear in an initial output: it stands last on the left and first on the right."""
    before, last = sp.Mul.make_args(left)[:-1], sp.Mul.make_args(left)[-1]
    factors = sp.Mul.make_args(right)
    position = next(k for k, factor in enumerate(factors) if not factor.is_commutative)
    first = factors[position]
    covariance = Array("K", (last.inputs[0], transpose(first).inputs[0]))
    return sp.Mul(*before, *factors[:position], covariance, *factors[position + 1 :])
