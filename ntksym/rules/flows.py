"""Linearized training: the law of the parameters, its dual coefficients, and its solution mode by mode of the kernel matrix."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import Flow
from ntksym.nodes import Array, Spectral, Transposed
from ntksym.notation import X, eta, lam, mu, rho, rho_1, rho_2, ridge, t
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import flows as checks
from ntksym.rules.dynamics import TARGETS, jacobian, kernel, outputs, update
from ntksym.sources import Citation

MOVE, COEFFICIENTS = Array("weightmove", (), (t,)), Array("dualcoef", (X,), (t,))
START = sp.S.Zero

# (is it a differential equation, how many initial values it needs)
_KIND = {"gradient_flow": (True, 1), "gradient_descent": (False, 1), "momentum": (False, 2), "momentum_flow": (True, 2)}

AT_REST = Assumption("starts-at-rest", r"Training starts at rest: $\theta_{-1} = \theta_0$ for the heavy ball, velocity zero for its flow.")


@rule(
    source=Citation("lee2019", "Eq. 6"),
    check=checks.linearized_dynamics,
    reason="The same training dynamics for the linearized network, whose Jacobian does not move; the ridge pulls back to the initial parameters.",
)
def linearized_dynamics(training: Statement, *, dynamics: str, with_ridge: bool = True) -> Statement:
    r"""\frac{dw_t}{dt} = -\eta\,[J_0(\mathcal X)^\top\nabla_f\mathcal L^{\mathrm{lin}} + r\,w_t]

    ``training``: the law of theta_t; the loss gains r/2 |w|^2 where ``with_ridge``.
    """
    gradient = Transposed(jacobian(time=START)) * Array("lossgradlin", (X,), (t,))
    return Statement(update(dynamics, MOVE, gradient + ridge * MOVE if with_ridge else gradient))


@rule(source=Citation("", "differentiation"), check=checks.velocity_of_linearization, reason="Differentiate the linearized output in time.")
def velocity_of_linearization(definition: Statement) -> Statement:
    r"""\frac{df^{\mathrm{lin}}_t(x)}{dt} = J_0(x)\,\frac{dw_t}{dt}"""
    claim = definition.claim
    return Statement(sp.Eq(sp.Derivative(claim.lhs, t), claim.rhs.diff(t), evaluate=False))


@rule(
    source=Citation("", "representer of the gradient"),
    check=checks.dual_coefficients,
    reason="Every step lies in the span of the Jacobian's rows, so one vector with an entry per output and example describes the parameters.",
)
def dual_coefficients(law: Statement, *, dynamics: str) -> Statement:
    r"""w_t = J_0(\mathcal X)^\top a_t,\qquad \frac{da_t}{dt} = -\eta\,[\nabla_f\mathcal L^{\mathrm{lin}} + r\,a_t],\qquad a_0 = 0

    ``law``: of w_t.
    """
    representation = sp.Eq(MOVE, Transposed(jacobian(time=START)) * COEFFICIENTS, evaluate=False)
    gradient = Array("lossgradlin", (X,), (t,))
    moved = update(dynamics, COEFFICIENTS, gradient + ridge * COEFFICIENTS if law.claim.has(ridge) else gradient)
    second = (AT_REST,) if _KIND[dynamics][1] == 2 else ()
    claims = (representation, moved, sp.Eq(COEFFICIENTS.xreplace({t: START}), 0, evaluate=False))
    return Statement(sp.Tuple(*claims), assumptions=second)


@rule(source=Citation("", "conjunction"), check=checks.part_of, reason="One of the statements.")
def part_of(statements: Statement, *, number: int) -> Statement:
    r"""P \wedge Q \;\Rightarrow\; P"""
    return Statement(statements.claim.args[number])


@rule(
    source=Citation("lee2019", "Eqs. 8-11"),
    check=checks.solve_by_modes,
    reason="The kernel matrix does not move, so its eigenvectors separate the law into one linear equation each; this is the solution for every eigenvalue.",
)
def solve_by_modes(law: Statement, *, dynamics: str) -> Statement:
    r"""a_t = \psi_t(\hat\Theta_0)\,(\mathcal Y - f_0(\mathcal X))

    ``law``: of a_t under the squared loss, from a_0 = 0.  Where two roots of the characteristic polynomial meet, psi is its limit.
    """
    continuous, order = _KIND[dynamics]
    source = TARGETS - outputs(time=START)
    roots = _roots(characteristic(law.claim), order)
    if order == 1:
        residual = sp.exp(roots[0] * t) if continuous else (1 + _gathered(roots[0] - 1)) ** t
    else:
        residual = _second_order(continuous).xreplace(dict(zip((rho_1, rho_2), roots, strict=True)))
    gained = (1 - residual) / _strength(law.claim)
    return Statement(sp.Eq(COEFFICIENTS, Spectral(sp.Lambda(lam, gained), kernel(time=START)) * source, evaluate=False))


def characteristic(law: sp.Eq) -> sp.Expr:
    """The polynomial in rho whose roots are the rates (differential equation) or factors (recurrence) of the law of a mode."""
    total: sp.Expr = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(law.lhs - law.rhs)):
        numbers, factors = term.args_cnc()
        if not factors:
            continue
        moving = factors[-1]
        if isinstance(moving, sp.Derivative) and moving.expr == COEFFICIENTS:
            power = sp.Integer(moving.derivative_count)
        elif isinstance(moving, Array) and moving.name == "dualcoef":
            power = moving.time[0] - t
        else:
            continue
        total += sp.Mul(*numbers) * (lam if len(factors) == 2 else 1) * rho**power
    lowest = min(_power(term) for term in sp.Add.make_args(sp.expand(total)))
    return sp.collect(sp.expand(total * rho ** max(-lowest, 0)), rho)


def _power(term: sp.Expr) -> sp.Expr:
    return term.as_coeff_exponent(rho)[1]


def _strength(law: sp.Eq) -> sp.Expr:
    """What pulls a mode: the eigenvalue, and the ridge where there is one."""
    return lam + ridge if law.has(ridge) else lam


def _roots(polynomial: sp.Expr, order: int) -> tuple[sp.Expr, ...]:
    roots = tuple(sp.solve(polynomial, rho))
    if len(roots) != order:
        raise RuleError(f"{len(roots)} modes where {order} were expected", where="solve_by_modes", why=f"the characteristic polynomial is {polynomial}")
    return tuple(_gathered(root) for root in roots) if order == 1 else roots


def _second_order(continuous: bool) -> sp.Expr:
    """The residual of a mode, 1 at t = 0 and at rest, in the two roots."""
    if continuous:
        return (rho_1 * sp.exp(rho_2 * t) - rho_2 * sp.exp(rho_1 * t)) / (rho_1 - rho_2)
    return (rho_1 * (1 - rho_2) * rho_1**t - rho_2 * (1 - rho_1) * rho_2**t) / (rho_1 - rho_2)


def _gathered(root: sp.Expr) -> sp.Expr:
    """-eta (lam + r) rather than -eta lam - eta r."""
    return sp.factor(root)


@rule(
    source=Citation("", "Hurwitz and Jury criteria"),
    check=checks.stability,
    reason="A mode converges where all roots of its characteristic polynomial lie in the left half-plane (flow) or inside the unit circle (steps).",
)
def stability(law: Statement, *, dynamics: str) -> Statement:
    r"""0 < \eta\,(\lambda + r) < 2(1+\mu)"""
    rate = eta * _strength(law.claim)
    conditions = {
        "gradient_flow": (sp.Gt(rate, 0, evaluate=False),),
        "gradient_descent": (sp.Gt(rate, 0, evaluate=False), sp.Lt(rate, 2, evaluate=False)),
        "momentum": (sp.Gt(rate, 0, evaluate=False), sp.Lt(rate, 2 * (1 + mu), evaluate=False), sp.Lt(mu, 1, evaluate=False)),
        "momentum_flow": (sp.Gt(rate, 0, evaluate=False), sp.Lt(mu, 1, evaluate=False)),
    }
    return Statement(sp.And(*conditions[dynamics], evaluate=False) if len(conditions[dynamics]) > 1 else conditions[dynamics][0])


@rule(
    source=Citation("lee2019", "Sec. 2.2"),
    check=checks.flow,
    reason="The solution in one place: parameters, training and test outputs from one function of the kernel's eigenvalues.",
)
def flow(law: Statement, solution: Statement, stable: Statement, *equations: Statement, dynamics: str) -> Statement:
    r"""f^{\mathrm{lin}}_t(x) = f_0(x) + \hat\Theta_0(x,\mathcal X)\,\psi_t(\hat\Theta_0)\,(\mathcal Y - f_0(\mathcal X))

    ``law`` and ``solution``: of the dual coefficients; ``equations``: of parameters and outputs.
    """
    continuous, order = _KIND[dynamics]
    (spectral,) = solution.claim.rhs.atoms(Spectral)
    filtered = spectral.function.expr
    polynomial = characteristic(law.claim)
    strength = _strength(law.claim)
    claims = tuple(statement.claim for statement in equations)
    roots = _roots(polynomial, order)
    named = (1 - _second_order(continuous)) / strength if order == 2 else filtered
    return Statement(Flow(dynamics, "Thetahat", continuous, polynomial, eta, filtered, named, roots, 1 / strength, stable.claim, claims))
