"""Checks of the chapter on inequalities: a bound is differentiated where the rule integrated, and both sides are computed along integrated pairs of outputs."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ntksym.nodes import Array, Norm
from ntksym.notation import t, tau
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks import descent_paths, paths
from ntksym.rules.checks.operators import vanishes

_SLACK = 1e-9  # of integrating the pair and of the rule for integrals


def simulated(claim: sp.Basic) -> Verdict:
    """Both sides of an inequality along integrated pairs, at every time."""
    ratios = []
    for pair in paths.pairs():
        left, right = pair.sides(claim)
        ratios.append(left / right)
    worst = float(np.max(ratios))
    if not worst <= 1 + _SLACK:
        return false(f"along an integrated pair of outputs the left side is {worst:.6g} times the right side")
    oracle = f"pairs of outputs integrated by Runge and Kutta along random paths of kernels: the left side is at most {worst:.3f} of the right side"
    return tested(len(paths.TIMES) * len(ratios), 9, oracle, paths.SEED)


def suppose(premises: tuple[Statement, ...], conclusion: Statement, *, claim: sp.Basic, key: str, text: str) -> Verdict:
    """The claim is the one supposed, and stands among the assumptions."""
    listed = [assumption for assumption in conclusion.assumptions if assumption.key == key]
    if conclusion.claim != claim or len(listed) != 1 or listed[0].text != text:
        return false("another claim, or it is not listed as an assumption")
    return proved("the claim is the assumption listed")


# -- comparison with a linear equation ---------------------------------------------------------------------------------


def linear_comparison(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The right side solves the linear equation from the same start, so (y - Y) exp(-A) has a derivative of one sign."""
    rate, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, sp.Le) or claim.lhs != rate.lhs.expr or rate.lhs != sp.Derivative(claim.lhs, t, evaluate=False):
        return false("not a bound of what the premise differentiates")
    y = sp.Symbol("_y")
    linear = rate.rhs.xreplace({claim.lhs: y})
    a, b = linear.diff(y), linear.xreplace({y: sp.S.Zero})
    if a.has(y) or not vanishes(sp.expand(linear - a * y - b)):
        return false("the premise is not linear in y")
    problem = _solves(claim.rhs, claim.lhs, a, b)
    return false(problem) if problem else proved("every $a$, $b$ and $y$: the right side solves $Y' = aY + b$, $Y(0) = y(0)$, by differentiation")


def norm_comparison(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """As before, for w = sqrt(y^2 + e^2): w' <= a w + b + |a| e, shown by an identity; the right side is continuous in e."""
    rate, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, sp.Le) or rate.lhs != sp.Derivative(claim.lhs**2, t, evaluate=False) or not isinstance(claim.lhs, Norm):
        return false("not a bound of the norm whose square the premise differentiates")
    y = sp.Symbol("_y", nonnegative=True)
    quadratic = sp.expand(rate.rhs.xreplace({claim.lhs: y}))
    a, b = quadratic.diff(y, 2) / 4, quadratic.diff(y).xreplace({y: sp.S.Zero}) / 2
    if a.has(y, t, tau) or b.has(y) or not vanishes(quadratic - 2 * a * y**2 - 2 * b * y):
        return false("the premise is not 2 a y^2 + 2 b y with a constant")
    if not b.is_nonnegative:
        return false(f"{b} may be negative")
    # (a w + b + |a| e) w - (a y^2 + b y), with w^2 = y^2 + e^2, is a sum of terms that are not negative.
    e, w, force = (sp.Symbol(name, nonnegative=True) for name in ("_e", "_w", "_b"))
    left = sp.expand((a * w + force + sp.Abs(a) * e) * w - (a * y**2 + force * y)).xreplace({w**2: y**2 + e**2})
    if not vanishes(sp.expand(left - (a * e**2 + sp.Abs(a) * e * w + force * (w - y)))):
        return false("the root of y^2 + e^2 does not obey the linear inequality")
    problem = _solves(claim.rhs, claim.lhs, a, b)
    if problem:
        return false(problem)
    scope = r"every $y \ge 0$, zeros included, by $\sqrt{y^2+\delta^2}$: the right side solves $Y' = aY + b$, $Y(0) = y(0)$, by differentiation"
    return proved(scope) + simulated(claim)


def _solves(right: sp.Expr, y: sp.Expr, a: sp.Expr, b: sp.Expr) -> str | None:
    """What is wrong with ``right`` as the solution of Y' = a Y + b from y(0); None if nothing is."""
    solution, a, b = (as_functions(part) for part in (right, a, b))
    if not _is_zero(sp.diff(solution, t) - a * solution - b):
        return "the right side does not solve the linear equation"
    start = _at_zero(solution) - _at_zero(as_functions(y))
    return None if vanishes(sp.expand(start)) else f"the right side starts at {_at_zero(solution)}"


def as_functions(expression: sp.Expr) -> sp.Expr:
    """Norms as unnamed functions of time, so that SymPy can differentiate."""
    return expression.xreplace({norm: _function(norm) for norm in expression.atoms(Norm)})


def _function(norm: Norm) -> sp.Expr:
    arrays = sorted(norm.atoms(Array), key=str)
    (time,) = {array.time[0] for array in arrays}
    body = norm.vector.xreplace({array: Array(array.name, array.inputs, (), array.layer) for array in arrays})
    return sp.Function(f"norm of {body}", real=True)(time)


def _at_zero(expression: sp.Expr) -> sp.Expr:
    """At t = 0, an integral from 0 to 0 being 0."""
    started = expression.xreplace({t: sp.S.Zero})
    empty = {node: sp.S.Zero for node in started.atoms(sp.Integral) if node.limits[0][1] == node.limits[0][2]}
    return started.xreplace(empty)


def _is_zero(expression: sp.Expr) -> bool:
    """Identically zero, term by term under each integral."""
    total: dict[sp.Basic, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(expression)):
        factors = sp.Mul.make_args(term)
        sums = [factor for factor in factors if isinstance(factor, sp.Integral)]
        if not sums:
            total[sp.S.One] = total.get(sp.S.One, sp.S.Zero) + term
            continue
        (found,) = sums
        rest = sp.Mul(*(factor for factor in factors if factor is not found))
        variable = found.limits[0][0]
        for inner in sp.Add.make_args(sp.expand(found.function)):
            outside, inside = inner.as_independent(variable, as_Add=False)
            key = sp.Tuple(inside, *found.limits)
            total[key] = total.get(key, sp.S.Zero) + rest * outside
    return all(vanishes(sp.expand(value)) for value in total.values())


# -- Gronwall's second form --------------------------------------------------------------------------------------------


def accumulated(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The integral's derivative by SymPy; what is added is beta times the room in the premise."""
    inequality, sign, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not isinstance(sign, sp.Ge) or sign.rhs != 0:
        return false("beta has no sign")
    (total,) = inequality.rhs.atoms(sp.Integral)
    if not isinstance(claim, sp.Le) or claim.lhs != sp.Derivative(total, t, evaluate=False):
        return false("not a bound of the integral's derivative")
    room = sign.lhs * (inequality.rhs - inequality.lhs)
    if not _is_zero(claim.rhs - sp.diff(total, t) - room):
        return false("the right side less the derivative is not beta times the room")
    return proved(r"every $\alpha$, $u$ and $\beta \ge 0$: right side less left side is $\beta$ times the room in the premise")


def put_in_bound(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """What is added on the right is the room in the bound."""
    target, bound, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not all(isinstance(part, sp.Le) for part in (target, bound, claim)) or claim.lhs != target.lhs:
        return false("the left side or the relation changed")
    if not _is_zero(claim.rhs - target.rhs - (bound.rhs - bound.lhs)):
        return false("the right side did not grow by the room in the bound")
    return proved("what is added on the right is the room in the bound, which is not negative")


def largest_outside(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The kernel of the integral is minus the derivative of E = exp(int beta) in its lower end; E is 1 at the upper end."""
    bound, monotone, sign, claim = (statement.claim for statement in (*premises, conclusion))
    if not isinstance(claim, sp.Le) or claim.lhs != bound.lhs or not isinstance(sign, sp.Ge) or sign.rhs != 0 or not isinstance(monotone, sp.Le):
        return false("the left side changed, or a condition is another")
    earlier, largest = monotone.args
    (total,) = (node for node in bound.rhs.atoms(sp.Integral) if node.has(earlier))
    beta = sign.lhs
    lower = sp.Symbol("sigma", nonnegative=True)
    growth = sp.exp(sp.Integral(beta.xreplace({t: lower}), (lower, tau, t)))
    if (
        earlier.xreplace({tau: t}) != largest
        or not _is_zero(total.function + earlier * sp.diff(growth, tau))
        or total.limits != sp.Integral(1, (tau, 0, t)).limits
    ):
        return false("what stands under the integral is not alpha times an exact derivative")
    whole = largest * growth.xreplace({tau: sp.S.Zero})
    if bound.rhs - total != largest or claim.rhs.as_dummy() != whole.as_dummy():
        return false("the value at the lower end is another")
    return proved(r"every $\beta \ge 0$ and nondecreasing $\alpha$: what stands beside $\alpha$ is $-\partial_\tau e^{\int_\tau^t\beta}$, by differentiation")


# -- bounds put in and integrated --------------------------------------------------------------------------------------


def from_start(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The right side is affine in the start; it changes by its slope times the change."""
    bound, start, claim = premises[0].claim, premises[1].claim, conclusion.claim
    first, value = sp.Symbol("_start"), sp.S.Zero if start.rhs == 0 else Norm(start.rhs)
    right = bound.rhs.xreplace({Norm(start.lhs): first})
    if not isinstance(claim, sp.Le) or claim.lhs != bound.lhs or not right.has(first) or right.diff(first, 2) != 0:
        return false("the left side changed, or the start does not stand on the right")
    difference = claim.rhs - bound.rhs - right.diff(first) * (value - Norm(start.lhs))
    if not vanishes(sp.expand(as_functions(difference))):
        return false("the right side is another")
    return proved("the right side is affine in the start") + _simulated(claim)


def _simulated(claim: sp.Basic) -> Verdict:
    """Numbers along steps where steps are summed, along a flow otherwise."""
    return descent_paths.simulated(claim) if claim.has(sp.Sum) else simulated(claim)


def bound_inside(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The integrand with every norm enlarged by a slack has no negative term more; with the slack of the premises it is the one claimed."""
    bound, *inequalities = (premise.claim for premise in premises)
    claim = conclusion.claim
    if not all(isinstance(part, sp.Le) for part in (bound, claim, *inequalities)) or claim.lhs != bound.lhs:
        return false("the left side or a relation changed")
    old, limits = _under(bound.rhs)
    new, kept = _under(claim.rhs)
    if limits != kept:
        return false("other limits")
    slack: dict[sp.Basic, sp.Expr] = {}
    room: dict[sp.Basic, sp.Expr] = {}
    for number, inequality in enumerate(inequalities):
        here = inequality.xreplace({t: tau})
        extra = sp.Symbol(f"_slack{number}", nonnegative=True)
        slack[here.lhs], room[extra] = here.lhs + extra, here.rhs - here.lhs
    grown = sp.expand(old.xreplace(slack))
    if not all(term.is_nonnegative for term in sp.Add.make_args(grown - sp.expand(old))):
        return false("the integrand may fall where a norm grows")
    if not vanishes(sp.expand(_letters(grown.xreplace(room) - new))):
        return false("the integrand is not the one with the bounds put in")
    return proved("every term of the integrand grows with every norm bounded") + _simulated(claim)


def _under(right: sp.Expr) -> tuple[sp.Expr, sp.Basic]:
    """The whole integrand (or summand), factors in front taken in, and the limits."""
    (total,) = right.atoms(sp.Integral, sp.Sum)
    outside = sp.expand(right / total)
    if outside.has(sp.Integral, sp.Sum):
        raise ValueError(f"{right} is more than one integral")
    return sp.expand(outside * total.function), sp.Tuple(*total.limits)


def _letters(expression: sp.Expr) -> sp.Expr:
    return expression.xreplace({norm: sp.Symbol(f"_norm{k}", nonnegative=True) for k, norm in enumerate(sorted(expression.atoms(Norm), key=str))})


def integrated(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Zero at t = 0, and its derivative is the integrand."""
    bound, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, sp.Le) or claim.lhs != bound.lhs or claim.rhs.has(sp.Integral):
        return false("the left side changed, or an integral is left")
    (total,) = bound.rhs.atoms(sp.Integral)
    pieces = sp.Tuple(bound.rhs / total, total.function, claim.rhs)
    outside, inside, value = _letters(pieces).args
    if inside.has(t) or total.limits != sp.Integral(1, (tau, 0, t)).limits:
        return false("not an integral from 0 to t of what moves with tau alone")
    if not vanishes(sp.expand(sp.diff(value / outside, t) - inside.xreplace({tau: t}))) or not vanishes(sp.expand(value.xreplace({t: sp.S.Zero}))):
        return false("the derivative is not the integrand, or the start is not 0")
    return proved("zero at $t = 0$, and its derivative is the integrand") + simulated(claim)


def largest_over_time(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """In units of the time scale: ends and zeros of the derivative of every term; all terms are largest at one place."""
    bound, claim = premises[0].claim, conclusion.claim
    largest, *rest = claim.args if isinstance(claim, sp.Tuple) else (claim,)
    if not isinstance(largest, sp.Le) or largest.lhs != bound.lhs or len(rest) > 1:
        return false("the left side changed")
    curve, top = (sp.expand(side) for side in _letters(sp.Tuple(bound.rhs, largest.rhs)).args)
    rates = {-node.args[0] / t for node in curve.atoms(sp.exp)}
    if len(rates) != 1 or t in top.free_symbols or not next(iter(rates)).is_positive:
        return false("not one time scale")
    (rate,) = rates
    z = sp.Symbol("_z", nonnegative=True)
    terms: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(curve.xreplace({t: z / rate}))):
        letters, shape = term.as_independent(z, as_Add=False)
        number, monomial = letters.as_coeff_Mul()
        terms[monomial] = terms.get(monomial, sp.S.Zero) + number * shape
    places, total = set(), sp.S.Zero
    for monomial, shape in terms.items():
        if not monomial.is_nonnegative:
            return false(f"{monomial} may be negative")
        place, height = _top(shape, z)
        places.add(place)
        total += monomial * height
    if len(places) != 1 or not vanishes(sp.expand(total - top)):
        return false(f"the largest value is {total}")
    (place,) = places
    if (place == sp.oo) is not (not rest):
        return false("where it is largest is another matter")
    if rest and (not isinstance(rest[0], sp.Eq) or rest[0].lhs != sp.Symbol("t_max") or not vanishes(sp.expand(rest[0].rhs * rate - place))):
        return false(f"it is largest at {place} time scales")
    return proved("all times: both ends and all zeros of the derivative, which is a polynomial times $e^{-z}$ in units of the time scale") + simulated(largest)


def _top(shape: sp.Expr, z: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Where a polynomial in z and exp(-z), with derivative a polynomial times exp(-z), is largest on z >= 0, and its value there."""
    slope = sp.expand(sp.diff(shape, z) * sp.exp(z))
    roots = [root for root in sp.roots(sp.Poly(slope, z)) if root.is_real and root >= 0] if slope.has(z) else []
    heights = [(place, shape.xreplace({z: place})) for place in (sp.S.Zero, *roots)] + [(sp.oo, sp.limit(shape, z, sp.oo))]
    return max(heights, key=lambda pair: float(pair[1]))
