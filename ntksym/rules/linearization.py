"""The error between a network and its linearization, squared loss: its laws, and what bounds its norm."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.nodes import Array, Norm, Transposed, transpose
from ntksym.notation import X, eta, lampath, lamstart, t, tau
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import linearization as checks
from ntksym.rules.dynamics import TARGETS, jacobian, kernel, outputs
from ntksym.sources import Citation

START = sp.S.Zero
CURVATURE = sp.Symbol("curvature", nonnegative=True)
RESIDUAL, LINEAR_RESIDUAL, REMAINDER = (Array(name, (X,), (t,)) for name in ("residual", "residuallin", "remainder"))

FLOORS = {
    lamstart: Assumption("kernel-floor-at-start", r"All eigenvalues of $\hat\Theta_0(\mathcal{X},\mathcal{X})$ are at least $\lambda_0 > 0$."),
    lampath: Assumption(
        "kernel-floor-along-path",
        r"All eigenvalues of $\hat\Theta_t(\mathcal{X},\mathcal{X})$ are at least $\lambda_{\mathrm{min}} > 0$, at $t = 0$ and all times after.",
    ),
}
BELOW_EDGE = Assumption("steps-below-edge", r"$\eta$ times the largest eigenvalue of $\hat\Theta_t(\mathcal{X},\mathcal{X})$ is at most 2, at every step.")
SMOOTH_STEPS = Assumption(
    "second-derivative-bounded",
    r"The network is twice differentiable on the segment from $\theta_t$ to $\theta_{t+1}$, and there "
    r"$\lVert\partial_\theta^2 f(\mathcal{X})[w, w]\rVert \le H\lVert w\rVert^2$.",
)


def error(label: sp.Basic = X, time: sp.Expr = t) -> Array:
    """e_t at an input label."""
    return Array("errorvec", (label,), (time,))


def kernel_move(label: sp.Basic = X, time: sp.Expr = t) -> Array:
    """D_t of an input label and the training inputs."""
    return Array("Ddiff", (label, X), (time,))


@rule(source=Citation("lee2019", "App. G"), check=checks.errors_named, reason="Names for the error, the movement of the kernel and the residuals.")
def errors_named(*, at: sp.Basic) -> Statement:
    r"""\epsilon_t := f_t - f^{\mathrm{lin}}_t,\; D_t := \hat\Theta_t - \hat\Theta_0,\; g_t := f_t - \mathcal Y,\; g^{\mathrm{lin}}_t := \dots

    ``at``: the training inputs X, or any one input.
    """
    pairs = (
        (error(at), outputs(at) - outputs(at, name="flin")),
        (kernel_move(at), kernel(at, X) - kernel(at, X, START)),
        (RESIDUAL, outputs() - TARGETS),
        (LINEAR_RESIDUAL, outputs(name="flin") - TARGETS),
    )
    return Statement(sp.Tuple(*(sp.Eq(name, value, evaluate=False) for name, value in pairs)))


@rule(
    source=Citation("", "subtraction of two laws"),
    check=checks.error_law,
    reason="Subtract the two laws; the product of kernel and residual moves by one factor at a time, in either order.",
)
def error_law(names: Statement, motion: Statement, linear: Statement) -> Statement:
    r"""\dot\epsilon = -\eta\,\hat\Theta_t\epsilon - \eta D_t\,g^{\mathrm{lin}}_t = -\eta\,\hat\Theta_0\epsilon - \eta D_t\,g_t

    ``motion``: the law of f_t, a flow or a step; ``linear``: that of the linearized network.
    """
    law = motion.claim
    at = names.claim.args[0].lhs.inputs[0]
    continuous = isinstance(law.lhs, sp.Derivative)
    left = sp.Derivative(error(at), t) if continuous else error(at, t + 1)
    rest = sp.S.Zero if continuous else error(at) + (REMAINDER if law.rhs.has(REMAINDER) else sp.S.Zero)
    first = rest - eta * kernel(at, X) * error() - eta * kernel_move(at) * LINEAR_RESIDUAL
    second = rest - eta * kernel(at, X, START) * error() - eta * kernel_move(at) * RESIDUAL
    return Statement(sp.Tuple(sp.Eq(left, first, evaluate=False), sp.Eq(left, second, evaluate=False)))


@rule(source=Citation("", "substitution"), check=checks.error_start, reason="The linearized network starts where the network does.")
def error_start(names: Statement, linearized: Statement) -> Statement:
    r"""\epsilon_0 = f_0 - f^{\mathrm{lin}}_0 = -J_0\,w_0 = 0

    ``linearized``: what f_lin is, at the same input.
    """
    return Statement(sp.Eq(names.claim.args[0].lhs.xreplace({t: START}), 0, evaluate=False))


@rule(source=Citation("", "substitution"), check=checks.residual_start, reason="So do the residuals.")
def residual_start(names: Statement, start: Statement) -> Statement:
    r"""g^{\mathrm{lin}}_0 = g_0

    ``start``: the error on the training inputs is 0 at time 0.
    """
    return Statement(sp.Eq(LINEAR_RESIDUAL.xreplace({t: START}), RESIDUAL.xreplace({t: START}), evaluate=False))


@rule(source=Citation("", "equals for equals"), check=checks.residual_law, reason="The targets do not move.")
def residual_law(names: Statement, linear: Statement) -> Statement:
    r"""\dot g^{\mathrm{lin}} = -\eta\,\hat\Theta_0\,g^{\mathrm{lin}}"""
    return Statement(sp.Eq(sp.Derivative(LINEAR_RESIDUAL, t), -eta * kernel(time=START) * LINEAR_RESIDUAL, evaluate=False))


@rule(source=Citation("", "product rule"), check=checks.square_rate, reason="The squared norm is differentiable where the norm may not be.")
def square_rate(law: Statement) -> Statement:
    r"""\frac{d}{dt}\lVert v\rVert^2 = 2\,v^\top\dot v"""
    moving = law.claim.lhs.expr
    row = transpose(moving)
    right = sp.Add(*(2 * _number(term) * sp.Mul(row, *term.args_cnc()[1]) for term in sp.Add.make_args(law.claim.rhs)))
    return Statement(sp.Eq(sp.Derivative(Norm(moving) ** 2, t, evaluate=False), right, evaluate=False))


def _number(term: sp.Expr) -> sp.Expr:
    return sp.Mul(*term.args_cnc()[0])


@rule(
    source=Citation("", "Cauchy and Schwarz; a Gram matrix is positive semidefinite"),
    check=checks.square_rate_bound,
    reason="A tangent kernel is a Gram matrix, so its own term does not let the norm grow; the other terms are at most the product of the norms.",
)
def square_rate_bound(rate: Statement, gram: Statement, *, floor: sp.Expr = sp.S.Zero) -> Statement:
    r"""-2\eta\,v^\top\hat\Theta v - 2\eta\,v^\top D\,u \le -2\eta\lambda\lVert v\rVert^2 + 2\eta\,\lVert v\rVert\lVert D\rVert\lVert u\rVert

    ``gram``: that the kernel is a Gram matrix; ``floor``: a lower bound of its eigenvalues, 0 or one of those assumed.
    """
    moving = rate.claim.lhs.expr.base.vector
    total: sp.Expr = sp.S.Zero
    for term in sp.Add.make_args(rate.claim.rhs):
        number, (_, matrix, vector) = _number(term), term.args_cnc()[1]
        if vector == moving and matrix.name == "Thetahat":
            total += number * floor * Norm(moving) ** 2
        else:
            total += -number * Norm(moving) * Norm(matrix) * Norm(vector)
    return Statement(sp.Le(rate.claim.lhs, total, evaluate=False), assumptions=() if floor == 0 else (FLOORS[floor],))


# -- gradient descent --------------------------------------------------------------------------------------------------


@rule(source=Citation("", "Taylor's formula"), check=checks.taylor_step, reason="A step to first order in the parameters, and what is left: this defines R.")
def taylor_step() -> Statement:
    r"""f_{t+1} = f_t + J_t\,(\theta_{t+1} - \theta_t) + R_t"""
    step = Array("theta", (), (t + 1,)) - Array("theta", (), (t,))
    return Statement(sp.Eq(outputs(time=t + 1), outputs() + jacobian() * step + REMAINDER, evaluate=False))


@rule(
    source=Citation("", "Taylor's formula with the remainder as an integral"),
    check=checks.remainder_bound,
    reason="What a step leaves out is of second order.",
)
def remainder_bound(step: Statement) -> Statement:
    r"""\lVert R_t\rVert \le \tfrac12 H\,\lVert\theta_{t+1} - \theta_t\rVert^2"""
    if not step.claim.rhs.has(REMAINDER):
        raise RuleError(f"{step.claim}", where="remainder_bound", why="no remainder stands in it")
    moved = Array("theta", (), (t + 1,)) - Array("theta", (), (t,))
    return Statement(sp.Le(Norm(REMAINDER), CURVATURE * Norm(moved) ** 2 / 2, evaluate=False), assumptions=(SMOOTH_STEPS,))


@rule(source=Citation("", "equals for equals"), check=checks.remainder_of_descent, reason="Put in the step of gradient descent.")
def remainder_of_descent(bound: Statement, descent: Statement, names: Statement) -> Statement:
    r"""\lVert R_t\rVert \le \tfrac12\eta^2 H\,\lVert J_t^\top g_t\rVert^2"""
    step = Transposed(jacobian()) * RESIDUAL
    return Statement(sp.Le(bound.claim.lhs, eta**2 * CURVATURE * Norm(step) ** 2 / 2, evaluate=False))


@rule(
    source=Citation("", "difference"),
    check=checks.step_of_linearization,
    reason="The linearized network moves by its Jacobian times the step, and nothing else.",
)
def step_of_linearization(definition: Statement) -> Statement:
    r"""f^{\mathrm{lin}}_{t+1} = f^{\mathrm{lin}}_t + J_0\,(w_{t+1} - w_t)"""
    left = definition.claim.lhs
    move = Array("weightmove", (), (t + 1,)) - Array("weightmove", (), (t,))
    return Statement(sp.Eq(left.xreplace({t: t + 1}), left + jacobian(left.inputs[0], START) * move, evaluate=False))


@rule(
    source=Citation("", "triangle inequality"),
    check=checks.step_bound,
    reason="Below the edge no eigenvalue of I - eta Theta-hat exceeds 1 in size, so the old error does not grow; the rest adds at most its norms.",
)
def step_bound(law: Statement, gram: Statement) -> Statement:
    r"""\lVert(I - \eta\hat\Theta_t)\,\epsilon_t\rVert \le \lVert \epsilon_t\rVert \text{ where } \eta\,\lambda_{\max}(\hat\Theta_t) \le 2"""
    left = law.claim.lhs
    now = left.xreplace({t: t - 1})
    total = Norm(now)
    for term in sp.Add.make_args(law.claim.rhs):
        factors = term.args_cnc()[1]
        if factors[-1] != now:
            total += sp.Abs(_number(term)) * sp.Mul(*(Norm(factor) for factor in factors))
    return Statement(sp.Le(Norm(left), total, evaluate=False), assumptions=(BELOW_EDGE,))


@rule(source=Citation("", "induction"), check=checks.sum_of_steps, reason="Add up the steps.")
def sum_of_steps(step: Statement) -> Statement:
    r"""y_{t+1} \le y_t + b_t \;\Rightarrow\; y_t \le y_0 + \sum_{\tau=0}^{t-1} b_\tau"""
    now = step.claim.lhs.xreplace({t: t - 1})
    added = sp.factor_terms(step.claim.rhs - now).xreplace({t: tau})
    right = now.xreplace({t: START}) + sp.Sum(added, (tau, 0, t - 1))
    return Statement(sp.Le(now, right, evaluate=False))
