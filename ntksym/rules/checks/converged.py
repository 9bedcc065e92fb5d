"""Checks of converged networks: the algebra of matrices for all sizes, small matrices of letters written out, the witness by Isserlis' theorem."""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from ntksym.forms import Flow
from ntksym.nodes import Array, Equivalence, Follows, Spectral, transpose
from ntksym.notation import X, eta, lam, noise, ridge, t, x1, x2
from ntksym.proof import Statement, Status, Verdict, false, proved
from ntksym.rules.checks.dynamics import matrices, shaped
from ntksym.rules.checks.written import symmetric, vanishes, written

_TARGETS = Array("targets", (X,))
_C, _CK = Array("regression", (x1, X)), Array("regressionK", (x1, X))
_END = (sp.oo,)
_MEAN, _SPREAD = Array("meanout", (x1,), _END), Array("covout", (x1, x2), _END)


def converged_outputs(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The limit of the solution as t grows, for every positive eigenvalue, by SymPy; the kernel in it replaced by its limit."""
    flow, claim = premises[0].claim, conclusion.claim
    if [a.key for a in conclusion.assumptions] != ["limit-kernel"] or not isinstance(flow, Flow):
        return false("the limit of the kernel is assumed")
    if shaped(claim) or len(claim) != 2 or claim[0].lhs != _C or claim[1].lhs != Array("flin", (x1,), _END):
        return shaped(claim) or false("not the weights and the outputs at the end")
    rate, amount = sp.Symbol("_rate", positive=True), sp.Symbol("_amount", positive=True)
    settled = sp.limit(flow.filter.xreplace({lam: rate - ridge}).xreplace({eta: amount}), t, sp.oo)
    final = sp.simplify(settled).xreplace({rate: lam + ridge})
    equation = next(e for e in flow.equations if e.lhs == Array("flin", (x1,), (t,)))
    limit = {node: Array("Theta", node.inputs) for node in equation.atoms(Array) if node.name == "Thetahat"}
    expected = equation.rhs.xreplace(limit)
    expected = expected.xreplace({node: Spectral(sp.Lambda(lam, final), node.matrix) for node in expected.atoms(Spectral)})
    return matrices(sp.expand(claim[1].rhs.xreplace({_C: claim[0].rhs}) - expected), "the limit of the solution, mode by mode")


def law_of_converged(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Covariance of the linear image of initial outputs and noise, two training inputs written out; the mean at initial outputs and noise zero."""
    outputs, claim = premises[0].claim, conclusion.claim
    if not {"nngp-prior", "own-targets"} <= {a.key for a in conclusion.assumptions}:
        return false("the law of the initial outputs and the noise of the targets are assumed")
    if shaped(claim) or len(claim) != 2 or claim[0].lhs != _MEAN or claim[1].lhs != _SPREAD:
        return shaped(claim) or false("not mean and covariance at the end")
    whole = symmetric("q", 4)
    rows = {x1: sp.Matrix([sp.symbols("c1 c2")]), x2: sp.Matrix([sp.symbols("e1 e2")])}
    places = {x1: [0], x2: [1], X: [2, 3]}
    meaning: dict[sp.Basic, sp.Matrix] = {Array("K", (a, b)): whole.extract(i, j) for a, i in places.items() for b, j in places.items()}
    meaning |= {Array("regression", (label, X)): row for label, row in rows.items()}
    images = []
    unit = sp.eye(6)
    for label in (x1, x2):
        start = {Array("f", (a,), (sp.S.Zero,)): unit[i[0] : i[-1] + 1, :] for a, i in places.items()}
        own = {_TARGETS: unit[4:, :], **meaning}
        images.append(written(outputs.rhs.xreplace({x1: label}), {**own, **start}))
    spread = images[0] * sp.diag(whole, noise * sp.eye(2)) * images[1].T
    if not vanishes(spread - written(claim[1].rhs, meaning)):
        return false("the covariance of the image is another")
    still = {node: sp.S.Zero for node in outputs.rhs.atoms(Array) if node.name == "f"}
    verdict = matrices(sp.expand(claim[0].rhs - outputs.rhs.xreplace(still)), "the mean: the map at initial outputs and noise zero")
    return (
        verdict
        if verdict.status is Status.FALSE
        else verdict + proved("two training inputs, every kernel and all weights: covariance of the image, written out")
    )


def excess(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Both sides with all names put back, for all sizes; K and Theta do not commute."""
    law, posterior, weights = (premise.claim for premise in premises)
    claim = conclusion.claim
    if claim.lhs != _SPREAD or weights.lhs != _CK or shaped(claim):
        return shaped(claim) or false("the left side is not the covariance at the end")
    names = {_CK: weights.rhs, _CK.xreplace({x1: x2}): weights.rhs.xreplace({x1: x2})}
    back = _with_transposes(names)
    right = claim.rhs.xreplace({posterior.lhs: posterior.rhs}).xreplace(back)
    return matrices(sp.expand(sp.expand(law[1].rhs) - sp.expand(right)), "both sides multiplied out, all names put back")


def _with_transposes(names: dict[sp.Basic, sp.Expr]) -> dict[sp.Basic, sp.Expr]:
    return {**names, **{transpose(name): transpose(value) for name, value in names.items()}}


def equality(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """K + sI = R R^T with R invertible: the excess is a square, and a square that vanishes leaves no difference of the weights."""
    surplus, law, mean, weights = (premise.claim for premise in premises)
    claim = conclusion.claim
    if shaped(claim) or len(claim) != 2 or not isinstance(claim[1], Equivalence):
        return shaped(claim) or false("not the difference of the means, and when the covariances agree")
    at_x = {x2: x1}
    if claim[1].args[0] != sp.Eq(_SPREAD.xreplace(at_x), Array("gpcov", (x1, x1)), evaluate=False) or claim[1].args[1] != sp.Eq(_C, _CK, evaluate=False):
        return false("it is about the variance at an input, and the weights there")
    if claim[0].lhs != _MEAN - Array("gpmean", (x1,)):
        return false("the left side is not the difference of the means")
    difference = law[0].rhs - mean.rhs - claim[0].rhs.xreplace({_CK: weights.rhs})
    verdict = matrices(sp.expand(difference), "the difference of the means, names put back")
    if verdict.status is Status.FALSE:
        return verdict
    root = sp.Matrix(3, 3, lambda i, j: sp.Symbol(f"r{i}{j}", real=True) if i >= j else 0)
    square = root * root.T
    mine, theirs = (sp.Matrix([sp.symbols(f"{letter}1:4", real=True)]) for letter in "cd")
    noisy = Spectral(sp.Lambda(lam, lam + noise), Array("K", (X, X)))
    meaning = {_C: mine, _CK: theirs, noisy: square, Array("gpcov", (x1, x1)): sp.Matrix([[sp.Symbol("S")]])}
    gap = written(surplus.rhs.xreplace(at_x), meaning)[0] - sp.Symbol("S")
    image = (mine - theirs) * root
    if not vanishes(sp.Matrix([gap - image.dot(image)])):
        return false("the excess is not the square of (C - C_K) R")
    # A lower triangular R with a nonzero diagonal has (C - C_K) R = 0 only where C = C_K.
    if sp.solve(list(image), list(mine), dict=True) != [dict(zip(mine, theirs, strict=True))]:
        return false("the square vanishes elsewhere too")
    return verdict + proved("three training inputs, every positive definite matrix by its Cholesky factor: the excess is a square, zero only there")


def proportional_kernels(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The proportional kernel and ridge put into the weights, for all sizes."""
    weights, posterior = (premise.claim for premise in premises)
    claim = conclusion.claim
    if not isinstance(claim, Follows) or claim.consequence != sp.Eq(_C, _CK, evaluate=False) or weights.lhs != _C or posterior.lhs != _CK:
        return false("it is about the two weights")
    values = {equation.lhs: equation.rhs for equation in claim.condition.args}
    if set(values) != {Array("Theta", (x1, X)), Array("Theta", (X, X)), ridge} or shaped(claim.condition):
        return false("it assumes the kernel on two blocks, and the ridge")
    whole = Array("K", (X, X))
    scale = sp.cancel(values[Array("Theta", (X, X))] / whole)
    if scale.has(Array):
        return false("the kernels are not proportional")
    (found,) = weights.rhs.atoms(Spectral)
    moved = Spectral(sp.Lambda(lam, found.function(scale * lam).xreplace({ridge: values[ridge]})), whole)
    mine = weights.rhs.xreplace({found: moved}).xreplace({Array("Theta", (x1, X)): values[Array("Theta", (x1, X))]})
    return matrices(sp.expand(mine - posterior.rhs), "the kernel and the ridge put in")


def ridge_as_noise(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With one letter for both, the two means agree for all sizes."""
    law, weights, mean = (premise.claim for premise in premises)
    claim = conclusion.claim
    if not isinstance(claim, Follows) or claim.consequence != sp.Eq(_MEAN, Array("gpmean", (x1,)), evaluate=False):
        return false("it is about the two means")
    condition = claim.condition
    if condition.lhs != noise or condition.rhs.has(noise):
        return false("the condition is not a value of the noise")
    mine = law[0].rhs.xreplace({weights.lhs: weights.rhs})
    return matrices(sp.expand(mine - mean.rhs.xreplace({noise: condition.rhs})), "the ridge put in for the noise")


def _isserlis(covariance: dict[tuple[str, str], sp.Rational], factors: str) -> sp.Expr:
    """The mean of a product of centred Gaussians: the sum over all pairings."""
    if not factors:
        return sp.S.One
    first, rest = factors[0], factors[1:]
    return sum(
        (covariance[first, other] * _isserlis(covariance, rest[:k] + rest[k + 1 :]) for k, other in enumerate(rest)),
        sp.S.Zero,
    )


def _expected_kernels() -> dict[sp.Basic, sp.Expr]:
    half = sp.Rational(1, 2)
    first = {("u", "u"): sp.S.One, ("u", "v"): half, ("v", "u"): half, ("v", "v"): sp.S.One}
    found: dict[sp.Basic, sp.Expr] = {}
    for one, other in (*combinations("uv", 2), ("u", "u"), ("v", "v")):
        labels = tuple({"u": x1, "v": X}[name] for name in (one, other))
        value = _isserlis(first, 2 * one + 2 * other)
        found[Array("K", labels)] = value
        found[Array("Theta", labels)] = value + 4 * _isserlis(first, one + other) * first[one, other]  # phi' = 2x; the last layer's kernel, then the first's
    return found


def kernels_at_two_inputs(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The network's two layers by Isserlis' theorem, in rational numbers."""
    if "witness" not in {a.key for a in conclusion.assumptions}:
        return false("the inputs and the network are those of the witness")
    expected = _expected_kernels()
    found = {equation.lhs: equation.rhs for equation in conclusion.claim}
    if {name: value for name, value in expected.items() if found.get(name) != value} or len(found) < len(expected):
        return false(f"by Isserlis' theorem the kernels are {expected}")
    return proved("rational numbers, by the pairings of Isserlis' theorem")


def witness(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """All four numbers from the premises' formulas with the kernels' numbers in them; they differ in pairs."""
    values, weights, posterior, surplus = (premise.claim for premise in premises)
    claim = conclusion.claim
    meaning = {equation.lhs: sp.Matrix([[equation.rhs]]) for equation in values}
    meaning |= {Array(name, (X, x1)): meaning[Array(name, (x1, X))] for name in ("K", "Theta")}
    still = {noise: sp.S.Zero, ridge: sp.S.Zero, x2: x1}
    cross, whole = meaning[Array("K", (x1, X))][0], meaning[Array("K", (X, X))][0]
    meaning[_C] = written(weights.rhs.xreplace(still), meaning)
    meaning[_CK] = sp.Matrix([[sp.Rational(1) / (whole / cross)]])
    meaning[Array("gpcov", (x1, x1))] = written(posterior.rhs.xreplace(still), meaning)
    meaning[_SPREAD.xreplace(still)] = written(surplus.rhs.xreplace(still), meaning)
    found = {equation.lhs: equation.rhs for equation in claim}
    if set(found) != {_C, _CK, Array("gpcov", (x1, x1)), _SPREAD.xreplace(still)}:
        return false("not the two weights and the two variances")
    if any(meaning[name][0] != value for name, value in found.items()) or len(set(found.values())) != 4:
        return false("the formulas give other numbers")
    return proved("rational numbers, put into the formulas")
