"""Training of a network: loss, gradient, descent and flow, and what they do to the outputs.  Exact statements for any network and width."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.nodes import Array, Norm, Transposed
from ntksym.notation import X, eta, layer, mu, t, x1
from ntksym.notation import depth as hidden
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.checks import dynamics as checks
from ntksym.sources import Citation

DYNAMICS = ("gradient_flow", "gradient_descent", "momentum", "momentum_flow")

SMOOTH = Assumption(
    "chain-rule-along-training",
    r"The chain rule holds along the path of the parameters: the activations are differentiable, or (ReLU) the network is path-differentiable and the "
    r"statement holds for almost every $t$ (Davis et al. 2020; Bolte and Pauwels 2020).",
)


def outputs(label: sp.Basic = X, time: sp.Expr = t, name: str = "f") -> Array:
    """f_t at an input label."""
    return Array(name, (label,), (time,))


def jacobian(label: sp.Basic = X, time: sp.Expr = t) -> Array:
    """J_t at an input label."""
    return Array("J", (label,), (time,))


def kernel(first: sp.Basic = X, second: sp.Basic = X, time: sp.Expr = t) -> Array:
    """The tangent kernel of two input labels."""
    return Array("Thetahat", (first, second), (time,))


TARGETS = Array("targets", (X,))


@rule(source=Citation("lee2019", "Sec. 2.1"), check=checks.squared_loss, reason="The loss is the sum, over the training examples, of half the squared error.")
def squared_loss(*, name: str = "f") -> Statement:
    r"""\mathcal L_t = \tfrac12\,\lVert f_t(\mathcal X) - \mathcal Y\rVert^2

    ``name``: "f", or "flin" for the linearized network.
    """
    return Statement(sp.Eq(Array("loss", (), (t,)), Norm(outputs(name=name) - TARGETS) ** 2 / 2, evaluate=False))


@rule(source=Citation("", "differentiation of a square"), check=checks.loss_gradient, reason="Its gradient with respect to the outputs is the residual.")
def loss_gradient(loss: Statement) -> Statement:
    r"""\nabla_{f_t(\mathcal X)}\mathcal L = f_t(\mathcal X) - \mathcal Y"""
    (found,) = (array for array in loss.claim.rhs.atoms(Array) if array.name in ("f", "flin"))
    gradient = Array("lossgrad" if found.name == "f" else "lossgradlin", (X,), (t,))
    return Statement(sp.Eq(gradient, found - TARGETS, evaluate=False))


@rule(
    source=Citation("lee2019", "Eq. 2"),
    check=checks.parameter_gradient,
    reason="The loss depends on the parameters through the outputs on the training inputs only.",
)
def parameter_gradient() -> Statement:
    r"""\nabla_\theta\mathcal L = J_t(\mathcal X)^\top\,\nabla_f\mathcal L,\qquad J_t := \nabla_\theta f_t"""
    right = Transposed(jacobian()) * Array("lossgrad", (X,), (t,))
    return Statement(sp.Eq(Array("thetagrad", (), (t,)), right, evaluate=False), Regime.EXACT, (SMOOTH,))


def update(dynamics: str, moving: Array, gradient: sp.Expr) -> sp.Eq:
    """The law by which ``moving`` moves under this gradient."""
    at = {shift: moving.xreplace({t: t + shift}) for shift in (-1, 1)}
    match dynamics:
        case "gradient_flow":
            return sp.Eq(sp.Derivative(moving, t), -eta * gradient, evaluate=False)
        case "gradient_descent":
            return sp.Eq(at[1], moving - eta * gradient, evaluate=False)
        case "momentum":
            return sp.Eq(at[1], moving + mu * (moving - at[-1]) - eta * gradient, evaluate=False)
        case "momentum_flow":
            return sp.Eq(sp.Derivative(moving, (t, 2)), -(1 - mu) * sp.Derivative(moving, t) - eta * gradient, evaluate=False)
    raise RuleError(f"dynamics {dynamics!r}", where="training", fix=f"use one of {', '.join(DYNAMICS)}")


@rule(
    source=Citation("lee2019", "Eq. 2; Polyak 1964"),
    check=checks.training_dynamics,
    reason="How the parameters move: the definition of the training dynamics, time counted in steps.",
)
def training_dynamics(*, dynamics: str) -> Statement:
    r"""\theta_{t+1} = \theta_t - \eta\nabla_\theta\mathcal L,\quad\text{or}\quad \frac{d\theta_t}{dt} = -\eta\nabla_\theta\mathcal L,\ \dots

    ``dynamics``: "gradient_descent", "gradient_flow", "momentum" (the heavy ball) or "momentum_flow" (the equation whose unit step is the heavy ball).
    """
    return Statement(update(dynamics, Array("theta", (), (t,)), Array("thetagrad", (), (t,))))


@rule(source=Citation("", "chain rule"), check=checks.output_velocity, reason="The outputs move because the parameters do.")
def output_velocity(*, at: sp.Basic) -> Statement:
    r"""\frac{d f_t(x)}{dt} = J_t(x)\,\frac{d\theta_t}{dt}

    ``at``: the training inputs X, or any one input.
    """
    right = jacobian(at) * sp.Derivative(Array("theta", (), (t,)), t)
    return Statement(sp.Eq(sp.Derivative(outputs(at), t), right, evaluate=False), Regime.EXACT, (SMOOTH,))


@rule(source=Citation("jacot2018", "Sec. 4"), check=checks.tangent_kernel_matrix, reason="The tangent kernel of the finite network, as a matrix.")
def tangent_kernel_matrix(*, first: sp.Basic, second: sp.Basic, time: sp.Expr = t) -> Statement:
    r"""\hat\Theta_t(x, x') := J_t(x)\,J_t(x')^\top"""
    right = jacobian(first, time) * Transposed(jacobian(second, time))
    return Statement(sp.Eq(kernel(first, second, time), right, evaluate=False))


@rule(
    source=Citation("lee2019", "Eq. 4"),
    check=checks.kernel_layer_sum,
    reason="The parameters fall into layers, so the tangent kernel is the sum of the layers' Gram matrices.",
)
def kernel_layer_sum(definition: Statement) -> Statement:
    r"""\hat\Theta_t = \sum_{\ell=1}^{L+1} \nabla_{\theta^\ell}f_t\,\nabla_{\theta^\ell}f_t^\top"""
    left = definition.claim.lhs
    first, second = (Array("J", (label,), (t,), (layer,)) for label in left.inputs)
    return Statement(sp.Eq(left, sp.Sum(first * Transposed(second), (layer, 1, hidden + 1)), evaluate=False))


@rule(source=Citation("", "equals for equals"), check=checks.put_in, reason="Put in what was found.")
def put_in(target: Statement, *equations: Statement) -> Statement:
    r"""X = A\,Y\,B,\; Y = Z \;\Rightarrow\; X = A\,Z\,B

    Each equation's left side is put in on the right of the target, where it stands in this order.
    """
    right = target.claim.rhs
    for equation in equations:
        claim = equation.claim
        if not right.has(claim.lhs):
            raise RuleError(f"{claim.lhs} does not stand in {right}", where="put_in")
        right = _multiplied_out(right.xreplace({claim.lhs: claim.rhs}))
    return Statement(sp.Eq(target.claim.lhs, right, evaluate=False))


def _multiplied_out(expression: sp.Expr) -> sp.Expr:
    """One product where a product stands inside a product; sums stay in brackets."""
    return sp.Mul(*(factor for part in sp.Mul.make_args(expression) for factor in sp.Mul.make_args(part)))


@rule(source=Citation("", "equals for equals"), check=checks.under_its_name, reason="The product under the name given to it.")
def under_its_name(target: Statement, definition: Statement) -> Statement:
    r"""X = A\,(J J'^\top)\,B,\; K := J J'^\top \;\Rightarrow\; X = A\,K\,B"""
    pattern, name = list(sp.Mul.make_args(definition.claim.rhs)), definition.claim.lhs
    terms = [_named(list(sp.Mul.make_args(term)), pattern, name) for term in sp.Add.make_args(target.claim.rhs)]
    if all(term is None for term in terms):
        raise RuleError(f"{definition.claim.rhs} does not stand in {target.claim.rhs}", where="under_its_name")
    kept = zip(terms, sp.Add.make_args(target.claim.rhs), strict=True)
    return Statement(sp.Eq(target.claim.lhs, sp.Add(*(old if new is None else new for new, old in kept)), evaluate=False))


def _named(factors: list[sp.Expr], pattern: list[sp.Expr], name: Array) -> sp.Expr | None:
    for start in range(len(factors) - len(pattern) + 1):
        if factors[start : start + len(pattern)] == pattern:
            return sp.Mul(*factors[:start], name, *factors[start + len(pattern) :])
    return None


@rule(
    source=Citation("lee2019", "Sec. 2.2"),
    check=checks.energy,
    reason="Along the flow the loss falls, by the squared length of its gradient.",
)
def energy(motion: Statement, gradient: Statement) -> Statement:
    r"""\frac{d\mathcal L_t}{dt} = -\eta\,\lVert\nabla_\theta\mathcal L\rVert^2 = -\eta\,\nabla_f\mathcal L^\top\hat\Theta_t\,\nabla_f\mathcal L \le 0

    ``motion``: the flow of the outputs on the training inputs; ``gradient``: of the loss with respect to the parameters.
    """
    rate = sp.Derivative(Array("loss", (), (t,)), t)
    force = Array("lossgrad", (X,), (t,))
    quadratic = -eta * Transposed(force) * kernel() * force
    return Statement(sp.Tuple(sp.Eq(rate, quadratic, evaluate=False), sp.Eq(rate, -eta * Norm(gradient.claim.lhs) ** 2, evaluate=False)))


@rule(
    source=Citation("lee2019", "Eq. 5"),
    check=checks.linearization,
    reason="The first-order Taylor polynomial of the network in its parameters, around their initial values.",
)
def linearization(*, at: sp.Basic = x1) -> Statement:
    r"""f^{\mathrm{lin}}_t(x) := f_0(x) + J_0(x)\,w_t,\qquad w_t := \theta_t - \theta_0"""
    right = outputs(at, sp.S.Zero) + jacobian(at, sp.S.Zero) * Array("weightmove", (), (t,))
    return Statement(sp.Eq(outputs(at, name="flin"), right, evaluate=False))
