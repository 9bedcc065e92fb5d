"""Checkers of the moves on averages, each by another road than the move: a divergence identity where it integrated by parts, a factorised density
where it conditioned, a derivative and a value where it wrote a formula.
"""

from __future__ import annotations

import random
from typing import Any

import sympy as sp

from ntksym.gaussian.checks.deciding import SEED, decide, vanishes
from ntksym.gaussian.numeric import evaluate_at, random_point
from ntksym.nodes import CorrelationArcsine, Delta, Expect, Gaussian, HalfLineProbability, Indicator, QuadrantProbability, gaussian_pair
from ntksym.notation import q11, q12, q22, u, v, w1, w2, x
from ntksym.proof import Statement, Verdict, false, proved


def check_bilinear(premises: tuple[Statement, ...], conclusion: Statement, *, first: sp.Tuple, second: sp.Tuple, dual: sp.Expr) -> Verdict:
    """Under any law the integrands must agree: sum the integrands of the right side and compare with the product of the premises."""
    if conclusion.claim.lhs != dual:
        return false(f"the left side is not {dual}")
    integrands = []
    for term in sp.Add.make_args(conclusion.claim.rhs):
        weight, expects = term.as_independent(Expect)
        if not term.has(u, v):
            integrands.append(term)
            continue
        if not isinstance(expects, Expect) or expects.law.upper != sp.Tuple(q11, q12, q22) or any(m != 0 for m in expects.law.mean):
            return false(f"{term} is no expectation under the pair's law")
        integrands.append(weight * expects.integrand)
    product = premises[0].claim.rhs.subs(x, u) * premises[1].claim.rhs.subs(x, v)
    residual = sp.expand(sp.Add(*integrands) - product)
    return proved("all terms, by expanding the product") if residual == 0 else false(f"the integrands differ by {residual}")


def _weight_exponent(alphas: sp.Tuple, betas: sp.Tuple) -> sp.Expr:
    """X' A x + beta' x."""
    return sp.expand(alphas[0] * u**2 + betas[0] * u + alphas[1] * v**2 + betas[1] * v)


def _tilted_by_inverse(alphas: sp.Tuple, betas: sp.Tuple) -> tuple[sp.Tuple, sp.Tuple]:
    """Mean and covariance of the tilted law from the precision matrix."""
    precision = sp.Matrix([[q11, q12], [q12, q22]]).inv() - 2 * sp.diag(*alphas)
    cov = precision.inv()
    mean = cov * sp.Matrix(list(betas))
    return sp.Tuple(*mean), sp.Tuple(cov[0, 0], cov[0, 1], cov[1, 1])


def _product(left: sp.Matrix, right: sp.Matrix) -> sp.Matrix:
    """Matrix product without SymPy's simplification on the way."""
    return sp.Matrix(left.rows, right.cols, lambda i, j: sp.Add(*(left[i, k] * right[k, j] for k in range(left.cols))))


def check_tilt(premises: tuple[Statement, ...], conclusion: Statement, *, body: sp.Expr, alphas: sp.Tuple, betas: sp.Tuple) -> Verdict:
    """The two log-densities agree as polynomials in (u, v); the normalisation agrees because both are densities."""
    lhs, rhs = conclusion.claim.lhs, conclusion.claim.rhs
    if not isinstance(lhs, Expect) or lhs.law != gaussian_pair(u, v, q11, q12, q22):
        return false("the left side is no average over the law of the pair")
    factor, after = rhs.as_independent(Expect)
    if not isinstance(after, Expect):
        after = Expect(sp.S.One, Gaussian(sp.Tuple(u, v), *_tilted_by_inverse(alphas, betas)))
    exponents = sp.Add(*(f.args[0] for f in sp.Mul.make_args(lhs.integrand) if isinstance(f, sp.exp)))
    if sp.expand(exponents - _weight_exponent(alphas, betas)) != 0:
        return false("the weight that left the integrand is not the exponential")
    ratio = sp.cancel(lhs.integrand / after.integrand / sp.exp(exponents))
    if ratio.has(u, v):
        return false("the rest of the integrand changed")
    factor = factor / ratio
    gram = q11 * q22 - q12**2
    precision = sp.Matrix([[q22, -q12], [-q12, q11]]) - 2 * gram * sp.diag(*alphas)  # times the determinant
    law = after.law
    cov = sp.Matrix([[law.cov(0, 0), law.cov(0, 1)], [law.cov(0, 1), law.cov(1, 1)]])
    mean, beta = sp.Matrix(list(law.mean)), sp.Matrix(list(betas))
    square = sp.Mul(*(f for f in sp.Mul.make_args(factor) if not isinstance(f, sp.exp)))
    exponent = sp.Add(*(f.args[0] for f in sp.Mul.make_args(factor) if isinstance(f, sp.exp)))
    residuals = [
        *(_product(precision, cov) - gram * sp.eye(2)),
        *(_product(precision, mean) - gram * beta),
        exponent - _product(mean.T, beta)[0] / 2,
        square**2 * gram - (cov[0, 0] * cov[1, 1] - cov[0, 1] ** 2),
    ]
    bad = [r for r in residuals if not vanishes(r)]
    if bad:
        return false(f"precision, mean or normalisation differ by {bad[0]}")
    if evaluate_at(square, random_point(sorted(square.free_symbols, key=str), random.Random(SEED)), 15) < 0:
        return false("the normalisation is negative")
    if not all(_excluded(conclusion, alpha, own, other) for alpha, own, other in zip(alphas, (q11, q22), (q22, q11), strict=True)):
        return false("the average does not exist for every variance, and no assumption says so")
    return proved("quadratic, linear and constant term of both log-densities; all covariances in the domain")


def _excluded(conclusion: Statement, alpha: sp.Expr, own: sp.Symbol, other: sp.Symbol) -> bool:
    """Where exp(alpha x^2) outgrows the density some listed condition must fail: try twice the critical variance, for both signs of the parameters."""
    for value in (sp.Rational(7, 5), sp.Rational(-7, 5)):
        point: dict[sp.Basic, sp.Basic] = {s: value for s in alpha.free_symbols if value > 0 or not s.is_nonnegative}
        rate = alpha.xreplace(point)
        if rate.is_positive:
            point |= {own: 1 / rate, other: sp.Rational(1, 1000), q12: sp.S.Zero}
            if not any(a.condition is not None and a.condition.xreplace(point) == sp.false for a in conclusion.assumptions):
                return False
    return True


def check_cdf_as_step(
    premises: tuple[Statement, ...], conclusion: Statement, *, polynomial: sp.Expr, cdfs: sp.Tuple, law: sp.Tuple, target: sp.Expr
) -> Verdict:
    """Integrate the auxiliary variables out again: derivative and value at 0 of P(w + mu x >= 0) against Phi(p x)."""
    lhs, rhs = conclusion.claim.lhs, conclusion.claim.rhs
    inner = rhs.law
    indicators = [f for f in sp.Mul.make_args(rhs.integrand) if isinstance(f, Indicator)]
    replaced = rhs.integrand
    for indicator in indicators:
        argument = indicator.args[0]
        helper = next((s for s in (w1, w2) if argument.has(s)), None)
        if helper is None:
            continue
        index = list(inner.variables).index(helper)
        if any(inner.cov(index, k) != 0 for k in range(len(inner.variables)) if k != index) or inner.mean[index] != 0:
            return false(f"{helper} is not independent of the others")
        kappa, gap = inner.cov(index, index), argument.coeff(helper)
        linear = sp.expand(argument - gap * helper)
        variable = u if linear.has(u) else v
        cdf = next((c for c in cdfs if c.has(variable)), None)
        if cdf is None or gap != 1:
            return false(f"no normal cdf in {variable}")
        mu, slope = linear.coeff(variable), sp.expand(cdf.args[0]).coeff(variable)
        # d/dx P(w >= -L(x)) = L' * density of w at L; both sides are 0 at the end of the line where L tends to -oo
        density = mu * sp.exp(-sp.expand(linear**2 / kappa) / 2) / sp.sqrt(2 * sp.pi * kappa)
        wanted = slope * sp.exp(-sp.expand(cdf.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)
        if not vanishes(density - wanted) and sp.simplify(density - wanted) != 0:
            return false(f"P({argument} >= 0) is not {cdf}")
        replaced = replaced.xreplace({indicator: cdf})
    pair = [list(inner.variables).index(s) for s in lhs.law.variables]
    marginal = [inner.cov(i, j) for n, i in enumerate(pair) for j in pair[n:]]
    if sp.expand(replaced - lhs.integrand) != 0 or list(lhs.law.upper) != marginal:
        return false("integrating the auxiliary variables out does not give the left side back")
    return proved("derivative and value at 0 of each cdf, all slopes")


def check_stein(premises: tuple[Statement, ...], conclusion: Statement, *, field: sp.Tuple, constant: sp.Expr, **_: Any) -> Verdict:
    """Divergence theorem: (P - constant) density = -div(G density) for the vector field G, whose flux through L = 0 gives the delta terms."""
    lhs = conclusion.claim.lhs
    law = lhs.law
    indicators = [f for f in sp.Mul.make_args(lhs.integrand) if isinstance(f, Indicator)]
    polynomial = sp.Mul(*(f for f in sp.Mul.make_args(lhs.integrand) if not isinstance(f, Indicator)))
    places = [i for i, s in enumerate(law.variables) if s in (u, v)]
    helpers = [i for i in range(len(law.variables)) if i not in places]
    if any(law.cov(i, j) != 0 for i in helpers for j in places) or polynomial.has(w1, w2):
        return false("an auxiliary variable is not independent, or stands outside the steps")
    alive = [law.variables[i] for i in places]
    cov = sp.Matrix(len(places), len(places), lambda i, j: law.cov(places[i], places[j]))
    components = sp.Matrix([field[0 if s == u else 1] for s in alive])
    centred = sp.Matrix([law.variables[i] - law.mean[i] for i in places])
    divergence = sp.Add(*(sp.diff(g, s) for g, s in zip(components, alive, strict=True)))
    adjugate = cov.adjugate(method="berkowitz")
    determinant = _product(adjugate, cov)[0, 0]
    score = _product(_product(centred.T, adjugate), components)[0]
    if not vanishes((polynomial - constant + divergence) * determinant - score):
        return false("the divergence identity fails")
    flux, bulk, complaint = _read_terms(conclusion.claim.rhs, law, indicators)
    if complaint:
        return false(complaint)
    for indicator in indicators:
        argument = indicator.args[0]
        wanted = sp.Add(*(g * sp.diff(argument, s) for g, s in zip(components, alive, strict=True)))
        if not argument.has(w1, w2):  # on the line L = 0 the variable is a number
            variable = u if argument.has(u) else v
            wanted = wanted.subs(variable, sp.solve(argument, variable)[0])
        if not vanishes(wanted - flux.pop(argument, sp.S.Zero)):
            return false(f"the flux through {argument} = 0 is {wanted}")
    if flux or not vanishes(bulk - constant):
        return false("a term is left over or the constant differs")
    return proved("divergence identity as polynomials in u, v; fluxes; all covariances")


def _read_terms(rhs: sp.Expr, law: Gaussian, indicators: list[sp.Expr]) -> tuple[dict[sp.Expr, sp.Expr], sp.Expr, str]:
    """What stands beside each delta, the constant in front of the steps, and a complaint where a term fits neither."""
    flux: dict[sp.Expr, sp.Expr] = {}
    bulk: sp.Expr = sp.S.Zero
    for term in sp.Add.make_args(rhs):
        weight, expect = term.as_independent(Expect)
        if not isinstance(expect, Expect):
            if indicators and weight != 0:
                return flux, bulk, f"the steps are lost in {term}"
            bulk += weight
            continue
        factors = sp.Mul.make_args(expect.integrand)
        deltas = [f for f in factors if isinstance(f, Delta)]
        steps = [f for f in factors if isinstance(f, Indicator)]
        found = sorted(map(str, [*steps, *(Indicator(d.args[0]) for d in deltas)]))
        if found != sorted(map(str, indicators)) or len(deltas) > 1 or not _same_law(expect.law, law, expect.integrand):
            return flux, bulk, f"the half-spaces or the law of {expect} do not fit"
        rest = weight * expect.integrand / sp.Mul(*deltas, *steps)
        if deltas:
            flux[deltas[0].args[0]] = flux.get(deltas[0].args[0], sp.S.Zero) + rest
        else:
            bulk += rest
    return flux, bulk, ""


def _same_law(one: Gaussian, two: Gaussian, integrand: sp.Expr) -> bool:
    """Whether the two laws agree on the variables of the integrand."""
    used = [s for s in two.variables if integrand.has(s)]
    if any(s not in one.variables for s in used):
        return False
    first, second = (list(law.variables) for law in (one, two))
    means = all(one.mean[first.index(s)] == two.mean[second.index(s)] for s in used)
    return means and all(vanishes(one.cov(first.index(s), first.index(t)) - two.cov(second.index(s), second.index(t))) for s in used for t in used)


def check_condition(premises: tuple[Statement, ...], conclusion: Statement, *, first: bool, **_: Any) -> Verdict:
    """The joint density on L = 0 is the density of L at 0 times the conditional density: quadratic forms, determinants and what is averaged."""
    lhs = conclusion.claim.lhs
    mine = [f for f in sp.Mul.make_args(lhs.integrand) if isinstance(f, Delta) and f.has(u if first else v)]
    if len(mine) != 1:
        return false("no delta to condition on")
    argument = mine[0].args[0]
    variables = list(lhs.law.variables)
    eliminated = next((t for t in (w1, w2, u, v) if t in variables and argument.has(t)), None)
    gap = argument.coeff(eliminated) if eliminated is not None else sp.S.Zero
    if eliminated is None or gap**2 != 1:
        return false(f"{argument} is not a coordinate")
    kept = [t for t in variables if t != eliminated]
    # On L = 0 the eliminated variable is a linear function of the kept ones.
    solved = sp.expand(eliminated - argument / gap)
    cov = sp.Matrix(len(variables), len(variables), lambda i, j: lhs.law.cov(i, j))
    centre = dict(zip(variables, lhs.law.mean, strict=True))
    gradient = sp.Matrix([sp.diff(argument, t) for t in variables])
    variance = _product(_product(gradient.T, cov), gradient)[0]
    offset = argument.xreplace(centre)
    weight, after = conclusion.claim.rhs.as_independent(Expect)
    inner = after.integrand if isinstance(after, Expect) else sp.S.One
    # Where an auxiliary variable is eliminated it stands nowhere else; where u or v is, it is the number it is fixed at.
    outer = lhs.integrand / mine[0]
    if conclusion.claim.rhs == 0:
        good = sp.expand(outer.xreplace({eliminated: solved})) == 0
        return proved("the polynomial vanishes where the delta stands") if good else false("the average is not 0")
    ratio = sp.cancel(outer.xreplace({eliminated: solved}) / inner)
    if ratio.has(*variables):
        return false("what is averaged has changed")
    exponent = sp.Add(*(f.args[0] for f in sp.Mul.make_args(weight) if isinstance(f, sp.exp)))
    square = sp.Mul(*(f for f in sp.Mul.make_args(weight) if not isinstance(f, sp.exp)))
    if not vanishes(square**2 * 2 * sp.pi * variance - ratio**2) or not vanishes(2 * exponent * variance + offset**2):
        return false(f"the density at zero is not {weight / ratio}")
    if evaluate_at(square / ratio, _point(square / ratio), 15) < 0:
        return false("the density is negative")
    if isinstance(after, Expect):
        # x = R y + x0 on L = 0: the precision of y is R' Sigma^-1 R, and its mean minimises the quadratic form (x - m)' Sigma^-1 (x - m).
        restriction = sp.Matrix(
            len(variables), len(kept), lambda i, j: sp.Integer(variables[i] == kept[j]) if variables[i] != eliminated else sp.diff(solved, kept[j])
        )
        adjugate = cov.adjugate(method="berkowitz")
        weighted = _product(restriction.T, adjugate)
        precision = _product(weighted, restriction)
        places = {t: i for i, t in enumerate(after.law.variables)}
        if any(t not in places for t in kept if inner.has(t)):
            return false("a variable is missing from the conditional law")
        if set(kept) == set(places):
            stated = sp.Matrix(len(kept), len(kept), lambda i, j: after.law.cov(places[kept[i]], places[kept[j]]))
            if not all(vanishes(entry) for entry in _product(precision, stated) - _product(adjugate, cov)[0, 0] * sp.eye(len(kept))):
                return false("the conditional covariance is another")
            at_mean = dict(zip(kept, (after.law.mean[places[t]] for t in kept), strict=True))
            full = sp.Matrix([(at_mean[t] if t != eliminated else solved.xreplace(at_mean)) - centre[t] for t in variables])
            if not all(vanishes(entry) for entry in _product(weighted, full)):
                return false("the conditional mean is another")
        else:
            return false("the conditional law is of other variables")
    return proved("density factorisation, all covariances")


def _point(expr: sp.Expr) -> dict[sp.Symbol, sp.Rational]:
    return random_point(sorted(expr.free_symbols, key=str), random.Random(SEED))


def _half_planes(claim: sp.Eq) -> tuple[list[sp.Expr], sp.Matrix, sp.Expr]:
    """Means and covariances of the arguments of the steps, from the matrix of the law; and what else stands in the integrand."""
    lhs = claim.lhs
    steps = [f for f in sp.Mul.make_args(lhs.integrand) if isinstance(f, Indicator)]
    rest = sp.Mul(*(f for f in sp.Mul.make_args(lhs.integrand) if not isinstance(f, Indicator)))
    variables = list(lhs.law.variables)
    cov = sp.Matrix(len(variables), len(variables), lambda i, j: lhs.law.cov(i, j))
    gradients = sp.Matrix([[sp.diff(f.args[0], t) for t in variables] for f in steps])
    means = [f.args[0].xreplace(dict(zip(variables, lhs.law.mean, strict=True))) for f in steps]
    return means, _product(_product(gradients, cov), gradients.T), rest


def check_half_line(premises: tuple[Statement, ...], conclusion: Statement, **_: Any) -> Verdict:
    """Mean and variance of L from the matrix of the law; the derivative in the mean is the density of L at 0 and the value at mean 0 is 1/2."""
    means, cov, rest = _half_planes(conclusion.claim)
    rhs = conclusion.claim.rhs
    if len(means) != 1 or rest != 1 or not isinstance(rhs, HalfLineProbability):
        return false("not a half-line")
    m, a = rhs.args
    s = sp.Symbol("s_", real=True)
    density = sp.exp(-((m + s) ** 2) / (2 * cov[0, 0])) / sp.sqrt(2 * sp.pi * cov[0, 0])
    return decide([m - means[0], a - cov[0, 0], sp.diff(HalfLineProbability(m + s, a), s) - density], "mean, variance and density, all laws")


def check_quadrant(premises: tuple[Statement, ...], conclusion: Statement, **_: Any) -> Verdict:
    """Means and covariances of (L, M) from the matrix of the law; the derivative in the covariance is the joint density at 0 (Price)."""
    means, cov, rest = _half_planes(conclusion.claim)
    rhs = conclusion.claim.rhs
    if len(means) != 2 or rest != 1 or not isinstance(rhs, QuadrantProbability):
        return false("not a quadrant")
    m1, m2, a, c, b = rhs.args
    first = 0 if vanishes(m1 - means[0]) and vanishes(a - cov[0, 0]) else 1
    second = 1 - first
    s = sp.Symbol("s_", real=True)
    tilted = QuadrantProbability(m1, m2, a, s, b)
    joint = sp.exp(-(b * m1**2 - 2 * s * m1 * m2 + a * m2**2) / (2 * (a * b - s**2))) / (2 * sp.pi * sp.sqrt(a * b - s**2))
    residuals = [m1 - means[first], m2 - means[second], a - cov[first, first], c - cov[0, 1], b - cov[second, second], sp.diff(tilted, s) - joint]
    return decide(residuals, "means, covariances and joint density, all laws")


def check_half(premises: tuple[Statement, ...], conclusion: Statement, **_: Any) -> Verdict:
    """The law is symmetric and the half-spaces L >= 0 and -L >= 0 cover everything: both have the same mass, 1/2."""
    lhs = conclusion.claim.lhs
    if not isinstance(lhs, Expect) or not isinstance(lhs.integrand, Indicator) or not lhs.law.is_centred:
        return false("not a half-space of a centred law")
    argument = lhs.integrand.args[0]
    odd = argument.xreplace({s: -s for s in lhs.law.variables})
    if sp.expand(odd + argument) != 0:
        return false("the half-space is not through the centre")
    return proved("reflection of a centred law") if 2 * conclusion.claim.rhs == 1 else false("mass other than 1/2")


def check_orthant(premises: tuple[Statement, ...], conclusion: Statement, **_: Any) -> Verdict:
    """d/dc of the probability is the joint density at 0 (Price); at c = 0 the half-spaces are independent and the value is 1/4."""
    lhs, rhs = conclusion.claim.lhs, conclusion.claim.rhs
    arguments = [f.args[0] for f in sp.Mul.make_args(lhs.integrand)]
    if len(arguments) != 2 or not lhs.law.is_centred:
        return false("not an orthant of a centred law")
    n = len(lhs.law.variables)
    cov = sp.Matrix(n, n, lambda i, j: lhs.law.cov(i, j))
    gradients = [sp.Matrix([sp.diff(a, s) for s in lhs.law.variables]) for a in arguments]
    var1, var2 = ((g.T * cov * g)[0] for g in gradients)
    between = sp.expand((gradients[0].T * cov * gradients[1])[0])
    c = sp.Symbol("c_", real=True)
    free = [s for s in (q12,) if between.has(s)]
    scale = between.coeff(q12) if free else None
    if scale is None:
        return false("the covariance does not depend on q12")
    density = 1 / (2 * sp.pi * sp.sqrt(var1 * var2 - c**2))
    slope = sp.diff(rhs, q12) / scale
    residual = slope.subs(q12, c / scale) - density
    start = rhs.subs(q12, 0).replace(CorrelationArcsine, lambda a, cov, b: sp.asin(cov / sp.sqrt(a * b)))
    if sp.simplify(start - sp.Rational(1, 4)) != 0:
        return false(f"the value at independence is {start}")
    return decide([residual.subs(c, between)], "derivative in the covariance, value at independence")


def check_substitution(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Substitute from the innermost average outwards and decide that the difference of both sides vanishes."""
    if conclusion.claim.lhs != premises[0].claim.lhs:
        return false("the left side changed")
    known: dict[sp.Basic, sp.Basic] = {}
    for part in reversed(premises[1:]):
        known[part.claim.lhs] = part.claim.rhs.xreplace(known)
    value = premises[0].claim.rhs.xreplace(known)
    return decide([value - conclusion.claim.rhs], "difference of both sides, all arguments")


def check_swap(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Exchange the inputs once more: the premise must come back."""
    z = sp.Symbol("z_", real=True)
    t = sp.Symbol("t_", positive=True)
    back = conclusion.claim.lhs.integrand.xreplace({u: z}).xreplace({v: u}).xreplace({z: v})
    value = conclusion.claim.rhs.xreplace({q11: t}).xreplace({q22: q11}).xreplace({t: q22})
    if sp.expand(back - premises[0].claim.lhs.integrand) != 0 or conclusion.claim.lhs.law != premises[0].claim.lhs.law:
        return false("the integrand is not the premise's with u and v exchanged")
    return decide([value - premises[0].claim.rhs], "exchanging twice is the identity")


def check_conjugate(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Conjugate once more, i to -i, every symbol being real and every root that of a positive number: the premise must come back."""
    t = sp.Dummy()
    lhs, rhs = (side.xreplace({sp.I: t}).xreplace({t: -sp.I}) for side in (conclusion.claim.lhs.integrand, conclusion.claim.rhs))
    known = premises[0].claim
    if conclusion.claim.lhs.law != known.lhs.law or not vanishes(lhs - known.lhs.integrand):
        return false("the integrand is not the conjugate of the premise's")
    return decide([rhs - known.rhs], "conjugating twice is the identity")


def check_instance(premises: tuple[Statement, ...], conclusion: Statement, *, derivation: Any) -> Verdict:
    """Substitute in two stages: the lemma's symbols through temporary names."""
    general = derivation.conclusion.claim
    if conclusion.claim.lhs != premises[0].claim.lhs:
        return false("the left side changed")
    wanted = sorted(premises[0].claim.rhs.atoms(Expect), key=sp.default_sort_key)[0]
    value = general.rhs
    names = [*general.lhs.law.mean, *general.lhs.law.upper]
    values = [*wanted.law.mean, *wanted.law.upper]
    temporary = [sp.Dummy(positive=True) for _ in names]
    value = value.xreplace({name: t for name, t in zip(names, temporary, strict=True) if isinstance(name, sp.Symbol)})
    value = value.xreplace(dict(zip(temporary, values, strict=True)))
    factor = premises[0].claim.rhs.xreplace({wanted: sp.S.One})
    return decide([factor * value - conclusion.claim.rhs], "the lemma at this law, all arguments")
