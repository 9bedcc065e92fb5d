"""Checks of the limits chapter.

The algebra of a limit step is checked exactly for polynomial activations: there both sides are polynomials in the kernels below, and the expectation of what
tends must be its limit.
That the fluctuations die out is the theorem cited.
"""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.nodes import Applied, DistributedAs, Dual, Entry, Gaussian, Given, Mean, OfOrder, TendsTo, Width
from ntksym.proof import Statement, Verdict, cited, false, proved
from ntksym.rules.checks import expansion, wick
from ntksym.rules.checks.indices import is_zero, terms

X, Y = notation.x1, notation.x2
_T = sp.Symbol("_t", real=True)
POLYNOMIALS = (sp.Lambda(_T, _T + _T**2), sp.Lambda(_T, _T**3))
_EXACT = r"for $\phi(t) = t + t^2$ and $t^3$ the expectation equals the limit at every width, pairing by pairing"


def _lists(conclusion: Statement, key: str) -> bool:
    return any(assumption.key == key for assumption in conclusion.assumptions)


def gaussian_conditioning(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The mean and the covariance by pairing the parameters; linearity in them gives the Gaussian law."""
    if not _lists(conclusion, "initialization"):
        return false("what it takes for granted is not listed")
    equation, claim = premises[0].claim, conclusion.claim
    law: Gaussian = claim.args[1]
    vector = claim.args[0].vector if isinstance(claim.args[0], Given) else claim.args[0]
    copies = [equation.rhs.xreplace({X: h.inputs[0], equation.lhs.indices[0]: h.indices[0]}) for h in vector]
    if any(h.args[:2] != equation.lhs.args[:2] for h in vector):
        return false(f"the law is not of {equation.lhs}")
    if isinstance(claim.args[0], Given):
        below = {e.args[:3] for copy in copies for e in copy.atoms(Entry) if not wick.is_parameter(e)}
        if {e.args[:3] for e in claim.args[0].given} != below:
            return false("the law is not given the layer below at both inputs")
    if any(degree != 1 for degree in _degrees(equation.rhs)):
        return false("the map is not linear in its parameters")
    over = (Entry("omega", equation.lhs.layer), Entry("beta", equation.lhs.layer))
    for (i, j), upper in zip(((0, 0), (0, 1), (1, 1)), law.upper, strict=True):
        product = copies[i] * copies[j]
        if not is_zero(wick.average(product, wick.is_parameter, wick.same_parameter) - upper):
            return false(f"the covariance of {vector[i]} and {vector[j]} is not {upper}")
        witness = expansion.holds(sp.Eq(Mean(product, over), upper, evaluate=False))
        if witness:
            return false(witness)
    if not law.is_centred:
        return false("a linear form in centred variables has mean zero")
    return proved("all widths: covariance by pairing the weights; linear in them, hence Gaussian") + proved("covariances written out at widths 2, 3, 5")


def _degrees(expression: sp.Expr) -> list[int]:
    return [sum(1 for f in factors if isinstance(f, Entry) and wick.is_parameter(f)) for (_, factors), _ in terms(expression)]


def input_gram(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The Gram written out again gives the premise back."""
    a = sp.Symbol("_a", integer=True, positive=True)
    pairs = {notation.s11: (X, X), notation.s12: (X, Y), notation.s22: (Y, Y)}
    places = {s: sp.Sum(Entry("z", 0, (p,), (a,)) * Entry("z", 0, (q,), (a,)), (a, 1, Width(0))) / Width(0) for s, (p, q) in pairs.items()}
    before, after = premises[0].claim, conclusion.claim
    if isinstance(after, DistributedAs):
        if after.args[0] != before.args[0].vector or not after.args[1].is_centred:
            return false("the law is of another vector, or not centred")
        sides = list(zip(before.args[1].upper, after.args[1].upper, strict=True))
    else:
        sides = [(before.lhs, after.lhs), (before.rhs, after.rhs)]
    if all(is_zero(left - right.xreplace(places)) for left, right in sides):
        return proved("all $n_0$, by index algebra: the Gram written out gives the premise back")
    return false("the Gram written out does not give the premise back")


def hypothesis(premises: tuple[Statement, ...], conclusion: Statement, *, layer: sp.Expr) -> Verdict:
    """An assumption: nothing to prove; it must speak of one layer, of different neurons as uncorrelated, and be listed."""
    limit = conclusion.claim[0] if isinstance(conclusion.claim, sp.Tuple) else conclusion.claim
    if isinstance(limit.rhs, Gaussian):
        (first, second), law = limit.lhs, limit.rhs
        expected = (_kernel("K", layer, X, X), _same(first, second) * _kernel("K", layer, X, Y), _kernel("K", layer, Y, Y))
        good = tuple(law.upper) == expected and law.is_centred and [h.args[:3] for h in (first, second)] == [Entry("h", layer, (s,)).args[:3] for s in (X, Y)]
    else:
        entry = limit.lhs
        decay = conclusion.claim[1]
        good = limit.rhs == sp.KroneckerDelta(*entry.indices) * _kernel("Theta", layer, X, Y) and entry.layer == layer
        good = good and decay == OfOrder(Mean(entry**2), 1 / sp.Symbol("n", positive=True), sp.Ne(*entry.indices))
    if not good or not conclusion.assumptions or limit.widths[-1] != Width(layer - 1) or limit.widths[0] != Width(1):
        return false("this is not the induction hypothesis at this layer")
    return proved("nothing is claimed: it is listed as an assumption, which only the induction discharges")


def _kernel(name: str, layer: sp.Expr, first: sp.Symbol, second: sp.Symbol) -> Entry:
    return Entry(name, layer, (first, second) if (first, second) != (Y, X) else (X, Y))


def _same(first: Entry, second: Entry) -> sp.Expr:
    return sp.KroneckerDelta(first.indices[0], second.indices[0])


def _layer_covariance(left: Entry, right: Entry) -> sp.Expr:
    """Covariance of two pre-activations under the hypothesis."""
    return _same(left, right) * _kernel("K", left.layer, left.inputs[0], right.inputs[0])


def _expected(expression: sp.Expr, polynomial: sp.Lambda) -> sp.Expr:
    """E of the expression over the pre-activations, phi being the polynomial."""
    return wick.average(wick.with_polynomial(expression, polynomial), lambda e: e.name == "h", _layer_covariance)


def _mismatch(tending: sp.Expr, limit: sp.Expr) -> bool:
    if not wick.functions_of(limit) <= wick.functions_of(tending):
        return True  # the polynomials below stand for phi whatever is inside it
    return any(not is_zero(_expected(tending, p) - wick.with_polynomial(limit, p)) for p in POLYNOMIALS)


def law_of_large_numbers(premises: tuple[Statement, ...], conclusion: Statement, *, function: sp.Lambda) -> Verdict:
    """The expectation of the average is the limit; the variance dies out by the theorem cited."""
    if not _lists(conclusion, "phi-regular"):
        return false("what it takes for granted is not listed")
    claim = conclusion.claim
    functions = {node.function for node in claim.lhs.atoms(Applied)} | {f for node in claim.rhs.atoms(Dual) for f in (node.f, node.g)}
    if functions != {function}:
        return false("the average is of another function")
    if _mismatch(claim.lhs, claim.rhs):
        return false("the expectation of the average is not the limit claimed")
    hypotheses = rf"neurons independent and alike in the limit below; $\mathbb E f(u)^2$ finite; {_EXACT}"
    return cited("weak law of large numbers", hypotheses)


def conditioned_law_converges(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The expectation of the conditional covariance is the limiting one."""
    conditioned, activation = premises[0].claim, premises[1].claim
    claim = conclusion.claim
    for before, after in zip(conditioned.args[1].upper, claim.rhs.upper, strict=True):
        if _mismatch(_with_activation(before, activation), after):
            return false(f"the expectation of {before} is not {after}")
    if not claim.rhs.is_centred or claim.lhs != conditioned.args[0].vector:
        return false("the law is of another vector, or not centred")
    return cited("Levy's continuity theorem", f"the covariance tends to a constant in probability; {_EXACT}")


def _with_activation(expression: sp.Expr, activation: sp.Eq) -> sp.Expr:
    function = activation.rhs.function
    layer = activation.lhs.layer
    return expression.replace(
        lambda e: isinstance(e, Entry) and e.name == "z" and e.layer == layer, lambda e: Applied(function, Entry("h", e.layer, e.inputs, e.indices))
    )


def nngp_induction(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The hypothesis at layer 1 is the base, at layer l+1 the step's conclusion, once K stands for the right sides."""
    assumed, base, step = (premise.claim for premise in premises)
    law, first, following = conclusion.claim
    level = notation.layer
    if law != assumed:
        return false("the conclusion is not the hypothesis at every layer")
    at_one = _name_kernels(law.rhs.xreplace({level: sp.S.One}), first)
    at_next = _name_kernels(law.rhs.xreplace({level: level + 1}), following)
    neurons = dict(zip((e.indices[0] for e in law.lhs), (e.indices[0] for e in step.lhs), strict=True))
    for found, wanted, what in ((at_one, base.args[1], "base"), (at_next, step.rhs, "step")):
        pairs = zip(found.upper.xreplace(neurons), wanted.upper, strict=True)
        if any(sp.expand(left - right) != 0 for left, right in pairs):
            return false(f"the {what} is not the hypothesis at that layer")
    widths = law.xreplace({level: level + 1}).widths
    if widths != step.widths:
        return false(f"the widths of the step are {step.widths}, not {widths}")
    return proved("induction schema: the hypothesis at layer 1 is the base, at layer $l+1$ the conclusion of the step")


def _name_kernels(expression: sp.Basic, equation: sp.Eq) -> sp.Basic:
    places = {}
    for first, second in ((X, X), (X, Y), (Y, Y)):
        labels = {X: first, Y: second}
        places[equation.lhs.xreplace(labels)] = equation.rhs.xreplace(labels | _gram_labels(first, second))
    return expression.xreplace(places)


def _gram_labels(first: sp.Symbol, second: sp.Symbol) -> dict[sp.Basic, sp.Basic]:
    return {notation.s12: {(X, X): notation.s11, (X, Y): notation.s12, (Y, Y): notation.s22}[(first, second)]}


def law_at_every_layer(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """It is the part of the theorem that is a limit in law."""
    laws = [part for part in premises[0].claim if isinstance(part, TendsTo) and isinstance(part.rhs, Gaussian)]
    return proved("it is the one limit in law of the theorem") if laws == [conclusion.claim] else false("it is no part of the theorem")


def fresh_weight_moments(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Both moments by pairing the weights, and written out with M a table of variables."""
    if not _lists(conclusion, "initialization"):
        return false("what it takes for granted is not listed")
    layer = premises[0].claim.lhs.layer
    term = sp.Add(*(t for t in sp.Add.make_args(premises[0].claim.rhs) if t.has(Entry("omega", layer).args[0])))
    mean, second = conclusion.claim
    if mean.lhs.integrand != term or second.lhs.integrand != term**2:
        return false("the moments are of another term")
    for equation in (mean, second):
        if not is_zero(wick.average(equation.lhs.integrand, wick.is_parameter, wick.same_parameter) - equation.rhs):
            return false(f"pairing the weights gives another value of {equation.lhs}")
    witness = expansion.holds(conclusion.claim, opaque=("Thetahat",))
    if witness:
        return false(witness)
    return proved("all widths, by pairing the weights") + proved("written out at widths 2, 3, 5 with the kernel below a table of variables")


def _at_limit(expression: sp.Expr, kernel: TendsTo) -> sp.Expr:
    """Theta-hat_ab replaced by delta_ab Theta."""
    name, layer = kernel.lhs.name, kernel.lhs.layer
    theta = kernel.rhs.xreplace({kernel.lhs.indices[1]: kernel.lhs.indices[0]})
    return expression.replace(lambda e: isinstance(e, Entry) and e.name == name and e.layer == layer, lambda e: sp.KroneckerDelta(*e.indices) * theta)


def fresh_weights(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The expectation over the weights and the layer below is the limit; the variance is bounded by the second moment."""
    kernel, claim = premises[1].claim[0], conclusion.claim
    averaged = wick.average(_at_limit(claim.lhs, kernel), wick.is_parameter, wick.same_parameter)
    if _mismatch(averaged, claim.rhs):
        return false("the expectation of the term is not the limit claimed")
    if claim.lhs != premises[0].claim[0].lhs.integrand or claim.widths != premises[2].claim.widths:
        return false("the limit is of another term, or in other widths")
    return cited(
        "Chebyshev's inequality with the second moment of the step before",
        rf"weights independent of $M$; $\mathbb E M_{{ab}}^2 = O(1/n)$ for $a \ne b$ and $O(1)$ for $a = b$, so $\mathbb E\|M\|_F^2 = O(n) = o(n^2)$; {_EXACT}",
    )


def off_diagonal_decay(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Powers of the width counted in the second moment at i != j."""
    if not _lists(conclusion, "phi-regular"):
        return false("what it takes for granted is not listed")
    second, decay, recursion = premises[0].claim[1], premises[1].claim[1], premises[2].claim
    claim = conclusion.claim
    if claim.lhs != Mean(recursion.lhs**2) or claim.condition != sp.Ne(*recursion.lhs.indices):
        return false("the decay is of another entry")
    same = sp.KroneckerDelta(*recursion.lhs.indices)
    left_over = recursion.rhs.xreplace({same: sp.S.Zero})
    if left_over**2 != second.lhs.integrand:
        return false("off the diagonal more is left than the term in the fresh weights")
    powers = []
    for (bound, factors), coefficient in terms(second.rhs.xreplace({same: sp.S.Zero})):
        outside = sp.Add(*(f.exp for f in sp.Mul.make_args(coefficient) if isinstance(f, sp.Pow) and isinstance(f.base, Width)))
        kernels = sum(f.as_base_exp()[1] for f in factors if f.as_base_exp()[0].has(Entry) and _is_kernel(f.as_base_exp()[0]))
        off_diagonal = outside + len(bound) - (1 if kernels == 2 else 0)
        on_diagonal = outside + 1
        powers += [off_diagonal, on_diagonal]
    width = sp.Symbol("n", positive=True)
    if not powers or claim.rhs != width ** max(powers) or decay.rhs != 1 / width:
        return false(f"counting gives n^{max(powers, default=0)}, not {claim.rhs}")
    return cited("counting powers of the width", r"moments of $\phi'(h)$ and of the diagonal of the kernel bounded uniformly in the widths")


def _is_kernel(base: sp.Expr) -> bool:
    return isinstance(base, Entry) and base.name == "Thetahat"


def tangent_kernel_converges(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The expectation of the exact recursion, term by term, is the limit."""
    recursion, activation, fresh, nngp = premises[0].claim, premises[1].claim, premises[3].claim, premises[4].claim
    claim, named = conclusion.claim, nngp[2]
    if claim.lhs != recursion.lhs or claim.widths != fresh.widths:
        return false("the limit is of another entry")
    theta = next(e for e in sorted(fresh.rhs.atoms(Entry), key=str) if e.name == "Theta")
    kernel = TendsTo(Entry("Thetahat", theta.layer, (X, Y), tuple(sp.symbols("a b", integer=True, positive=True))), theta)
    tending = _at_limit(_with_activation(recursion.rhs, activation), kernel)
    averaged = wick.average(tending, wick.is_parameter, wick.same_parameter)
    if _mismatch(averaged, claim.rhs.xreplace({named.lhs: named.rhs})):
        return false("the expectation of the exact recursion is not the limit claimed")
    return cited("sums of limits in probability (Slutsky)", f"every term tends; {_EXACT}")


def ntk_induction(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The hypothesis at layer 1 is the base, at layer l+1 the step's conclusion and its decay."""
    assumed, base, step, decay, nngp = (premise.claim for premise in premises)
    limit, order, first, following = conclusion.claim
    level = notation.layer
    if sp.Tuple(limit, order) != assumed:
        return false("the conclusion is not the hypothesis at every layer")
    neurons = dict(zip(limit.lhs.indices, base.lhs.indices, strict=True))
    at_one = limit.xreplace({level: sp.S.One}).xreplace(neurons).xreplace({first.lhs: first.rhs}).rhs.xreplace({nngp[1].lhs: nngp[1].rhs})
    if sp.expand(at_one - base.rhs) != 0:
        return false("the base is not the hypothesis at layer 1")
    shifted = sp.Tuple(limit, order).xreplace({level: level + 1}).xreplace(neurons)
    if sp.expand(shifted[0].rhs.xreplace({following.lhs: following.rhs}) - step.rhs) != 0 or shifted[0].lhs != step.lhs or shifted[0].widths != step.widths:
        return false("the step is not the hypothesis at layer l+1")
    if shifted[1] != decay:
        return false("the decay off the diagonal is not carried to layer l+1")
    return proved("induction schema: the hypothesis at layer 1 is the base, at layer $l+1$ the conclusions of the step")
