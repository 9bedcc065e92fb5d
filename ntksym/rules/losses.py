"""Linearized training under any differentiable loss: one law on the training set, energy, contraction under convexity, the gap to a reference."""

from __future__ import annotations

import sympy as sp

from ntksym.nodes import Array, Follows, GradientAt, LossAt, Norm, Spectral, Transposed, transpose
from ntksym.notation import X, eta, lam, ridge, t
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import losses as checks
from ntksym.rules.dynamics import jacobian, kernel, outputs
from ntksym.rules.flows import COEFFICIENTS
from ntksym.sources import Citation

FITTED, OTHER = outputs(name="flin"), outputs(name="flinother")
OTHER_COEFFICIENTS = Array("dualcoefother", (X,), (t,))
REFERENCE, REFERENCE_COEFFICIENTS = Array("reference", (X,)), Array("referencecoef", (X,))
PENALIZED, DISTANCE = Array("penalized", (), (t,)), Array("distance", (), (t,))
THETA, JACOBIAN = kernel(time=sp.S.Zero), jacobian(time=sp.S.Zero)

CONVEX = Assumption("convex-loss", "The loss is convex and differentiable in the outputs: it lies above its tangents.")
INVERTIBLE = Assumption("kernel-invertible", r"$\hat\Theta_0$ is invertible on the training inputs.")


def square(vector: sp.Expr, matrix: sp.Expr = THETA) -> sp.Expr:
    """v^T A v."""
    return transpose(vector) * matrix * vector


@rule(source=Citation("", "definition"), check=checks.gradient_at_outputs, reason="The gradient of the loss is taken at the outputs of the linearized network.")
def gradient_at_outputs() -> Statement:
    r"""\nabla_f\mathcal L^{\mathrm{lin}}_t = \nabla_f\mathcal L(f^{\mathrm{lin}}_t(\mathcal X))"""
    return Statement(sp.Eq(Array("lossgradlin", (X,), (t,)), GradientAt(FITTED), evaluate=False))


@rule(
    source=Citation("lee2019", "Sec. 2.2"),
    check=checks.penalized_energy,
    reason="Chain rule along the law of the coefficients; the kernel is a Gram matrix, so the rate is minus a square.",
)
def penalized_energy(law: Statement, fitted: Statement) -> Statement:
    r"""\frac{d}{dt}\Big[\mathcal L(f_t) + \tfrac r2\lVert w_t\rVert^2\Big] = -\eta\,\lVert J_0^\top(\nabla_f\mathcal L + r\,a_t)\rVert^2 \le 0

    ``law``: gradient flow of a_t, the gradient at the outputs; ``fitted``: the outputs on the training inputs by a_t.
    """
    force = GradientAt(fitted.claim.lhs) + ridge * COEFFICIENTS
    rate = sp.Derivative(PENALIZED, t)
    value = LossAt(fitted.claim.lhs) + ridge * square(COEFFICIENTS) / 2
    claims = (
        sp.Eq(PENALIZED, value, evaluate=False),
        sp.Eq(rate, -eta * Norm(sp.expand(Transposed(JACOBIAN) * force)) ** 2, evaluate=False),
        sp.Le(rate, 0, evaluate=False),
    )
    return Statement(sp.Tuple(*claims))


@rule(source=Citation("rockafellar1970", "Thm. 25.1"), check=checks.tangent_below, reason="A convex function lies above its tangents.")
def tangent_below(*, other: str = "flinother") -> Statement:
    r"""\mathcal L(g) \ge \mathcal L(f) + \nabla_f\mathcal L(f)^\top(g - f)

    ``other``: the name of g, "flinother" (a second solution) or "reference".
    """
    there = OTHER if other == "flinother" else REFERENCE
    right = LossAt(FITTED) + Transposed(GradientAt(FITTED)) * (there - FITTED)
    return Statement(sp.Ge(LossAt(there), right, evaluate=False), assumptions=(CONVEX,))


@rule(source=Citation("rockafellar1970", "Sec. 24"), check=checks.monotone_gradient, reason="The tangents at both vectors, added.")
def monotone_gradient(tangent: Statement) -> Statement:
    r"""(\nabla\mathcal L(f) - \nabla\mathcal L(g))^\top(f - g) \ge 0"""
    other = tangent.claim.lhs.outputs
    left = (Transposed(GradientAt(FITTED)) - Transposed(GradientAt(other))) * (FITTED - other)
    return Statement(sp.Ge(left, 0, evaluate=False))


@rule(
    source=Citation("", "gradient flow in the metric of the inverse kernel"),
    check=checks.distance_of_solutions,
    reason="Two solutions of the same law, from different starts: how their distance in the space of parameters changes.",
)
def distance_of_solutions(law: Statement, fitted: Statement) -> Statement:
    r"""\Delta = \lVert w - \tilde w\rVert^2,\qquad \dot\Delta = -2\eta\,[(\nabla\mathcal L(f) - \nabla\mathcal L(\tilde f))^\top(f - \tilde f) + r\,\Delta]

    ``law``: gradient flow of a_t, the gradient at the outputs; ``fitted``: the outputs on the training inputs by a_t.
    """
    apart = COEFFICIENTS - OTHER_COEFFICIENTS
    strength = law.claim.rhs.coeff(COEFFICIENTS) if isinstance(law.claim.rhs, sp.Add) else ridge
    pairing = (Transposed(GradientAt(FITTED)) - Transposed(GradientAt(OTHER))) * (FITTED - OTHER)
    claims = (
        sp.Eq(DISTANCE, square(apart), evaluate=False),
        sp.Eq(DISTANCE, Norm(sp.expand(Transposed(JACOBIAN) * apart)) ** 2, evaluate=False),
        sp.Eq(sp.Derivative(DISTANCE, t), -2 * eta * (pairing + (strength if law.claim.has(ridge) else 0) * DISTANCE), evaluate=False),
    )
    return Statement(sp.Tuple(*claims))


@rule(
    source=Citation("", "Gronwall's inequality"),
    check=checks.contraction,
    reason="The pairing is not negative, so solutions do not separate; from one start there is one solution.",
)
def contraction(distance: Statement, monotone: Statement, fitted: Statement) -> Statement:
    r"""\lVert w_t - \tilde w_t\rVert^2 \le e^{-2\eta r t}\,\lVert w_0 - \tilde w_0\rVert^2

    ``distance``: of two solutions; ``monotone``: the gradient; ``fitted``: the outputs on the training inputs by a_t.
    """
    start = DISTANCE.xreplace({t: sp.S.Zero})
    bound = sp.Le(DISTANCE, sp.exp(-2 * eta * ridge * t) * start, evaluate=False)
    one = Follows(sp.Eq(start, 0, evaluate=False), sp.Eq(FITTED, OTHER, evaluate=False))
    return Statement(sp.Tuple(bound, one))


@rule(
    source=Citation("", "change of variables"),
    check=checks.kernel_metric,
    reason="With an invertible kernel the coefficients are those of the outputs: the same distance, in the metric of the inverse kernel.",
)
def kernel_metric(distance: Statement, fitted: Statement) -> Statement:
    r"""\lVert w_t - \tilde w_t\rVert^2 = (f_t - \tilde f_t)^\top\,\hat\Theta_0^{-1}\,(f_t - \tilde f_t)

    ``distance``: of two solutions; ``fitted``: the outputs on the training inputs by a_t.
    """
    undone = Spectral(sp.Lambda(lam, 1 / lam), THETA)
    return Statement(sp.Eq(distance.claim[0].lhs, square(FITTED - OTHER, undone), evaluate=False), assumptions=(INVERTIBLE,))


@rule(
    source=Citation("", "Lyapunov function of a convex gradient flow"),
    check=checks.loss_gap,
    reason=r"$2\eta t(\mathcal{L}(f_t) - \mathcal{L}(f^\star)) + \lVert w_t - w^\star\rVert^2$ does not grow.",
)
def loss_gap(law: Statement, fitted: Statement, tangent: Statement, start: Statement) -> Statement:
    r"""f^\star = f_0 + \hat\Theta_0\,a^\star \;\Rightarrow\; \mathcal L(f_t) \le \mathcal L(f^\star) + \frac{\lVert w^\star\rVert^2}{2\eta t}

    ``law``: gradient flow of a_t without a ridge; ``fitted``: the outputs on the training inputs by a_t; ``tangent``: to the reference;
    ``start``: a_0 = 0.
    """
    reached = sp.Eq(REFERENCE, fitted.claim.rhs.xreplace({COEFFICIENTS: REFERENCE_COEFFICIENTS}), evaluate=False)
    bound = sp.Le(LossAt(FITTED), LossAt(REFERENCE) + square(REFERENCE_COEFFICIENTS) / (2 * eta * t), evaluate=False)
    return Statement(Follows(reached, bound))
