"""Checks of the chapter on where training ends: the algebra of matrices with the solution put in, and one matrix of numbers by mpmath."""

from __future__ import annotations

import mpmath
import sympy as sp

from ntksym.nodes import Array, Norm, Spectral, Transposed, transpose
from ntksym.notation import X, lam, ridge
from ntksym.proof import Statement, Status, Verdict, false, proved, tested
from ntksym.rules.checks import operators
from ntksym.rules.checks.dynamics import matrices, shaped

_J = Array("J", (X,), (sp.S.Zero,))
_SOURCE = Array("targets", (X,)) - Array("f", (X,), (sp.S.Zero,))
_RIVAL, _PLUS = Array("rival"), Array("pinv", (X,))
_KERNEL = Array("Thetahat", (X, X), (sp.S.Zero,))
_APART = Array("weightmove", (), (sp.Symbol("_apart"),))  # any vector of parameters


def _assumes(conclusion: Statement, key: str) -> bool:
    return key in [assumption.key for assumption in conclusion.assumptions]


def _resolved(expression: sp.Expr, end: sp.Eq) -> sp.Expr:
    """With the parameters at the end, and their transpose, put in."""
    return sp.expand(expression.xreplace({Transposed(end.lhs): transpose(end.rhs), end.lhs: end.rhs}))


def fits_the_targets(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The parameters put in: J J^T times the inverse of the kernel is the identity."""
    end, claim = premises[0].claim, conclusion.claim
    if claim.lhs != _J * end.lhs or shaped(claim) or not _assumes(conclusion, "kernel-positive-definite"):
        return false("not the Jacobian times the parameters at the end, of a positive definite kernel")
    if not operators.is_zero(sp.expand(claim.rhs - _SOURCE)):
        return false("the right side is not what is to be fitted")
    return matrices(_resolved(claim.lhs - claim.rhs, end), "the parameters at the end put in")


def orthogonal_to_rivals(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The difference of two solutions meets J^T, which makes it J times the difference: zero."""
    end, fit, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if not _assumes(conclusion, "rival-fits") or claim.rhs != 0:
        return false("the other solution is not said to fit, or the product is not zero")
    last, other = end.lhs, Transposed(_RIVAL) - Transposed(end.lhs)
    if not operators.is_zero(sp.expand(claim.lhs - other * last)):
        return false("not the difference times the solution")
    # (w~ - w)^T w with w = J^T a: w~^T J^T is (Y - f_0)^T by assumption, w^T J^T by the premise.
    start, *rest = sp.Mul.make_args(end.rhs)
    coefficients = sp.Mul(*rest)
    if start != Transposed(_J):
        return false("the solution is not in the span of the Jacobian's rows")
    product = transpose(_SOURCE) * coefficients - transpose(fit.rhs) * coefficients
    return matrices(sp.expand(product), "the difference lies in the null space of the Jacobian, the solution in its row space")


def least_norm(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The squares multiplied out differ by twice the product that vanishes."""
    orthogonal = premises[0].claim
    last = next(array for array in orthogonal.lhs.atoms(Array) if array.name == "weightmove")
    pythagoras, shorter = conclusion.claim.args
    if shorter.func is not sp.Le or shorter.lhs != Norm(last) or shorter.rhs != Norm(_RIVAL) or pythagoras.lhs != Norm(_RIVAL) ** 2:
        return false("not the norm of the solution against that of the other")
    added = pythagoras.rhs - Norm(last) ** 2
    if not isinstance(added, sp.Pow) or not isinstance(added.base, Norm) or added.exp != 2:
        return false("what is added is no square")
    difference = pythagoras.lhs - pythagoras.rhs - 2 * sp.expand(orthogonal.lhs)
    return matrices(sp.expand(difference), "the squares multiplied out; what is added is a square, so the other is not shorter")


def pseudo_inverse(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Penrose's four equations by the algebra of matrices; and mpmath's matrices, built from singular vectors."""
    if not _assumes(conclusion, "kernel-positive-definite") or len(conclusion.claim) != 5 or shaped(conclusion.claim):
        return false("a definition and four equations of a positive definite kernel are meant")
    definition, *equations = conclusion.claim
    if definition.lhs != _PLUS:
        return false("the pseudo-inverse is not what is defined")
    meant = {
        (_J * _PLUS * _J, _J),
        (_PLUS * _J * _PLUS, _PLUS),
        (Transposed(_PLUS) * Transposed(_J), _J * _PLUS),
        (Transposed(_J) * Transposed(_PLUS), _PLUS * _J),
    }
    if {(e.lhs, e.rhs) for e in equations} != meant:
        return false("not Penrose's equations")
    put = {Transposed(_PLUS): transpose(definition.rhs), _PLUS: definition.rhs}
    for equation in equations:
        if not operators.is_zero(sp.expand((equation.lhs - equation.rhs).xreplace(put))):
            return false(f"with the definition put in {equation} fails")
    return proved(f"{operators.SCOPE}: Penrose's four equations, which have one solution") + _against_singular_vectors(definition.rhs)


def _against_singular_vectors(expression: sp.Expr) -> Verdict:
    """J^T h(J J^T) of a 2 x 3 matrix against the pseudo-inverse from its singular value decomposition."""
    (node,) = expression.atoms(Spectral)
    digits = 25
    with mpmath.workdps(30):
        for rows in ([[1, 2, 0], [0, 1, -1]], [[3, -1, 2], [1, 1, 5]]):
            j = mpmath.matrix(rows)
            values, vectors = mpmath.eigsy(j * j.T)
            weights = [mpmath.mpmathify(sp.N(node.function.expr.xreplace({lam: sp.Float(value, 35)}), 35)) for value in values]
            mine = j.T * vectors * mpmath.diag(weights) * vectors.T
            left, singular, right = mpmath.svd_r(j)
            theirs = right.T * mpmath.diag([1 / s for s in singular]) * left.T
            error = mpmath.norm(mine - theirs, mpmath.inf)
            digits = min(digits, 25 if error == 0 else int(-mpmath.log10(error)))
    return tested(2, digits, "the pseudo-inverse of a matrix of numbers from its singular values") if digits > 15 else false("singular values give another")


def weights_by_pseudo_inverse(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the definition put back it is the premise."""
    end, inverse, claim = premises[0].claim, premises[1].claim.args[0], conclusion.claim
    if claim.lhs != end.lhs or not claim.rhs.has(inverse.lhs) or shaped(claim):
        return false("the left side changed, or the pseudo-inverse is not used")
    return matrices(sp.expand(claim.rhs.xreplace({inverse.lhs: inverse.rhs})) - sp.expand(end.rhs), "with the definition put back")


def ridge_loss(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Half the residual's product with itself, plus half the ridge times the movement's."""
    claim = conclusion.claim
    fit = Array("f", (X,), (sp.S.Zero,)) + _J * _RIVAL - Array("targets", (X,))
    if claim.lhs != Array("ridgeloss") or shaped(claim):
        return false("the left side is not the loss")
    flipped = transpose(_RIVAL) * Transposed(_J) + transpose(Array("f", (X,), (sp.S.Zero,))) - transpose(Array("targets", (X,)))
    return matrices(sp.expand(claim.rhs - flipped * fit / 2 - ridge * transpose(_RIVAL) * _RIVAL / 2), "residual and movement, each with itself")


def ridge_stationary(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """It is the loss's derivative along every direction; and it vanishes with the parameters at the end put in."""
    end, loss, claim = premises[0].claim, premises[1].claim, conclusion.claim
    if claim.rhs != 0:
        return false("the right side is not zero")
    step = sp.Symbol("_s", real=True)
    moved = loss.rhs.xreplace({_RIVAL: end.lhs + step * _APART})
    squares = {n: transposed_norm(n.base.vector) for n in moved.atoms(sp.Pow) if isinstance(n.base, Norm) and n.exp == 2}
    along = sp.expand(moved.xreplace(squares)).coeff(step, 1)
    gradient = matrices(sp.expand(along - transpose(_APART) * sp.expand(claim.lhs)), "the derivative of the loss along every direction")
    if gradient.status is Status.FALSE:
        return gradient
    return gradient + matrices(_resolved(claim.lhs, end), "it vanishes with the parameters at the end put in")


def transposed_norm(vector: sp.Expr) -> sp.Expr:
    """|v|^2 multiplied out."""
    expanded = sp.expand(vector)
    return sp.expand(transpose(expanded) * expanded)


def ridge_minimum(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """With the parameters at the end put in, both sides multiplied out agree for every other movement; what is added are squares."""
    end, loss, claim = premises[0].claim, premises[1].claim, conclusion.claim
    last = end.lhs
    if claim.lhs != loss.lhs or shaped(claim):
        return false("the left side is not the loss")
    at_end = loss.rhs.xreplace({_RIVAL: last})
    added = claim.rhs - at_end
    if (
        not all(
            term.is_nonnegative and term.has(_RIVAL) and {n.exp for n in term.atoms(sp.Pow) if isinstance(n.base, Norm)} == {2}
            for term in sp.Add.make_args(added)
        )
        or len(sp.Add.make_args(added)) != 2
    ):
        return false("what is added is not two squares")
    difference = (loss.rhs - claim.rhs).xreplace({Transposed(last): transpose(end.rhs), last: end.rhs})
    squares = {n: transposed_norm(n.base.vector) for n in difference.atoms(sp.Pow) if isinstance(n.base, Norm) and n.exp == 2}
    return matrices(sp.expand(difference.xreplace(squares)), "both sides multiplied out; what is added are squares, so nothing costs less")
