"""Cross-entropy of softmax outputs: its second derivatives, and the learning rates they allow."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, Norm
from ntksym.notation import eta, lam_max, t
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import softmax as checks
from ntksym.sources import Citation

P, F, H = sp.IndexedBase("softp"), sp.IndexedBase("f"), sp.IndexedBase("losshess")
CLASSES = sp.Symbol("k", integer=True, positive=True)
ROW, COLUMN, OTHER = (sp.Symbol(name, integer=True, positive=True) for name in "ijm")
MATRIX, HALF = Array("losshess"), sp.Rational(1, 2)

TARGETS_SUM_TO_ONE = Assumption("targets-sum-to-one", "The targets of every example are nonnegative and sum to one, as one-hot labels do.")
SMOOTH_LOSS = Assumption("linear-in-parameters", r"The outputs are those of the linearized network, so that the loss is convex in the parameters.")


@rule(source=Citation("", "definition"), check=checks.softmax_outputs, reason="The probabilities the outputs stand for.")
def softmax_outputs() -> Statement:
    r"""p_i = \frac{e^{f_i}}{\sum_m e^{f_m}},\qquad \sum_i p_i = 1"""
    total = sp.Sum(sp.exp(F[OTHER]), (OTHER, 1, CLASSES))
    return Statement(sp.Tuple(sp.Eq(P[ROW], sp.exp(F[ROW]) / total, evaluate=False), sp.Eq(sp.Sum(P[COLUMN], (COLUMN, 1, CLASSES)), 1, evaluate=False)))


@rule(
    source=Citation("", "differentiation of -sum y_i log p_i"),
    check=checks.cross_entropy_hessian,
    reason="Second derivatives of the cross-entropy of one example.",
)
def cross_entropy_hessian(outputs: Statement) -> Statement:
    r"""H_{ij} = \frac{\partial^2}{\partial f_i\,\partial f_j}\Big(-\sum_m y_m\log p_m\Big) = p_i(\delta_{ij} - p_j)"""
    return Statement(sp.Eq(H[ROW, COLUMN], P[ROW] * (sp.KroneckerDelta(ROW, COLUMN) - P[COLUMN]), evaluate=False), assumptions=(TARGETS_SUM_TO_ONE,))


@rule(source=Citation("", "Gershgorin's discs"), check=checks.absolute_row_sum, reason="The absolute values of a row.")
def absolute_row_sum(outputs: Statement, hessian: Statement) -> Statement:
    r"""\sum_j |H_{ij}| = p_i(1-p_i) + p_i\sum_{j \ne i} p_j = 2p_i(1-p_i)"""
    total = sp.Sum(sp.Abs(H[ROW, COLUMN]), (COLUMN, 1, CLASSES))
    return Statement(sp.Eq(total, 2 * P[ROW] * (1 - P[ROW]), evaluate=False))


@rule(
    source=Citation("bohning1992"),
    check=checks.hessian_norm,
    reason="No eigenvalue exceeds the largest sum of a row; with two classes at equal outputs it is reached.",
)
def hessian_norm(outputs: Statement, hessian: Statement, rows: Statement) -> Statement:
    r"""\lVert H\rVert \le \max_i 2p_i(1-p_i) \le \tfrac12,\ \text{equal at}\ p = (\tfrac12, \tfrac12, 0, \dots)"""
    first, other = H[1, 1], H[1, 2]
    halves = sp.And(*(sp.Eq(P[m], HALF, evaluate=False) for m in (1, 2)), evaluate=False)
    reached = sp.Eq(first - other, sp.Piecewise((HALF, halves), evaluate=False), evaluate=False)
    return Statement(sp.Tuple(sp.Le(rows.claim.rhs, HALF, evaluate=False), sp.Le(Norm(MATRIX), HALF, evaluate=False), reached))


@rule(
    source=Citation("", "Taylor's formula of second order with a bounded second derivative"),
    check=checks.loss_falls,
    reason="So the loss curves by at most half the largest eigenvalue of the kernel, and a step lowers it where it is short enough.",
)
def loss_falls(norm: Statement) -> Statement:
    r"""\mathcal L_{t+1} \le \mathcal L_t - \eta\,\Big(1 - \frac{\eta\lambda_{\max}}{4}\Big)\lVert\nabla_\theta\mathcal L\rVert^2

    ``norm``: the bound of the second derivatives by the outputs.
    """
    curvature = norm.claim.args[1].rhs * lam_max
    before, after = Array("loss", (), (t,)), Array("loss", (), (t + 1,))
    falls = eta * (1 - eta * curvature / 2) * Norm(Array("thetagrad", (), (t,))) ** 2
    return Statement(sp.Le(after, before - falls, evaluate=False), assumptions=(SMOOTH_LOSS,))


@rule(source=Citation("", "equals for equals"), check=checks.safe_rate, reason="The bracket is positive, so that every step lowers the loss.")
def safe_rate(falls: Statement) -> Statement:
    r"""\eta < \frac{4}{\lambda_{\max}} \;\Rightarrow\; \mathcal L_{t+1} < \mathcal L_t\ \text{where the gradient is not zero}"""
    (bracket,) = (part for part in sp.preorder_traversal(falls.claim.rhs) if isinstance(part, sp.Add) and part.has(lam_max) and part.is_commutative)
    (edge,) = sp.solve(bracket, eta)
    return Statement(sp.Lt(eta, edge, evaluate=False))
