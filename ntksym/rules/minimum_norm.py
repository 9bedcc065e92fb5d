"""Where training ends: the solution of least norm, the pseudo-inverse, and the minimum of the ridge loss."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, Norm, Spectral, Transposed
from ntksym.notation import X, lam, ridge
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import minimum_norm as checks
from ntksym.rules.dynamics import TARGETS, jacobian, kernel, outputs
from ntksym.sources import Citation

START = sp.S.Zero
RIVAL, PSEUDO_INVERSE = Array("rival"), Array("pinv", (X,))
SOURCE = TARGETS - outputs(time=START)

POSITIVE_DEFINITE = Assumption("kernel-positive-definite", r"The kernel matrix $\hat\Theta_0$ on the training inputs is positive definite.")
FITS = Assumption(
    "rival-fits", r"$\tilde w$ is any movement of the parameters that fits the targets: $J_0(\mathcal X)\,\tilde w = \mathcal Y - f_0(\mathcal X)$."
)


@rule(source=Citation("lee2019", "Sec. 2.2"), check=checks.fits_the_targets, reason="Where training ends, the linearized network fits every target.")
def fits_the_targets(end: Statement) -> Statement:
    r"""J_0(\mathcal X)\,w_\infty = \mathcal Y - f_0(\mathcal X)

    ``end``: the parameters at the end, without a ridge.
    """
    return Statement(sp.Eq(jacobian(time=START) * end.claim.lhs, SOURCE, evaluate=False), assumptions=(POSITIVE_DEFINITE,))


@rule(
    source=Citation("", "orthogonality of row space and null space"),
    check=checks.orthogonal_to_rivals,
    reason="It lies in the span of the Jacobian's rows, and every other solution differs from it by what the Jacobian does not see.",
)
def orthogonal_to_rivals(end: Statement, fit: Statement) -> Statement:
    r"""(\tilde w - w_\infty)^\top w_\infty = 0

    ``end`` and ``fit``: the parameters at the end, and that they fit the targets.
    """
    last = end.claim.lhs
    return Statement(sp.Eq((Transposed(RIVAL) - Transposed(last)) * last, 0, evaluate=False), assumptions=(FITS,))


@rule(source=Citation("", "Pythagoras"), check=checks.least_norm, reason="So every other solution is longer.")
def least_norm(orthogonal: Statement) -> Statement:
    r"""\lVert\tilde w\rVert^2 = \lVert w_\infty\rVert^2 + \lVert\tilde w - w_\infty\rVert^2"""
    last = orthogonal.claim.lhs.args[-1]
    right = Norm(last) ** 2 + Norm(RIVAL - last) ** 2
    return Statement(sp.Tuple(sp.Eq(Norm(RIVAL) ** 2, right, evaluate=False), sp.Le(Norm(last), Norm(RIVAL), evaluate=False)))


@rule(
    source=Citation("penrose1955", "Theorem 1"),
    check=checks.pseudo_inverse,
    reason="The pseudo-inverse of the Jacobian: the one matrix with these four properties.",
)
def pseudo_inverse() -> Statement:
    r"""J^+ = J^\top\hat\Theta_0^{-1}:\quad J J^+ J = J,\quad J^+ J J^+ = J^+,\quad (J J^+)^\top = J J^+,\quad (J^+ J)^\top = J^+ J"""
    j, plus = jacobian(time=START), PSEUDO_INVERSE
    equations = (
        (plus, Transposed(j) * Spectral(sp.Lambda(lam, 1 / lam), kernel(time=START))),
        (j * plus * j, j),
        (plus * j * plus, plus),
        (Transposed(plus) * Transposed(j), j * plus),
        (Transposed(j) * Transposed(plus), plus * j),
    )
    return Statement(sp.Tuple(*(sp.Eq(left, right, evaluate=False) for left, right in equations)), assumptions=(POSITIVE_DEFINITE,))


@rule(source=Citation("", "equals for equals"), check=checks.weights_by_pseudo_inverse, reason="The parameters at the end, by the pseudo-inverse.")
def weights_by_pseudo_inverse(end: Statement, inverse: Statement) -> Statement:
    r"""w_\infty = J^+\,(\mathcal Y - f_0(\mathcal X))"""
    definition = inverse.claim.args[0]
    return Statement(sp.Eq(end.claim.lhs, definition.lhs * SOURCE, evaluate=False))


@rule(source=Citation("", "definition"), check=checks.ridge_loss, reason="The loss with a ridge, as a function of any movement of the parameters.")
def ridge_loss() -> Statement:
    r"""\mathcal L_r = \tfrac12\lVert f_0(\mathcal X) + J_0(\mathcal X)\,\tilde w - \mathcal Y\rVert^2 + \tfrac r2\lVert\tilde w\rVert^2"""
    fit = outputs(time=START) + jacobian(time=START) * RIVAL - TARGETS
    return Statement(sp.Eq(Array("ridgeloss"), Norm(fit) ** 2 / 2 + ridge * Norm(RIVAL) ** 2 / 2, evaluate=False))


@rule(source=Citation("", "stationary point of a quadratic"), check=checks.ridge_stationary, reason="Its gradient vanishes where training ends.")
def ridge_stationary(end: Statement, loss: Statement) -> Statement:
    r"""J_0(\mathcal X)^\top\big(f_0(\mathcal X) + J_0(\mathcal X)\,w_\infty - \mathcal Y\big) + r\,w_\infty = 0

    ``end``: the parameters at the end; ``loss``: the ridge loss.
    """
    j, last = jacobian(time=START), end.claim.lhs
    return Statement(sp.Eq(Transposed(j) * (outputs(time=START) + j * last - TARGETS) + ridge * last, 0, evaluate=False))


@rule(source=Citation("", "completing the square"), check=checks.ridge_minimum, reason="Any other movement of the parameters costs more, by two squares.")
def ridge_minimum(end: Statement, loss: Statement, stationary: Statement) -> Statement:
    r"""\mathcal L_r(\tilde w) = \mathcal L_r(w_\infty) + \tfrac12\lVert J_0(\tilde w - w_\infty)\rVert^2 + \tfrac r2\lVert\tilde w - w_\infty\rVert^2

    ``end``, ``loss``, ``stationary``: the parameters at the end, the ridge loss, and that its gradient vanishes there.
    """
    last, cost = end.claim.lhs, loss.claim
    apart = RIVAL - last
    more = Norm(jacobian(time=START) * apart) ** 2 / 2 + ridge * Norm(apart) ** 2 / 2
    return Statement(sp.Eq(cost.lhs, cost.rhs.xreplace({RIVAL: last}) + more, evaluate=False))
