"""The heavy ball mode by mode: over-, under- and critically damped, in real form."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import Flow
from ntksym.notation import Omega, eta, lam, rho, ridge, t
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import damping as checks
from ntksym.sources import Citation

MODE, MODE_LEE, TIME_LEE = sp.Function("modres"), sp.Function("modreslee"), sp.Symbol("timelee", nonnegative=True)
CASES = ("under", "critical", "over")
PULL = eta * (lam + ridge)

MOVES = Assumption("momentum-positive", r"$0 < \mu < 1$ and $\lambda + r > 0$.")


@rule(source=Citation("polyak1964"), check=checks.mode_law, reason="What is left of a mode obeys one equation, and starts at rest from one.")
def mode_law(flow: Statement) -> Statement:
    r"""\chi(t+1) = (1 + \mu - \eta(\lambda + r))\,\chi(t) - \mu\,\chi(t-1),\quad\text{or}\quad \chi'' = -(1-\mu)\,\chi' - \eta(\lambda + r)\,\chi

    ``flow``: the solution of the heavy ball, or of its flow.
    """
    form: Flow = flow.claim
    weights = [sp.factor(c) for c in sp.Poly(form.characteristic, rho).all_coeffs()]
    started = sp.Eq(MODE(sp.S.Zero), 1, evaluate=False)
    if form.continuous:
        law = sp.Eq(sp.Derivative(MODE(t), (t, 2)), -weights[1] * sp.Derivative(MODE(t), t) - weights[2] * MODE(t), evaluate=False)
        at_rest = sp.Eq(sp.Subs(sp.Derivative(MODE(t), t), t, 0), 0, evaluate=False)
    else:
        law = sp.Eq(MODE(t + 1), -weights[1] * MODE(t) - weights[2] * MODE(t - 1), evaluate=False)
        at_rest = sp.Eq(MODE(sp.S.NegativeOne), 1, evaluate=False)
    return Statement(sp.Tuple(law, started, at_rest), assumptions=(MOVES,))


@rule(source=Citation("", "complex roots in polar form"), check=checks.oscillating, reason="Two complex roots: the mode oscillates, and is underdamped.")
def oscillating(law: Statement, flow: Statement) -> Statement:
    r"""\rho_{1,2} = |\rho|\,e^{\pm i\Omega} \;\Rightarrow\; \chi(t) = |\rho|^t\,(\cos\Omega t + c\sin\Omega t)

    ``law``: of a mode; ``flow``: the solution it comes from.
    """
    return _case(flow.claim, sp.cos, sp.sin, 1)


@rule(source=Citation("", "real roots, half their gap"), check=checks.creeping, reason="Two real roots of one sign: the mode creeps, and is overdamped.")
def creeping(law: Statement, flow: Statement) -> Statement:
    r"""\rho_{1,2} = \sqrt{\rho_1\rho_2}\,e^{\pm\Omega} \;\Rightarrow\; \chi(t) = (\rho_1\rho_2)^{t/2}\,(\cosh\Omega t + c\sinh\Omega t)

    ``law``: of a mode; ``flow``: the solution it comes from.
    """
    return _case(flow.claim, sp.cosh, sp.sinh, 1)


@rule(
    source=Citation("", "real roots, half their gap"),
    check=checks.alternating,
    reason="Two negative real roots: steps so large that the mode changes sign each time.",
)
def alternating(law: Statement, flow: Statement) -> Statement:
    r"""\rho_{1,2} = -\sqrt\mu\,e^{\pm\Omega} \;\Rightarrow\; \chi(t) = (-\sqrt\mu)^t\,(\cosh\Omega t + c\sinh\Omega t)

    ``law``: of a mode under the heavy ball; ``flow``: the solution it comes from.
    """
    if flow.claim.continuous:
        raise RuleError("a flow", where="alternating", why="no flow changes its sign at each step", fix="use creeping")
    return _case(flow.claim, sp.cosh, sp.sinh, -1)


def _case(form: Flow, even: sp.Basic, odd: sp.Basic, sign: int) -> Statement:
    """Radius^t (even(Omega t) + weight odd(Omega t)), the weight chosen so that the mode is at rest; and where it holds."""
    weights = sp.Poly(form.characteristic, rho).all_coeffs()
    if form.continuous:
        half = sp.factor(weights[1]) / 2
        radius, weight = sp.exp(-half * t), half / Omega
        square = half**2 - sp.factor(weights[2])
        where: sp.Basic = sp.Eq(Omega**2, square if even is sp.cosh else -square, evaluate=False)
    else:
        root = sp.sqrt(weights[2])
        radius, weight = (sign * root) ** t, (even(Omega) - sign * root) / odd(Omega)
        where = sp.Eq(even(Omega), -sign * weights[1] / (2 * root), evaluate=False)
        where = sp.And(where, sp.Lt(Omega, sp.pi, evaluate=False), evaluate=False) if even is sp.cos else where
    value = radius * (even(Omega * t) + weight * odd(Omega * t))
    return Statement(sp.Eq(MODE(t), sp.Piecewise((value, where), evaluate=False), evaluate=False))


@rule(source=Citation("", "limit of two roots that meet"), check=checks.meeting, reason="One double root: the mode is critically damped.")
def meeting(law: Statement, flow: Statement) -> Statement:
    r"""(1 + (1-\rho)\,t)\,\rho^t,\ \rho = \pm\sqrt\mu,\quad\text{or}\quad \Big(1 + \frac{1-\mu}{2}\,t\Big)\,e^{-(1-\mu)t/2}

    ``law``: of a mode; ``flow``: the solution it comes from.
    """
    form: Flow = flow.claim
    weights = [sp.factor(c) for c in sp.Poly(form.characteristic, rho).all_coeffs()]
    if form.continuous:
        half = weights[1] / 2
        pieces = [((1 + half * t) * sp.exp(-half * t), sp.Eq(weights[2], half**2, evaluate=False))]
    else:
        roots = (sp.sqrt(weights[2]), -sp.sqrt(weights[2]))
        pieces = [((1 + (1 - root) * t) * root**t, sp.Eq(PULL, (1 - root) ** 2, evaluate=False)) for root in roots]
    return Statement(sp.Eq(MODE(t), sp.Piecewise(*pieces, evaluate=False), evaluate=False))


@rule(
    source=Citation("lee2019", "App. on momentum"),
    check=checks.unit_of_lee,
    reason="In this unit of time the learning rate leaves the equation but for its friction.",
)
def unit_of_lee(law: Statement) -> Statement:
    r"""T' = \sqrt\eta\,t:\quad \tilde\chi'' = -\frac{1-\mu}{\sqrt\eta}\,\tilde\chi' - (\lambda + r)\,\tilde\chi

    ``law``: of a mode under the flow of the heavy ball.
    """
    motion = law.claim.args[0]
    new, step = MODE_LEE(TIME_LEE), sp.sqrt(eta)
    friction, pull = (motion.rhs.coeff(found) for found in (sp.Derivative(MODE(t), t), MODE(t)))
    right = friction / step * sp.Derivative(new, TIME_LEE) + sp.factor(pull / step**2) * new
    names = (sp.Eq(TIME_LEE, step * t, evaluate=False), sp.Eq(new, MODE(TIME_LEE / step), evaluate=False))
    return Statement(sp.Tuple(*names, sp.Eq(sp.Derivative(new, (TIME_LEE, 2)), right, evaluate=False)))
