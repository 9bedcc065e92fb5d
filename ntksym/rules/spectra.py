"""What the solved training says mode by mode: residuals, time scales, limits, and forms without an inverse."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import Flow
from ntksym.nodes import Array, Spectral, Transposed
from ntksym.notation import X, eta, lam, ridge, t, tau, zeta
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import spectra as checks
from ntksym.rules.dynamics import TARGETS, kernel, outputs
from ntksym.sources import Citation

START = sp.S.Zero
EIGENVECTOR, DECAY = Array("eigenvec", (X,)), Array("decay", (X, X), (t,))
PHI_1 = sp.Function("phi1")

ALL_CONVERGE = Assumption(
    "all-modes-converge",
    r"Every mode converges: the kernel matrix on the training inputs is positive definite, or the ridge is positive.",
)
SMALL_STEPS = Assumption("small-steps", r"$0 \le \eta(\lambda + r) \le 1$ for the mode, and $t$ is a whole number of steps, at least one.")


@rule(source=Citation("", "conjunction"), check=checks.equation_of_flow, reason="One of the equations of the solution.")
def equation_of_flow(flow: Statement, *, number: int) -> Statement:
    r"""P \wedge Q \;\Rightarrow\; P

    ``number``: 0 for the parameters, 1 for the training outputs, 2 for the outputs at any input.
    """
    return Statement(flow.claim.equations[number])


@rule(source=Citation("", "limit"), check=checks.limit_of_flow, reason="Where training ends: each mode of the solution tends to its limit.")
def limit_of_flow(equation: Statement, flow: Statement) -> Statement:
    r"""\psi_t(\lambda) \to \frac{1}{\lambda + r}\quad (t \to \infty)

    ``equation``: of the solution ``flow``.
    """
    claim, form = equation.claim, flow.claim
    places = {node: Spectral(sp.Lambda(lam, form.final), node.matrix) for node in claim.rhs.atoms(Spectral)}
    return Statement(sp.Eq(claim.lhs.xreplace({t: sp.oo}), claim.rhs.xreplace(places), evaluate=False), assumptions=(ALL_CONVERGE,))


@rule(source=Citation("", "equals for equals"), check=checks.without_ridge, reason="The same without a ridge.")
def without_ridge(statement: Statement) -> Statement:
    r"""R = 0"""
    return Statement(sp.Eq(*(side.xreplace({ridge: sp.S.Zero}) for side in statement.claim.args), evaluate=False))


@rule(source=Citation("", "subtraction"), check=checks.distance_to_limit, reason="How far the training outputs are from where they end.")
def distance_to_limit(now: Statement, limit: Statement) -> Statement:
    r"""f_t(\mathcal X) - f_\infty(\mathcal X) = \big[I - (\hat\Theta_0 + r I)\,\psi_t(\hat\Theta_0)\big]\,(f_0(\mathcal X) - f_\infty(\mathcal X))

    ``now`` and ``limit``: the training outputs at t and at the end.
    """
    left = sp.Mul(1 - _filter(now.claim) / _filter(limit.claim))
    right = Spectral(sp.Lambda(lam, left), kernel(time=START)) * (outputs(time=START) - limit.claim.lhs)
    return Statement(sp.Eq(now.claim.lhs - limit.claim.lhs, right, evaluate=False))


def _filter(equation: sp.Eq) -> sp.Expr:
    (node,) = equation.rhs.atoms(Spectral)
    return node.function.expr


@rule(source=Citation("lee2019", "Eq. 9"), check=checks.residual_by_modes, reason="Without a ridge this is the residual: what is left of it, by modes.")
def residual_by_modes(now: Statement) -> Statement:
    r"""f_t(\mathcal X) - \mathcal Y = \big[I - \hat\Theta_0\,\psi_t(\hat\Theta_0)\big]\,(f_0(\mathcal X) - \mathcal Y)

    ``now``: the training outputs without a ridge; the kernel may be singular.
    """
    if now.claim.has(ridge):
        raise RuleError("a ridge", where="residual_by_modes", why="the outputs then do not tend to the targets", fix="put r = 0 first")
    left = sp.Mul(1 - lam * _filter(now.claim))
    right = Spectral(sp.Lambda(lam, left), kernel(time=START)) * (outputs(time=START) - TARGETS)
    return Statement(sp.Eq(now.claim.lhs - TARGETS, right, evaluate=False))


@rule(source=Citation("", "definition"), check=checks.decay_matrix, reason="A name for what multiplies the residual at the start.")
def decay_matrix(residual: Statement) -> Statement:
    r"""E_t := e^{-\eta\hat\Theta_0 t}"""
    (node,) = residual.claim.rhs.atoms(Spectral)
    return Statement(sp.Eq(DECAY, node, evaluate=False))


@rule(source=Citation("lee2019", "Eq. 9"), check=checks.weighted_outputs, reason="The outputs are a weighted mean of targets and outputs at the start.")
def weighted_outputs(residual: Statement, name: Statement) -> Statement:
    r"""f_t(\mathcal X) = (I - E_t)\,\mathcal Y + E_t\,f_0(\mathcal X)"""
    (now,) = (term for term in residual.claim.lhs.args if isinstance(term, Array))
    return Statement(sp.Eq(now, (1 - name.claim.lhs) * TARGETS + name.claim.lhs * outputs(time=START), evaluate=False))


@rule(source=Citation("", "eigenvector"), check=checks.on_eigenvector, reason="Along an eigenvector of the kernel matrix it is one equation of numbers.")
def on_eigenvector(statement: Statement) -> Statement:
    r"""\hat\Theta_0 v = \lambda v,\; x = h(\hat\Theta_0)\,y \;\Rightarrow\; v^\top x = h(\lambda)\,v^\top y"""
    (node,) = statement.claim.rhs.atoms(Spectral)
    rest = sp.Mul(*(factor for factor in statement.claim.rhs.args if factor != node))
    row = Transposed(EIGENVECTOR)
    eigen = sp.Eq(kernel(time=START) * EIGENVECTOR, lam * EIGENVECTOR, evaluate=False)
    return Statement(sp.Tuple(eigen, sp.Eq(row * statement.claim.lhs, node.function.expr * row * rest, evaluate=False)))


@rule(source=Citation("", "equals for equals"), check=checks.time_scale, reason="The time in which a mode shrinks to 1/e of what it was.")
def time_scale(mode: Statement) -> Statement:
    r"""T = \frac{1}{\eta(\lambda + r)} \;\Rightarrow\; e^{-\eta(\lambda + r)t} = e^{-1}

    ``mode``: one mode under gradient flow.
    """
    equation = mode.claim.args[1]
    (wave,) = equation.rhs.atoms(sp.exp)
    time = sp.Pow(sp.factor(-wave.args[0] / t), -1)
    return Statement(sp.Eq(*(side.xreplace({t: time}) for side in equation.args), evaluate=False), assumptions=(ALL_CONVERGE,))


@rule(
    source=Citation("", "second-order Taylor bound of the exponential"),
    check=checks.one_step_gap,
    reason="One step of gradient descent beside the flow of the same length, for one mode.",
)
def one_step_gap(flow: Statement, descent: Statement) -> Statement:
    r"""0 \le e^{-x} - (1-x) \le \tfrac12 x^2,\qquad x = \eta(\lambda + r) \in [0, 1]

    ``flow`` and ``descent``: both solved.
    """
    wave, power = (_left(form.claim).xreplace({t: sp.S.One}) for form in (flow, descent))
    bound = (eta * (lam + ridge)) ** 2 / 2
    return Statement(sp.Tuple(sp.Ge(wave - power, 0, evaluate=False), sp.Le(wave - power, bound, evaluate=False)), assumptions=(SMALL_STEPS,))


def _left(form: Flow) -> sp.Expr:
    """What is left of a mode's distance to its limit."""
    return sp.S.One - form.filter / form.final


@rule(source=Citation("", "telescoping sum"), check=checks.gap_of_modes, reason="How far gradient descent is from the flow after t steps, mode by mode.")
def gap_of_modes(flow: Statement, descent: Statement, step: Statement) -> Statement:
    r"""a^t - b^t = (a - b)\sum_{k<t} a^k b^{t-1-k} \;\Rightarrow\; 0 \le e^{-xt} - (1-x)^t \le \tfrac12 x^2\,t\,e^{-x(t-1)}

    ``flow`` and ``descent``: both solved; ``step``: the gap of one step.
    """
    gap = _left(flow.claim) - _left(descent.claim)
    bound = step.claim.args[1].rhs * t * _left(flow.claim).xreplace({t: t - 1})
    return Statement(sp.Tuple(sp.Ge(gap, 0, evaluate=False), sp.Le(gap, bound, evaluate=False)))


@rule(source=Citation("", "definition"), check=checks.phi_function, reason="A function that is smooth at zero, where its quotient is not defined.")
def phi_function() -> Statement:
    r"""\varphi_1(\zeta) := \int_0^1 e^{\zeta\tau}\,d\tau = \frac{e^\zeta - 1}{\zeta}"""
    integral = sp.Integral(sp.exp(zeta * tau), (tau, 0, 1))
    return Statement(sp.Tuple(sp.Eq(PHI_1(zeta), integral, evaluate=False), sp.Eq(PHI_1(zeta), (sp.exp(zeta) - 1) / zeta, evaluate=False)))


@rule(
    source=Citation("", "equals for equals"),
    check=checks.without_inverse,
    reason="The solution with that function: nothing is inverted, so the kernel may be singular.",
)
def without_inverse(equation: Statement, function: Statement) -> Statement:
    r"""\psi_t(\lambda) = \frac{1 - e^{-\eta(\lambda + r)t}}{\lambda + r} = \eta\,t\,\varphi_1(-\eta(\lambda + r)t)

    ``equation``: of the solution under gradient flow; ``function``: the definition of phi_1.
    """
    (letter,) = {found.func for found in function.claim.args[0].lhs.atoms(sp.Function)}
    places: dict[sp.Basic, sp.Basic] = {}
    for node in equation.claim.rhs.atoms(Spectral):
        (wave,) = node.function.expr.atoms(sp.exp)
        places[node] = eta * t * Spectral(sp.Lambda(lam, letter(wave.args[0])), node.matrix)
    right = sp.Add(*(_flat(term.xreplace(places)) for term in sp.Add.make_args(equation.claim.rhs)))
    return Statement(sp.Eq(equation.claim.lhs, right, evaluate=False))


def _flat(product: sp.Expr) -> sp.Expr:
    """One product where a product stands inside a product; sums stay in brackets."""
    return sp.Mul(*(factor for part in sp.Mul.make_args(product) for factor in sp.Mul.make_args(part)))
