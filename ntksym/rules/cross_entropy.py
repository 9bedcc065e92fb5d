"""Cross-entropy of a softmax: gradient, Hessian and its bounds for every number of classes; what training by it keeps, and why it does not end."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, GradientAt, Norm, Spectral, TendsTo
from ntksym.notation import X, classes, eta, lam, t, x1
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import cross_entropy as checks
from ntksym.rules.losses import FITTED, THETA, square
from ntksym.sources import Citation

f, p, y, v = (sp.IndexedBase(name) for name in ("f", "softmax", "label", "direction"))
i, j = sp.symbols("i j", integer=True, positive=True)
LOSS, TRUE = sp.Symbol("crossentropy"), sp.Symbol("trueclass", integer=True, positive=True)
EXAMPLES = sp.Symbol("N", integer=True, positive=True)
TARGETS = Array("targets", (X,))

ONE_HOT = Assumption("one-hot", r"Labels are one-hot: $y_c = 1$ for the class $c$ of the example, and 0 else; there are $k \ge 2$ classes.")
CROSS_ENTROPY = Assumption("cross-entropy", r"The loss is the sum over the training examples of their cross-entropies $\ell$.")
KRONECKER = Assumption(
    "kernel-alike-for-outputs",
    r"The tangent kernel acts alike on all outputs, $\hat\Theta_0 = \hat\Theta^{(1)} \otimes I_k$, as in the limit of infinite width.",
)
NO_RIDGE = Assumption("separable", r"$\hat\Theta_0$ is positive definite on the training inputs, so all outputs can be had there; there is no ridge.")


def over(term: sp.Expr, *indices: sp.Symbol) -> sp.Sum:
    """The sum over all classes."""
    return sp.Sum(term, *((index, 1, classes) for index in indices or (i,)))


def slope(*at: sp.Expr) -> sp.Derivative:
    """The derivative of the loss of one example in its outputs."""
    return sp.Derivative(LOSS, *at, evaluate=False)


@rule(
    source=Citation("bishop2006", "Eqs. 4.104-4.108"),
    check=checks.cross_entropy,
    reason="Probabilities from the outputs; minus the log of the label's.",
)
def cross_entropy() -> Statement:
    r"""p_j = \frac{e^{f_j}}{\sum_i e^{f_i}},\qquad \ell = -\sum_i y_i\log p_i"""
    claims = (sp.Eq(p[j], sp.exp(f[j]) / over(sp.exp(f[i])), evaluate=False), sp.Eq(LOSS, -over(y[i] * sp.log(p[i])), evaluate=False))
    return Statement(sp.Tuple(*claims))


@rule(source=Citation("", "logarithm of a quotient"), check=checks.log_sum_exp, reason="The entries of the label add up to one.")
def log_sum_exp(definition: Statement) -> Statement:
    r"""\ell = \log\sum_i e^{f_i} - \sum_i y_i f_i"""
    normalization = sp.denom(definition.claim[0].rhs)
    return Statement(sp.Eq(LOSS, sp.log(normalization) - over(y[i] * f[i]), evaluate=False), assumptions=(ONE_HOT,))


@rule(source=Citation("bishop2006", "Eq. 4.109"), check=checks.softmax_gradient, reason="Differentiate; the quotient is a probability.")
def softmax_gradient(loss: Statement, definition: Statement) -> Statement:
    r"""\frac{\partial\ell}{\partial f_j} = p_j - y_j"""
    total = _differentiated(loss.claim.rhs, f[j])
    quotient = definition.claim[0]
    return Statement(sp.Eq(slope(f[j]), total.xreplace({quotient.rhs: quotient.lhs}), evaluate=False))


def _differentiated(expression: sp.Expr, by: sp.Indexed) -> sp.Expr:
    """The derivative, sums over all classes contracted with the delta of their index."""
    total = sp.S.Zero
    for term in sp.Add.make_args(expression):
        number, inner = term.as_coeff_Mul()
        if isinstance(inner, sp.log):
            total += number * _differentiated(inner.args[0], by) / inner.args[0]
        else:
            ((index, _, _),) = inner.limits
            total += number * sp.diff(inner.function.xreplace({index: by.indices[0]}), by)
    return total


@rule(source=Citation("bishop2006", "Eq. 4.110"), check=checks.softmax_hessian, reason="Differentiate once more: numerator and normalization of the quotient.")
def softmax_hessian(gradient: Statement) -> Statement:
    r"""\frac{\partial^2\ell}{\partial f_i\,\partial f_j} = \delta_{ij}\,p_j - p_i\,p_j"""
    moved = [term for term in sp.Add.make_args(gradient.claim.rhs) if term.has(p)]
    own = sp.KroneckerDelta(i, j) * sp.Add(*moved)
    return Statement(sp.Eq(slope(f[i], f[j]), own - sp.Add(*moved) * p[i], evaluate=False))


@rule(
    source=Citation("bohning1992"),
    check=checks.hessian_bounds,
    reason="As a quadratic form it is the variance of v under the probabilities p: never negative, and at most half the squared length.",
)
def hessian_bounds(hessian: Statement) -> Statement:
    r"""0 \le \sum_{i,j}\frac{\partial^2\ell}{\partial f_i\,\partial f_j}v_i v_j = \tfrac12\sum_{i,j}p_i p_j(v_i - v_j)^2 \le \tfrac12\sum_i v_i^2"""
    form = over(hessian.claim.lhs * v[i] * v[j], i, j)
    claims = (
        sp.Eq(form, over(p[i] * v[i] ** 2) - over(p[i] * p[j] * v[i] * v[j], i, j), evaluate=False),
        sp.Eq(form, over(p[i] * p[j] * (v[i] - v[j]) ** 2, i, j) / 2, evaluate=False),
        sp.Ge(form, 0, evaluate=False),
        sp.Le(form, over(v[i] ** 2) / 2, evaluate=False),
    )
    return Statement(sp.Tuple(*claims))


@rule(
    source=Citation("", "probabilities add up to one"),
    check=checks.gradient_sums_to_zero,
    reason="Probabilities add up to one, and so does a label.",
)
def gradient_sums_to_zero(gradient: Statement) -> Statement:
    r"""\sum_j\frac{\partial\ell}{\partial f_j} = 0"""
    return Statement(sp.Eq(over(gradient.claim.lhs, j), 0, evaluate=False))


@rule(
    source=Citation("", "probabilities are positive"),
    check=checks.never_stationary,
    reason="At the class of the example the gradient is minus the probability of all other classes: never zero, so no outputs are a minimum.",
)
def never_stationary(gradient: Statement) -> Statement:
    r"""\frac{\partial\ell}{\partial f_c} = p_c - 1 < 0"""
    at = {j: TRUE}
    value = gradient.claim.rhs.xreplace(at).xreplace({y[TRUE]: sp.S.One})
    return Statement(sp.Tuple(sp.Eq(gradient.claim.lhs.xreplace(at), value, evaluate=False), sp.Lt(gradient.claim.lhs.xreplace(at), 0, evaluate=False)))


@rule(
    source=Citation("", "bound of the margins by the length"),
    check=checks.loss_needs_length,
    reason=r"No difference of two outputs exceeds $\sqrt{2}$ times the length of all, so a small loss needs long outputs.",
)
def loss_needs_length(loss: Statement) -> Statement:
    r"""\ell \ge \log\big(1 + (k-1)\,e^{-\sqrt2\,\lVert f\rVert}\big)

    ``loss``: as the log of a sum.
    """
    return Statement(sp.Ge(LOSS, sp.log(1 + (classes - 1) * sp.exp(-sp.sqrt(2 * over(f[i] ** 2)))), evaluate=False))


@rule(
    source=Citation("", "sum over the outputs of every example"),
    check=checks.no_total_force,
    reason="Example by example: summed over its outputs, the gradient vanishes.",
)
def no_total_force(sums: Statement) -> Statement:
    r"""\mathbf 1^\top\,\nabla_f\mathcal L = 0"""
    return Statement(sp.Eq(Array("outsum", (X, X)) * GradientAt(FITTED), 0, evaluate=False), assumptions=(CROSS_ENTROPY,))


@rule(
    source=Citation("", "uniqueness of the solution of a linear law"),
    check=checks.no_total_coefficient,
    reason="Summed over the outputs the law has no force left: a linear law at rest at zero stays there.",
)
def no_total_coefficient(law: Statement, force: Statement, start: Statement, *, dynamics: str) -> Statement:
    r"""\mathbf 1^\top a_t = 0

    ``law``: of a_t by the ``dynamics``, the gradient at the outputs; ``force``: its sum over the outputs; ``start``: a_0 = 0.
    """
    coefficients = Array("dualcoef", (X,), (t,))
    return Statement(sp.Eq(force.claim.lhs.args[0] * coefficients, 0, evaluate=False))


@rule(
    source=Citation("", "mixed products of Kronecker products"),
    check=checks.kernel_and_sums,
    reason="A kernel that acts alike on all outputs and the sum over outputs change places.",
)
def kernel_and_sums(*, at: sp.Basic = x1) -> Statement:
    r"""\mathbf 1^\top\,\big(\hat\Theta^{(1)} \otimes I_k\big) = \hat\Theta^{(1)}\,\mathbf 1^\top"""
    left = Array("outsum", (at, at)) * Array("Thetahat", (at, X), (sp.S.Zero,))
    right = Array("Thetaone", (at, X), (sp.S.Zero,)) * Array("outsum", (X, X))
    return Statement(sp.Eq(left, right, evaluate=False), assumptions=(KRONECKER,))


@rule(
    source=Citation("", "an invariant of the softmax"),
    check=checks.conserved_sum,
    reason="The outputs move by the kernel times the coefficients; their sum does not move, on training and on test inputs.",
)
def conserved_sum(outputs: Statement, kernel: Statement, coefficients: Statement) -> Statement:
    r"""\mathbf 1^\top f_t(x) = \mathbf 1^\top f_0(x)

    ``outputs``: by the coefficients; ``kernel``: it and the sum change places; ``coefficients``: their sum.
    """
    claim = outputs.claim
    summed = kernel.claim.lhs.args[0]
    start = next(term for term in claim.rhs.args if isinstance(term, Array))
    return Statement(sp.Eq(summed * claim.lhs, summed * start, evaluate=False))


@rule(
    source=Citation("", "the labels, scaled, as reference"),
    check=checks.loss_vanishes,
    reason=r"The Hessian is never negative, so the loss is convex. The reference $\log(t)\,\mathcal{Y}$ has a loss of at most $N(k-1)/t$, and its distance "
    r"grows like $\log t$ only.",
    discharges=("convex-loss",),
)
def loss_vanishes(gap: Statement, loss: Statement, bounds: Statement) -> Statement:
    r"""\mathcal L(f_t) \le \frac{N(k-1)}t + \frac{(\mathcal Y\log t - f_0)^\top\hat\Theta_0^{-1}(\mathcal Y\log t - f_0)}{2\eta t} \to 0

    ``gap``: to any reference, for a convex loss; ``loss``: of one example, as the log of a sum; ``bounds``: of its Hessian.
    """
    inverse = Spectral(sp.Lambda(lam, 1 / lam), THETA)
    apart = sp.log(t) * TARGETS - Array("f", (X,), (sp.S.Zero,))
    bound = sp.Le(gap.claim.consequence.lhs, EXAMPLES * (classes - 1) / t + square(apart, inverse) / (2 * eta * t), evaluate=False)
    return Statement(sp.Tuple(bound, TendsTo(gap.claim.consequence.lhs, 0, (t,))), assumptions=(CROSS_ENTROPY, NO_RIDGE))


@rule(
    source=Citation("soudry2018", "Lem. 1"),
    check=checks.outputs_escape,
    reason="The loss tends to zero, and is at least what the length of the outputs allows: their length has no bound.",
)
def outputs_escape(vanishing: Statement, length: Statement) -> Statement:
    r"""\lVert f_t(\mathcal X)\rVert \ge \tfrac1{\sqrt2}\log\frac{k-1}{e^{\mathcal L(f_t)} - 1} \to \infty

    ``vanishing``: the loss tends to zero; ``length``: of outputs with a small loss.
    """
    size, value = Norm(FITTED), vanishing.claim[1].lhs
    bound = sp.Ge(size, sp.log((classes - 1) / (sp.exp(value) - 1)) / sp.sqrt(2), evaluate=False)
    return Statement(sp.Tuple(bound, TendsTo(size, sp.oo, (t,))))
