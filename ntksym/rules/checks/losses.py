"""Checks for any loss: the algebra of matrices for all sizes, and two outputs of three parameters written out."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, Follows, GradientAt, LossAt, Norm, Transposed, transpose
from ntksym.notation import X, eta, ridge, t
from ntksym.proof import Statement, Status, Verdict, false, proved
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import matrices, shaped
from ntksym.rules.checks.written import vanishes, written

_F, _G = Array("flin", (X,), (t,)), Array("flinother", (X,), (t,))
_A, _B = Array("dualcoef", (X,), (t,)), Array("dualcoefother", (X,), (t,))
_REFERENCE, _REFERENCE_A = Array("reference", (X,)), Array("referencecoef", (X,))
_THETA, _J = Array("Thetahat", (X, X), (sp.S.Zero,)), Array("J", (X,), (sp.S.Zero,))
_PENALIZED, _DISTANCE = Array("penalized", (), (t,)), Array("distance", (), (t,))


def gradient_at_outputs(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """It names the gradient, at the outputs of the linearized network."""
    claim = conclusion.claim
    if claim.lhs != Array("lossgradlin", (X,), (t,)) or claim.rhs != GradientAt(_F):
        return false("the name is for the gradient at f_lin_t(X)")
    return proved("the definition of the name")


def _rate_of_outputs(fitted: sp.Eq, velocity: sp.Expr) -> sp.Expr:
    """df/dt with this velocity of the coefficients: what multiplies them in the outputs."""
    still = fitted.rhs.xreplace({_A: sp.S.Zero})
    return (fitted.rhs - still).xreplace({_A: velocity})


def penalized_energy(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The penalized loss of two outputs differentiated along the law by SymPy, with letters for the gradient."""
    law, fitted, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if shaped(claim) or len(claim) != 3 or claim[0].lhs != _PENALIZED or any(part.lhs != sp.Derivative(_PENALIZED, t) for part in claim[1:]):
        return shaped(claim) or false("not the penalized loss, its rate, and its sign")
    if not isinstance(claim[2], sp.Le) or claim[2].rhs != 0:
        return false("minus a square is not positive")
    rows = sp.Matrix(2, 3, lambda i, p: sp.Symbol(f"j{i}{p}", real=True))
    path, start, force = (sp.Matrix(names) for names in ([sp.Function(f"a{k}")(t) for k in (1, 2)], sp.symbols("s1:3"), sp.symbols("g1:3", real=True)))
    meaning = {_A: path, _THETA: rows * rows.T, _J: rows, Array("f", (X,), (sp.S.Zero,)): start, GradientAt(_F): force}
    seen, velocity, loss = written(fitted.rhs, meaning), written(law.rhs, meaning), sp.Function("loss")(t)
    if not vanishes(seen - start - rows * rows.T * path):
        return false("the outputs are not those of the law")
    value = _number_of(claim[0].rhs, meaning, loss)
    along = value.diff(t).xreplace({loss.diff(t): force.dot(seen.diff(t))})  # the chain rule, for any loss with this gradient
    along = along.xreplace({slope.diff(t): moved for slope, moved in zip(path, velocity, strict=True)})
    (norm,) = claim[1].rhs.atoms(Norm)
    long = written(norm.vector, meaning)
    square = claim[1].rhs.xreplace({norm: sp.Symbol("_length", positive=True)}).xreplace({sp.Symbol("_length", positive=True) ** 2: long.dot(long)})
    if not vanishes(sp.Matrix([along - square])):
        return false("along the law the penalized loss changes otherwise")
    return proved("every differentiable loss of 2 outputs, 3 parameters: differentiated along the law by the chain rule, written out")


def _number_of(expression: sp.Expr, meaning: dict[sp.Basic, sp.Matrix], loss: sp.Expr) -> sp.Expr:
    """A sum of numbers made from arrays, with ``loss`` in the place of the loss."""
    letter = sp.Dummy("loss")
    return written(expression.xreplace({LossAt(_F): letter}), meaning)[0].xreplace({letter: loss})


def tangent_below(premises: tuple[Statement, ...], conclusion: Statement, *, other: str = "flinother") -> Verdict:
    """What convexity says; for every convex quadratic loss the gap is a square, written out."""
    claim = conclusion.claim
    there = _G if other == "flinother" else _REFERENCE
    if [a.key for a in conclusion.assumptions] != ["convex-loss"] or not isinstance(claim, sp.Ge):
        return false("it holds for convex losses, one side above the other")
    seen, other_seen = sp.Matrix(sp.symbols("f1 f2", real=True)), sp.Matrix(sp.symbols("g1 g2", real=True))
    root, linear = sp.Matrix(2, 2, sp.symbols("r1:5", real=True)), sp.Matrix(sp.symbols("b1 b2", real=True))

    def loss(at: sp.Matrix) -> sp.Expr:
        return (root * at).dot(root * at) / 2 + linear.dot(at) + sp.Symbol("c0")

    meaning = {_F: seen, there: other_seen}
    for node in claim.atoms(GradientAt):
        at = written(node.outputs, {_F: seen, there: other_seen})
        meaning[node] = root.T * root * at + linear
    values = {node: loss(written(node.outputs, meaning)) for node in claim.atoms(LossAt)}
    letters = {node: sp.Symbol(f"_value{k}") for k, node in enumerate(sorted(values, key=str))}
    gap = written((claim.lhs - claim.rhs).xreplace(letters), meaning)[0].xreplace({letters[node]: value for node, value in values.items()})
    move = root * (other_seen - seen)
    if sp.expand(gap - move.dot(move) / 2) != 0:
        return false("for a quadratic loss the gap is not the square that remains")
    return proved("what convexity says; every convex quadratic loss of 2 outputs: the gap is half the square of R (g - f)")


def monotone_gradient(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The two gaps between the loss and its tangents add up to it."""
    tangent, claim = premises[0].claim, conclusion.claim
    if not isinstance(claim, sp.Ge) or claim.rhs != 0:
        return false("it says that something is not negative")
    gap = tangent.lhs - tangent.rhs
    hidden = sp.Dummy("hidden", commutative=False)
    back = gap.xreplace({_F: hidden}).xreplace({_G: _F}).xreplace({hidden: _G})
    return matrices(sp.expand(claim.lhs - (sp.expand(gap) + sp.expand(back))), "the gap at one vector plus the gap at the other")


def _other(expression: sp.Expr) -> sp.Expr:
    """The same for the second solution."""
    return expression.xreplace({_F: _G, _A: _B})


def distance_of_solutions(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The product rule on the first form, with the laws of both solutions put in."""
    law, fitted, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if shaped(claim) or len(claim) != 3 or [part.lhs for part in claim] != [_DISTANCE, _DISTANCE, sp.Derivative(_DISTANCE, t)]:
        return shaped(claim) or false("not the distance in two forms, and its rate")
    same = matrices(sp.expand(claim[0].rhs - claim[1].rhs), "both forms of the distance agree")
    if same.status is Status.FALSE:
        return same
    form = sp.expand(claim[0].rhs)
    step = sp.Dummy("step")
    moved = {_A: _A + step * law.rhs, _B: _B + step * _other(law.rhs)}
    moved |= {Transposed(name): transpose(sp.expand(value)) for name, value in moved.items()}
    rate = sp.expand(sp.expand(form.xreplace(moved)).coeff(step, 1))
    apart = {_F: fitted.rhs, _G: _other(fitted.rhs)}
    apart |= {Transposed(name): transpose(sp.expand(value)) for name, value in apart.items()}
    expected = claim[2].rhs.xreplace({_DISTANCE: claim[0].rhs})
    return _in_outputs(sp.expand(rate - sp.expand(expected)), apart, "the product rule, with both laws put in")


def _in_outputs(difference: sp.Expr, values: dict[sp.Basic, sp.Expr], how: str) -> Verdict:
    """Zero with the outputs in terms of the coefficients, the gradients standing at the outputs as they are."""
    kept = {node: Array("lossgrad", (X,), (sp.Symbol(f"_{k}"),)) for k, node in enumerate(sorted(difference.atoms(GradientAt), key=str))}
    return matrices(sp.expand(sp.expand(difference.xreplace(kept)).xreplace(values)), how)


def contraction(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The bound solves the law without its pairing and starts alike; what the pairing adds has the sign of monotonicity."""
    _, square, rate = premises[0].claim
    monotone, fitted, claim = premises[1].claim, premises[2].claim, conclusion.claim
    if len(claim) != 2 or not isinstance(claim[0], sp.Le) or claim[0].lhs != _DISTANCE or not isinstance(claim[1], Follows):
        return false("not a bound of the distance, and what follows at distance zero")
    start = _DISTANCE.xreplace({t: sp.S.Zero})
    decay = sp.expand(claim[0].rhs).coeff(start)
    if not operators.is_zero(sp.expand(claim[0].rhs - decay * start)) or decay.xreplace({t: sp.S.Zero}) != 1:
        return false("the bound does not start at the distance at the start")
    falling = sp.simplify(decay.diff(t) / decay)
    pairing = sp.expand(rate.rhs - falling * _DISTANCE)
    verdict = matrices(pairing + 2 * eta * sp.expand(monotone.lhs), "the rate, less that of the bound, is -2 eta times what monotonicity says is not negative")
    if verdict.status is Status.FALSE:
        return verdict
    if not isinstance(monotone, sp.Ge) or monotone.rhs != 0 or claim[1] != Follows(sp.Eq(start, 0, evaluate=False), sp.Eq(_F, _G, evaluate=False)):
        return false("at distance zero at the start, the outputs are the same")
    (norm,) = square.rhs.atoms(Norm)
    apart = sp.expand(fitted.rhs - _other(fitted.rhs) - _J * norm.vector)
    return verdict + matrices(apart, "the outputs differ by J times the vector whose squared length the distance is")


def kernel_metric(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the outputs by their coefficients, the inverse kernel cancels."""
    distance, fitted, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if [a.key for a in conclusion.assumptions if a.key == "kernel-invertible"] == [] or claim.lhs != _DISTANCE or shaped(claim):
        return shaped(claim) or false("not the distance, by an inverse that exists")
    values = {_F: fitted.rhs, _G: _other(fitted.rhs)}
    values |= {Transposed(name): transpose(sp.expand(value)) for name, value in values.items()}
    return matrices(sp.expand(sp.expand(claim.rhs).xreplace(values)) - sp.expand(distance[0].rhs), "the outputs by their coefficients")


def loss_gap(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """d/dt of 2 eta t (L - L*) + |w - w*|^2, by the product rule: minus two terms that are not negative."""
    law, fitted, tangent, rest_at = (premise.claim for premise in premises)
    claim = conclusion.claim
    if rest_at.lhs != _A.xreplace({t: sp.S.Zero}) or rest_at.rhs != 0:
        return false("the squared distance at the start is that from zero")
    if not isinstance(claim, Follows) or not isinstance(claim.consequence, sp.Le) or law.has(ridge):
        return false("a bound under a condition, without a ridge")
    reached, bound = claim.condition, claim.consequence
    same = sp.expand(reached.rhs - fitted.rhs.xreplace({_A: _REFERENCE_A}))
    if reached.lhs != _REFERENCE or not operators.is_zero(same) or bound.lhs != LossAt(_F):
        return false("the reference is not one that the network can have, or the bound is of something else")
    # V = 2 eta t (L(f) - L*) + (a - a*)^T Theta (a - a*): V(0) is what the bound has over 2 eta t.
    start = sp.expand(2 * eta * t * (bound.rhs - LossAt(_REFERENCE)))
    if not operators.is_zero(start - transpose(_REFERENCE_A) * _THETA * _REFERENCE_A):
        return false("the numerator is not the squared distance at the start")
    force = GradientAt(_F)
    slope_of_loss = Transposed(force) * _rate_of_outputs(fitted, law.rhs)
    apart = transpose(law.rhs) * _THETA * (_A - _REFERENCE_A) + (transpose(_A) - transpose(_REFERENCE_A)) * _THETA * law.rhs
    total = 2 * eta * (LossAt(_F) - LossAt(_REFERENCE)) + 2 * eta * t * slope_of_loss + apart
    gap = tangent.lhs - tangent.rhs
    falling = Transposed(force) * _J * Transposed(_J) * force
    values = {_F: fitted.rhs, _REFERENCE: reached.rhs}
    rest = sp.expand(total) + 2 * eta * sp.expand(gap) + 2 * eta**2 * t * falling
    losses = {LossAt(_F): sp.Symbol("_here"), LossAt(_REFERENCE): sp.Symbol("_there")}
    return _in_outputs(sp.expand(rest.xreplace(losses)), values, "its rate is -2 eta times the tangent's gap less 2 eta^2 t times a square")
