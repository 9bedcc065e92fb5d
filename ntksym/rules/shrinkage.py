"""Early stopping against a ridge: how much of each mode of the targets either has learnt."""

from __future__ import annotations

import sympy as sp

from ntksym.forms import Flow
from ntksym.notation import eta, lam, ridge, t
from ntksym.proof import Assumption, Statement, rule
from ntksym.rules.checks import shrinkage as checks
from ntksym.sources import Citation

EARLY, LATE = sp.Function("shrinkearly"), sp.Function("shrinkridge")
U, C = sp.Symbol("ustar", positive=True), sp.Symbol("cstar", positive=True)

TRAINED = Assumption("trained-a-while", r"$t > 0$ and $\lambda > 0$: some training, and a mode that the kernel sees.")


@rule(source=Citation("", "definition"), check=checks.early_factor, reason="Without a ridge, training for a time t has learnt this share of a mode.")
def early_factor(flow: Statement) -> Statement:
    r"""s_t(\lambda) := \lambda\,\psi_t(\lambda) = 1 - e^{-\eta\lambda t}"""
    form: Flow = flow.claim
    return Statement(sp.Eq(EARLY(lam), lam * form.filter.xreplace({ridge: sp.S.Zero}), evaluate=False))


@rule(source=Citation("", "definition"), check=checks.ridge_factor, reason="Training to the end with the ridge 1/(eta t) learns this share.")
def ridge_factor(flow: Statement) -> Statement:
    r"""s_r(\lambda) := \lambda\,\psi_\infty(\lambda) = \frac{\lambda}{\lambda + r},\qquad r = \frac{1}{\eta t}"""
    form: Flow = flow.claim
    equal = sp.Eq(ridge, 1 / (eta * t), evaluate=False)
    return Statement(sp.Tuple(equal, sp.Eq(LATE(lam), lam * form.final.xreplace({ridge: equal.rhs}), evaluate=False)))


@rule(source=Citation("ali2019"), check=checks.early_is_more, reason="Early stopping shrinks every mode less than that ridge.")
def early_is_more(early: Statement, late: Statement) -> Statement:
    r"""\frac{u}{1+u} \le 1 - e^{-u},\qquad u = \eta\lambda t"""
    return Statement(sp.Le(late.claim.args[1].rhs, early.claim.rhs, evaluate=False), assumptions=(TRAINED,))


@rule(source=Citation("ali2019"), check=checks.largest_ratio, reason="Their ratio is largest where its derivative vanishes, at one place.")
def largest_ratio() -> Statement:
    r"""e^{u_\star} = 1 + u_\star + u_\star^2,\qquad C = \max_{u > 0}\frac{(1 - e^{-u})(1 + u)}{u} = \frac{(1 + u_\star)^2}{1 + u_\star + u_\star^2}"""
    below = 1 + U + U**2
    bounds = (sp.Lt(sp.Integer(12984), 10000 * C, evaluate=False), sp.Lt(10000 * C, sp.Integer(12985), evaluate=False))
    return Statement(sp.Tuple(sp.Eq(sp.exp(U), below, evaluate=False), sp.Eq(C, (1 + U) ** 2 / below, evaluate=False), *bounds))


@rule(source=Citation("ali2019"), check=checks.early_is_little_more, reason="By less than a third: both are the same up to that constant.")
def early_is_little_more(early: Statement, late: Statement, ratio: Statement) -> Statement:
    r"""1 - e^{-u} \le C\,\frac{u}{1+u},\qquad u = \eta\lambda t"""
    constant = ratio.claim.args[1].lhs
    return Statement(sp.Le(early.claim.rhs, constant * late.claim.args[1].rhs, evaluate=False), assumptions=(TRAINED,))
