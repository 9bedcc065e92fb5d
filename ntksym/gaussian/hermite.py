r"""Hermite coefficients $a_n(q) = \mathbb E[\phi(\sqrt q z)\,\mathrm{he}_n(z)]$ in closed form, by the univariate engine.

$\mathrm{he}_n = \mathrm{He}_n/\sqrt{n!}$ are orthonormal under N(0, 1); $V(q_{11}, q_{12}, q_{22}) = \sum_n a_n(q_{11})\,a_n(q_{22})\,\rho^n$ (Mehler).
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ntksym.errors import ActivationError
from ntksym.forms import DualForm, OutsideClass
from ntksym.gaussian import moves, univariate
from ntksym.gaussian.atoms import Group, derivative
from ntksym.gaussian.checks import hermite as checks
from ntksym.gaussian.checks.values import check_lemma
from ntksym.gaussian.duals import dual
from ntksym.gaussian.normal_form import OutsideClassError
from ntksym.gaussian.writing import canonical
from ntksym.nodes import Expect
from ntksym.notation import q, u, x
from ntksym.proof import Derivation, Statement, rule
from ntksym.serialize import register
from ntksym.sources import Citation

MOST = 32


@register
class HermiteDerivation(Derivation):
    """Derivation of Hermite coefficients; its conclusion lists them and the mean square, or is an OutsideClass."""

    @property
    def coefficients(self) -> tuple[sp.Expr, ...] | None:
        r"""$a_0(q), a_1(q), \dots$ up to the order asked for, or None outside the class."""
        claim = self.conclusion.claim
        return None if isinstance(claim, OutsideClass) else tuple(equation.rhs for equation in claim[:-1])

    @property
    def mean_square(self) -> sp.Expr | None:
        """E[phi(u)^2], u ~ N(0, q): the sum of all squared coefficients, or None outside the class."""
        claim = self.conclusion.claim
        return None if isinstance(claim, OutsideClass) else claim[-1].rhs

    @property
    def reason(self) -> str | None:
        """Why the activation is outside the class, naming the sub-term; None inside."""
        claim = self.conclusion.claim
        return claim.reason if isinstance(claim, OutsideClass) else None


def polynomial(order: int, variable: sp.Expr) -> sp.Expr:
    """He_order(variable), probabilists', by the three-term recurrence."""
    before, now = sp.S.Zero, sp.S.One
    for k in range(order):
        before, now = now, sp.expand(variable * now - k * before)
    return now


def hermite(phi: sp.Lambda, order: int) -> HermiteDerivation:
    """Derive a_0, ..., a_order of ``phi`` as functions of q.  ActivationError unless order is an integer from 0 to MOST."""
    if isinstance(order, bool) or not isinstance(order, (int, sp.Integer)) or not 0 <= order <= MOST:
        raise ActivationError(f"{order!r}", where="order of the Hermite expansion", why=f"an integer from 0 to {MOST} is needed", fix="correct it")
    return _hermite(sp.Lambda(x, phi(x)), int(order))


@lru_cache(maxsize=256)
def _hermite(phi: sp.Lambda, order: int) -> HermiteDerivation:
    start = HermiteDerivation(f"Hermite coefficients of {phi(x)}")
    pair = dual(phi)
    if isinstance(pair.conclusion.claim, OutsideClass):
        claim = pair.conclusion.claim
        return start.by(moves.decide_outside_class, phi=phi, term=claim.term, why=claim.reason)
    try:
        d = start.by(use_dual, derivation=pair)
        numbers: list[int] = []
        for n in range(order + 1):
            d = d.by(hermite_coefficient, 1, *numbers[n - 2 : n - 1], phi=phi, order=n)
            numbers.append(d.last)
        return d.by(expand_in_hermite, 1, *numbers, phi=phi)
    except OutsideClassError as outside:
        return start.by(moves.decide_outside_class, phi=phi, term=outside.term, why=str(outside))


@rule(source=Citation("", "lemma"), check=check_lemma, reason="The dual is shown on its own; the coefficients are held against it.")
def use_dual(*, derivation: Derivation) -> Statement:
    r"""$V_\phi$ and $V_{\phi'}$ in closed form"""
    return Statement(derivation.conclusion.claim)


def averaged(order: int) -> Expect:
    """E[phi(u) he_order(u / sqrt q)] as a node, u ~ N(0, q)."""
    return Expect(sp.Function("phi")(u) * polynomial(order, u / sp.sqrt(q)) / sp.sqrt(sp.factorial(order)), moves.LINE)


@rule(
    source=Citation("daniely2016", ""),
    check=checks.check_coefficient,
    reason="The polynomial joins those of the atoms; each average is one of the univariate engine's.",
)
def hermite_coefficient(form: Statement, *earlier: Statement, phi: sp.Lambda, order: int) -> Statement:
    r"""$a_n(q) = \mathbb E_{u\sim\mathcal N(0,q)}\big[\phi(u)\,\mathrm{He}_n(u/\sqrt q)\big]/\sqrt{n!}$ in closed form"""
    weight = polynomial(order, x / sp.sqrt(q)) / sp.sqrt(sp.factorial(order))
    groups = derivative(phi, 0)
    weighted = tuple(Group(sp.expand(g.polynomial * weight), g.alpha, g.beta, g.tau, g.slope, g.shift) for g in groups)
    value = univariate.moment_of(univariate.powers(weighted, 1))
    return Statement(sp.Eq(averaged(order), canonical(value), evaluate=False), assumptions=univariate.existence(groups, 1))


@rule(
    source=Citation("daniely2016", ""),
    check=checks.check_expansion,
    reason="The coefficients in their order, and the sum of the squares of all of them.",
)
def expand_in_hermite(form: Statement, *coefficients: Statement, phi: sp.Lambda) -> Statement:
    r"""$\phi(\sqrt q z) = \sum_n a_n(q)\,\mathrm{he}_n(z),\quad \mathbb E\,\phi^2 = \sum_n a_n(q)^2$"""
    claim: DualForm = form.claim
    square = sp.Eq(Expect(sp.Function("phi")(u) ** 2, moves.LINE), claim.diagonal_value, evaluate=False)
    return Statement((*(s.claim for s in coefficients), square))
