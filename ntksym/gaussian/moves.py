"""The moves that turn E[f(u) g(v)] into a closed form: one rule each, all of them with a checker on another road (:mod:`checks`).

The order in which they are used is the business of :mod:`moments` and :mod:`duals`.
"""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import CrossDualForm, DualForm, OutsideClass
from ntksym.gaussian import univariate
from ntksym.gaussian.atoms import as_sum, decompose, derivative
from ntksym.gaussian.checks import averages, functions, values
from ntksym.gaussian.laws import HALF, NOTHING, POINT, Law, Slot, average, expectation, tidy
from ntksym.gaussian.writing import canonical
from ntksym.nodes import CorrelationArcsine, Delta, Dual, Expect, Gaussian, HalfLineProbability, QuadrantProbability, gaussian_pair
from ntksym.notation import q, q11, q12, q22, u, v, x
from ntksym.proof import Assumption, Derivation, Statement, rule
from ntksym.sources import Citation

PAIR = gaussian_pair(u, v, q11, q12, q22)


@rule(
    source=Citation("", "definition of the pieces"),
    check=functions.check_pieces,
    reason="Split the activation at its kinks and jumps; between them it is smooth.",
)
def split_into_pieces(*, phi: sp.Lambda) -> Statement:
    r"""$\phi(x) = \phi_i(x)$ on the $i$-th interval between kinks"""
    split, _ = decompose(phi)
    return Statement(sp.Eq(sp.Function("phi")(x), split.as_piecewise(x), evaluate=False))


@rule(
    source=Citation("", r"Euler's formula; $\operatorname{erf}(x) = 2\Phi(\sqrt{2}\,x) - 1$"),
    check=functions.check_atoms,
    reason="Write the activation as a sum of polynomial times exponential of a quadratic times one step or normal cdf.",
)
def decompose_into_atoms(*, phi: sp.Lambda) -> Statement:
    r"""$\phi(x) = \sum_i P_i(x)\,e^{\alpha_i x^2 + \beta_i x}\,\tau_i(x),\quad \tau_i \in \{1,\ \mathbf 1\{\pm(x - t_i)\ge 0\},\ \Phi(p_i x + r_i)\}$"""
    _, groups = decompose(phi)
    return Statement(sp.Eq(sp.Function("phi")(x), as_sum(groups), evaluate=False))


@rule(
    source=Citation("", r"product rule; $\mathbf 1\{x\ge t\}' = \delta(x-t)$"),
    check=functions.check_derivative,
    reason="Differentiate in the sense of distributions: the smooth pieces by the product rule, every jump giving a delta.",
)
def differentiate_atoms(*, phi: sp.Lambda, order: int) -> Statement:
    r"""$(P e^{\alpha x^2+\beta x}\tau)' = (P' + (2\alpha x+\beta)P)\,e^{\alpha x^2+\beta x}\tau + P e^{\alpha x^2+\beta x}\tau'$"""
    groups = derivative(phi, order)
    return Statement(sp.Eq(sp.Derivative(sp.Function("phi")(x), (x, order)), as_sum(groups), evaluate=False))


@rule(source=Citation("", "linearity of the expectation"), check=averages.check_bilinear, reason="The expectation is linear in each factor.")
def expand_bilinearly(left: Statement, right: Statement, *, first: sp.Tuple, second: sp.Tuple, dual: Dual) -> Statement:
    r"""$\mathbb E\big[\sum_i f_i(u)\,\sum_j g_j(v)\big] = \sum_{i,j} \mathbb E[f_i(u)\,g_j(v)]$"""
    if sp.Add(*first) != left.claim.rhs or sp.Add(*second) != right.claim.rhs:
        raise RuleError("the terms listed do not add up to the premises", where="expand_bilinearly")
    total = sp.Add(*(average(f.xreplace({x: u}) * g.xreplace({x: v}), PAIR) for f in first for g in second))
    return Statement(sp.Eq(dual, total, evaluate=False))


@rule(
    source=Citation("", "completing the square in the Gaussian density"),
    check=averages.check_tilt,
    reason="An exponential of a quadratic only changes the Gaussian it is averaged over.",
)
def tilt(*, body: sp.Expr, alphas: sp.Tuple, betas: sp.Tuple) -> Statement:
    r"""$\mathbb E_{\Sigma}[e^{x^\top A x+\beta^\top x}F] = |I-2A\Sigma|^{-1/2}\,e^{\beta^\top\Sigma'\beta/2}\ \mathbb E_{\mathcal N(\Sigma'\beta,\Sigma')}[F]$

    The tilted covariance is $\Sigma' = \Sigma(I-2A\Sigma)^{-1}$.
    """
    alpha1, alpha2 = alphas
    beta1, beta2 = betas
    det = sp.expand((1 - 2 * alpha1 * q11) * (1 - 2 * alpha2 * q22) - 4 * alpha1 * alpha2 * q12**2)
    gram = q11 * q22 - q12**2
    a, b = sp.expand(q11 - 2 * alpha2 * gram), sp.expand(q22 - 2 * alpha1 * gram)
    m1, m2 = sp.expand(a * beta1 + q12 * beta2), sp.expand(q12 * beta1 + b * beta2)
    exponent = sp.expand(beta1 * m1 + beta2 * m2) / (2 * det)
    a, c, b, m1, m2 = (t / det for t in (a, q12, b, m1, m2))
    weight = sp.exp(alpha1 * u**2 + beta1 * u) * sp.exp(alpha2 * v**2 + beta2 * v)
    law = Gaussian(sp.Tuple(u, v), sp.Tuple(m1, m2), sp.Tuple(a, c, b))
    claim = sp.Eq(Expect(weight * body, PAIR), sp.exp(exponent) / sp.sqrt(det) * average(body, law), evaluate=False)
    return Statement(claim, assumptions=existence(alpha1, alpha2))


def existence(alpha1: sp.Expr, alpha2: sp.Expr) -> tuple[Assumption, ...]:
    """When the tilted expectation exists: I - 2 A Sigma positive definite.  Nothing to assume where both exponents are <= 0."""
    if all(alpha.is_nonpositive for alpha in (alpha1, alpha2)):
        return ()
    first = 1 - 2 * alpha1 * q11
    det = sp.expand(first * (1 - 2 * alpha2 * q22) - 4 * alpha1 * alpha2 * q12**2)
    condition = sp.And(*(sp.StrictGreaterThan(t, 0) for t in sorted({first, 1 - 2 * alpha2 * q22, det}, key=sp.default_sort_key) if t.has(q11, q22)))
    return (Assumption(f"exists[{alpha1},{alpha2}]", f"the Gaussian average exists: ${sp.latex(condition)}$", condition),)


@rule(
    source=Citation("owen1980", "Sec. 2"),
    check=averages.check_cdf_as_step,
    reason="A normal cdf is the probability that an independent normal variable stays below its argument.",
)
def write_cdf_as_step(*, polynomial: sp.Expr, cdfs: sp.Tuple, law: sp.Tuple, target: sp.Expr) -> Statement:
    r"""$\Phi(px+r) = \mathbb E_w\,\mathbf 1\{w + p x + r \ge 0\},\quad w \sim \mathcal N(0,1)$"""
    return Statement(sp.Eq(Expect(polynomial * sp.Mul(*cdfs), Gaussian(*law)), target, evaluate=False))


@rule(
    source=Citation("stein1981", "Lemma 1"),
    check=averages.check_stein,
    reason="Integrate by parts until no power of $u$ or $v$ is left outside a delta.",
)
def integrate_by_parts(*, polynomial: sp.Expr, law: Law, one: Slot, two: Slot, field: sp.Tuple, constant: sp.Expr) -> Statement:
    r"""$\mathbb E[u\,G] = \mathbb E u\;\mathbb E G + \sum_j \operatorname{Cov}(u, x_j)\,\mathbb E[\partial_j G],\ \ \partial\mathbf 1\{x\ge0\} = \delta(x)$"""
    terms = [constant * expectation(sp.S.One, law, one, two)]
    for k, (slot, other, first) in enumerate(((one, two, True), (two, one, False))):
        if slot.kind != HALF:
            continue
        boundary = sp.expand(slot.mu * field[k])
        if slot.kappa == 0:
            boundary = sp.expand(boundary.subs(u if first else v, slot.root))
        if boundary == 0:
            continue
        point = slot.of_kind(POINT)
        terms.append(expectation(boundary, law, point, other) if first else expectation(boundary, law, other, point))
    return Statement(sp.Eq(expectation(polynomial, law, one, two), sp.Add(*terms), evaluate=False))


@rule(
    source=Citation("", "conditioning of Gaussian vectors"),
    check=averages.check_condition,
    reason="A delta fixes its argument at zero: the density there times the average under the conditional law.",
)
def condition_on_zero(*, polynomial: sp.Expr, law: Law, one: Slot, two: Slot, first: bool) -> Statement:
    r"""$\mathbb E[\delta(L)\,G] = \frac{1}{\sqrt{2\pi\operatorname{Var}L}}\,e^{-(\mathbb EL)^2/(2\operatorname{Var}L)}\ \mathbb E[G \mid L=0]$"""
    slot = one if first else two
    before = expectation(polynomial, law, one, two)
    conditional = law.given_zero(slot, first)
    variance, mean = law.variance(slot, first), law.mean(slot, first)
    density = sp.exp(-tidy(mean**2 / variance) / 2) / sp.sqrt(2 * sp.pi * variance)
    if slot.kappa == 0:  # delta(mu x + r) is delta(x - root) over |mu|, and mu is +-1
        polynomial = sp.expand(polynomial.subs(u if first else v, slot.root))
    gone = Slot(NOTHING)
    after = expectation(polynomial, conditional, gone, two) if first else expectation(polynomial, conditional, one, gone)
    return Statement(sp.Eq(before, density * after, evaluate=False))


@rule(
    source=Citation("", "symmetry of the centred normal law"), check=averages.check_half, reason="A centred normal variable is non-negative half of the time."
)
def half_space(*, law: Law, one: Slot, two: Slot) -> Statement:
    r"""$\mathbb P(L \ge 0) = \tfrac12$"""
    return Statement(sp.Eq(expectation(sp.S.One, law, one, two), sp.Rational(1, 2), evaluate=False))


@rule(
    source=Citation("", "definition of the normal cdf"),
    check=averages.check_half_line,
    reason="A normal variable that is not centred: its cdf at mean over standard deviation.",
)
def half_line(*, law: Law, one: Slot, two: Slot) -> Statement:
    r"""$\mathbb P(L \ge 0) = \Phi\big(\mathbb EL/\sqrt{\operatorname{Var}L}\big)$"""
    slot, first = (one, True) if one.kind == HALF else (two, False)
    return Statement(sp.Eq(expectation(sp.S.One, law, one, two), HalfLineProbability(law.mean(slot, first), law.variance(slot, first)), evaluate=False))


@rule(
    source=Citation("", "definition of the bivariate normal cdf"),
    check=averages.check_quadrant,
    reason="Two half-planes that do not meet at the centre: the bivariate normal cdf, whose partial derivatives are elementary.",
)
def quadrant_probability(*, law: Law, one: Slot, two: Slot) -> Statement:
    r"""$\mathbb P(L\ge0,\,M\ge0) = \Phi_2\big(\mathbb EL/\sigma_L,\ \mathbb EM/\sigma_M;\ \operatorname{Corr}(L,M)\big)$"""
    value = QuadrantProbability(law.mean(one, True), law.mean(two, False), law.variance(one, True), law.covariance(one, two), law.variance(two, False))
    return Statement(sp.Eq(expectation(sp.S.One, law, one, two), value, evaluate=False))


@rule(
    source=Citation("sheppard1899", "quadrant probability of the normal law"),
    check=averages.check_orthant,
    reason="The probability of an orthant is its angle divided by $2\\pi$.",
)
def orthant_probability(*, law: Law, one: Slot, two: Slot) -> Statement:
    r"""$\mathbb P(L\ge0,\,M\ge0) = \frac14 + \frac{1}{2\pi}\arcsin\frac{\operatorname{Cov}(L,M)}{\sqrt{\operatorname{Var}L\,\operatorname{Var}M}}$"""
    arcsine = CorrelationArcsine(law.variance(one, True), law.covariance(one, two), law.variance(two, False))
    return Statement(sp.Eq(expectation(sp.S.One, law, one, two), sp.Rational(1, 4) + arcsine / (2 * sp.pi), evaluate=False))


@rule(source=Citation("", "substitution of equals"), check=averages.check_substitution, reason="Put the parts together and collect.")
def put_together(target: Statement, *parts: Statement) -> Statement:
    r"""$A = F(B),\ B = C \;\Rightarrow\; A = F(C)$"""
    value = target.claim.rhs
    for part in parts:
        value = value.xreplace({part.claim.lhs: part.claim.rhs})
    if value.has(Expect):
        raise RuleError(f"{sorted(map(str, value.atoms(Expect)))} is not evaluated", where="put_together")
    return Statement(sp.Eq(target.claim.lhs, canonical(value, real=not target.claim.lhs.has(sp.I)), evaluate=False))


@rule(source=Citation("", "renaming the two inputs"), check=averages.check_swap, reason="Exchange the names of the two inputs.")
def swap_inputs(known: Statement) -> Statement:
    r"""$\mathbb E[f(u)g(v)] = F(q_{11},q_{12},q_{22}) \;\Rightarrow\; \mathbb E[g(u)f(v)] = F(q_{22},q_{12},q_{11})$"""
    exchange = {q11: q22, q22: q11}
    flipped = known.claim.lhs.integrand.xreplace({u: v, v: u})
    return Statement(sp.Eq(Expect(flipped, PAIR), known.claim.rhs.xreplace(exchange), evaluate=False), assumptions=_exchanged(known, exchange))


@rule(
    source=Citation("", "conjugation of real integrals"),
    check=averages.check_conjugate,
    reason="The complex conjugate of a pair of waves has the conjugate average.",
)
def conjugate(known: Statement) -> Statement:
    r"""$\mathbb E[f] = F \;\Rightarrow\; \mathbb E[\bar f] = \bar F$"""
    opposite = {sp.I: -sp.I}
    return Statement(sp.Eq(known.claim.lhs.xreplace(opposite), known.claim.rhs.xreplace(opposite), evaluate=False))


def _exchanged(known: Statement, exchange: dict[sp.Basic, sp.Basic]) -> tuple[Assumption, ...]:
    made = []
    for assumption in known.assumptions:
        if assumption.condition is not None and assumption.condition.xreplace(exchange) != assumption.condition:
            condition = assumption.condition.xreplace(exchange)
            made.append(Assumption(assumption.key + ", inputs exchanged", f"the Gaussian average exists: ${sp.latex(condition)}$", condition))
    return tuple(made)


@rule(source=Citation("", "instance of a lemma"), check=averages.check_instance, reason="The moment is known for every covariance matrix; take it at this one.")
def instantiate(target: Statement, *, derivation: Derivation) -> Statement:
    r"""$\mathbb E_{\mathcal N(m,\Sigma)}[F] = G(m,\Sigma)$ for all $(m,\Sigma)$, taken at the law at hand"""
    lemma = derivation.conclusion.claim
    needed = _sole_expectation(target.claim.rhs)
    at = lemma_arguments(lemma.lhs, needed)
    value = target.claim.rhs.xreplace({needed: lemma.rhs.xreplace(at)})
    return Statement(sp.Eq(target.claim.lhs, canonical(value, real=False), evaluate=False))


def _sole_expectation(expr: sp.Expr) -> Expect:
    found = sorted(expr.atoms(Expect), key=sp.default_sort_key)
    if len(found) != 1:
        raise RuleError(f"{len(found)} expectations where one was expected", where="instantiate")
    return found[0]


def lemma_arguments(general: Expect, wanted: Expect) -> dict[sp.Basic, sp.Basic]:
    """The values of the general law's symbols at the wanted law; the integrands must be the same."""
    if general.integrand != wanted.integrand:
        raise RuleError(f"the lemma is about {general.integrand}, wanted is {wanted.integrand}", where="instantiate")
    pairs = [*zip(general.law.mean, wanted.law.mean, strict=True), *zip(general.law.upper, wanted.law.upper, strict=True)]
    return {symbol: value for symbol, value in pairs if isinstance(symbol, sp.Symbol)}


@rule(
    source=Citation("stein1981", "Lemma 1"),
    check=functions.check_delta_prime,
    reason="The derivative of a delta is moved to the other factor; under the Gaussian it arrives there with the regression coefficient.",
)
def move_derivative_off_delta(*, at: sp.Expr, other: sp.Expr, derivative_of_other: sp.Tuple) -> Statement:
    r"""$\mathbb E[\delta'(u-t)\,G(v)] = \frac{t}{q_{11}}\,\mathbb E[\delta(u-t)\,G(v)] - \frac{q_{12}}{q_{11}}\,\mathbb E[\delta(u-t)\,G'(v)]$"""
    delta = Delta(u - at)
    lhs = Expect(sp.Derivative(delta, u) * other.xreplace({x: v}), PAIR)
    rhs = sp.Add(*(average(delta * g.xreplace({x: v}), PAIR) for g in derivative_of_other))
    kept = at / q11 * average(delta * other.xreplace({x: v}), PAIR)
    return Statement(sp.Eq(lhs, kept - q12 / q11 * rhs, evaluate=False))


LINE = Gaussian(sp.Tuple(u), sp.Tuple(sp.S.Zero), sp.Tuple(q))


@rule(
    source=Citation("", "Gamma integrals and integration by parts on the line"),
    check=values.check_univariate,
    reason="One variable only: Gamma integrals, by an engine that knows nothing of pairs.",
)
def univariate_moment(*pair: Statement, phi: sp.Lambda, order: int, power: int) -> Statement:
    r"""$\mathbb E_{u\sim\mathcal N(0,q)}\big[\phi^{(n)}(u)^p\big]$ in closed form"""
    groups = derivative(phi, order)
    value = univariate.moment_of(univariate.powers(groups, power))
    integrand = sp.Derivative(sp.Function("phi")(u), (u, order)) if order else sp.Function("phi")(u)
    return Statement(sp.Eq(Expect(integrand**power, LINE), canonical(value), evaluate=False), assumptions=univariate.existence(groups, power))


@rule(
    source=Citation("price1958", "theorem"),
    check=values.check_dual_form,
    reason="Price's theorem ties $V$, $V'$ and the second derivative together; with the univariate values they determine one another.",
)
def certify_dual(value: Statement, slope: Statement, bend: Statement, *line: Statement, phi: sp.Lambda, jumps: bool) -> Statement:
    r"""$\partial_{q_{12}} V_\phi = V_{\phi'},\ \ \partial_{q_{11}} V_\phi = \tfrac12 V_{\phi'',\phi},\ \ V_\phi(q,q,q) = \mathbb E\phi^2$

    And $V_\phi$ at $q_{12} = 0$ is the product of the means.
    """
    squares = [s.claim.rhs for s in line[1:]]
    conditions = [a.condition for s in (value, slope, bend, *line) for a in s.assumptions if a.condition is not None]
    form = DualForm(
        phi,
        value.claim.rhs,
        slope.claim.rhs,
        canonical(bend.claim.rhs / 2),
        squares[0],
        sp.oo if jumps else squares[1],
        sp.And(*conditions),
        jumps,
    )
    return Statement(form)


@rule(
    source=Citation("price1958", "theorem"),
    check=values.check_cross_dual_form,
    reason="Price's theorem and the value at independence determine the dual of two activations.",
)
def certify_cross_dual(value: Statement, slope: Statement, mean1: Statement, mean2: Statement, *, phi: sp.Lambda, psi: sp.Lambda) -> Statement:
    r"""$\partial_{q_{12}} V_{\phi,\psi} = V_{\phi',\psi'},\quad V_{\phi,\psi}|_{q_{12}=0} = \mathbb E\phi\;\mathbb E\psi$"""
    conditions = [a.condition for s in (value, slope) for a in s.assumptions if a.condition is not None]
    return Statement(CrossDualForm(phi, psi, value.claim.rhs, sp.And(*conditions)))


@rule(
    source=Citation("", "the class of closed forms"),
    check=values.check_outside,
    reason="The decision procedure leaves the class at a named sub-term; no claim that no closed form exists.",
)
def decide_outside_class(*, phi: sp.Lambda, term: sp.Basic, why: str) -> Statement:
    r"""$\phi \notin \operatorname{span}\{x^k e^{\alpha x^2+\beta x}\tau(x)\}$"""
    return Statement(OutsideClass(phi, term, why))


@rule(source=Citation("", "lemma"), check=values.check_lemma, reason="Shown on its own.")
def use_moment(*, derivation: Derivation) -> Statement:
    r"""$\mathbb E[P(u)\,Q(v)\,\tau_1(u)\,\tau_2(v)]$ for every covariance matrix"""
    return Statement(derivation.conclusion.claim)
