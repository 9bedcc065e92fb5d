"""The strategy: which moves, in which order, give the dual of an activation.  Every formula comes from a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

import sympy as sp

from ntksym.forms import CrossDualForm, DualForm, OutsideClass, phi_derivative
from ntksym.gaussian import moves
from ntksym.gaussian.atoms import CDF, DELTA, DELTA_PRIME, ONE, STEP, Group, decompose, derivative, differentiate, jumps
from ntksym.gaussian.fallback import with_numbers
from ntksym.gaussian.field import NormalFormError
from ntksym.gaussian.laws import Law
from ntksym.gaussian.limits import check_size, patience
from ntksym.gaussian.moments import Tau, moment
from ntksym.gaussian.normal_form import OutsideClassError
from ntksym.nodes import Dual, Expect
from ntksym.notation import q11, q12, q22, u, v, x
from ntksym.proof import Derivation
from ntksym.serialize import register


@register
class DualDerivation(Derivation):
    """Derivation of a dual activation; its conclusion is a DualForm, a CrossDualForm, or an OutsideClass (a NumericDual where numbers can be computed)."""

    @property
    def expr(self) -> sp.Expr | None:
        """V(q11, q12, q22), or None outside the class."""
        claim = self.conclusion.claim
        return claim.value if isinstance(claim, (DualForm, CrossDualForm)) else None

    @property
    def derivative(self) -> sp.Expr | None:
        """V' = dV/dq12, or None for two activations and outside the class."""
        claim = self.conclusion.claim
        return claim.derivative if isinstance(claim, DualForm) else None

    @property
    def reason(self) -> str | None:
        """Why the activation is outside the class, naming the sub-term; None inside."""
        claim = self.conclusion.claim
        return claim.reason if isinstance(claim, OutsideClass) else None


def dual(phi: sp.Lambda, psi: sp.Lambda | None = None) -> DualDerivation:
    r"""Derive $V_\phi = \mathbb E[\phi(u)\phi(v)]$ and $V_{\phi'}$, or $V_{\phi,\psi} = \mathbb E[\phi(u)\psi(v)]$, for the centred pair.

    Cached: equal activations share one derivation.  Outside the class the conclusion is an OutsideClass that names the sub-term.
    """
    phi = _in_x(phi)
    return _dual(phi) if psi is None else _cross(phi, _in_x(psi))


def _in_x(phi: sp.Lambda) -> sp.Lambda:
    return sp.Lambda(x, phi(x))


@contextmanager
def _named_by(term: sp.Expr) -> Iterator[None]:
    """What has no place in the normal form of closed forms is outside the class."""
    try:
        yield
    except NormalFormError as error:
        raise OutsideClassError(term, f"a closed form of the dual of {term} would need {error}") from error


@lru_cache(maxsize=512)
def _dual(phi: sp.Lambda) -> DualDerivation:
    start = DualDerivation(f"Dual activation of {phi(x)}")
    try:
        with patience(phi(x)), _named_by(phi(x)):
            return _derive(start, phi)
    except OutsideClassError as outside:
        return with_numbers(start.by(moves.decide_outside_class, phi=phi, term=outside.term, why=str(outside)), phi)


@lru_cache(maxsize=512)
def _cross(phi: sp.Lambda, psi: sp.Lambda) -> DualDerivation:
    start = DualDerivation(f"Dual of {phi(x)} and {psi(x)}")
    with patience(phi(x)), _named_by(phi(x)):
        return _derive_cross(start, phi, psi)


def _derive_cross(start: DualDerivation, phi: sp.Lambda, psi: sp.Lambda) -> DualDerivation:
    try:
        d, first = _normal_form(start, phi)
        d, second = _normal_form(d, psi)
        d, value = _expectation(d, phi, psi, 0, 0, first, second)
        d = d.by(moves.differentiate_atoms, phi=phi, order=1)
        slope1 = d.last
        d = d.by(moves.differentiate_atoms, phi=psi, order=1)
        d, slope = _expectation(d, phi, psi, 1, 1, slope1, d.last)
        d = d.by(moves.univariate_moment, phi=phi, order=0, power=1)
        d = d.by(moves.univariate_moment, phi=psi, order=0, power=1)
        return d.by(moves.certify_cross_dual, value, slope, d.last - 1, d.last, phi=phi, psi=psi)
    except OutsideClassError as outside:
        return start.by(moves.decide_outside_class, phi=phi, term=outside.term, why=str(outside))


def _derive(d: DualDerivation, phi: sp.Lambda) -> DualDerivation:
    d, atoms = _normal_form(d, phi)
    d, value = _expectation(d, phi, phi, 0, 0, atoms, atoms)
    d = d.by(moves.differentiate_atoms, phi=phi, order=1)
    first = d.last
    d, slope = _expectation(d, phi, phi, 1, 1, first, first)
    d = d.by(moves.differentiate_atoms, phi=phi, order=2)
    d, bend = _expectation(d, phi, phi, 2, 0, d.last, atoms)
    line = []
    for order, power, pair in ((0, 1, value), (0, 2, value), (1, 2, slope)):
        if order == 1 and jumps(phi):
            continue
        d = d.by(moves.univariate_moment, pair, phi=phi, order=order, power=power)
        line.append(d.last)
    return d.by(moves.certify_dual, value, slope, bend, *line, phi=phi, jumps=jumps(phi))


def _normal_form(d: DualDerivation, phi: sp.Lambda) -> tuple[DualDerivation, int]:
    split, groups = decompose(phi)
    degree = max((sp.degree(g.polynomial, x) for g in groups if g.polynomial.has(x)), default=0)
    check_size(phi(x), len(groups) * (len(groups) + 1) // 2, 2 * degree)
    if split.thresholds:
        d = d.by(moves.split_into_pieces, phi=phi)
    d = d.by(moves.decompose_into_atoms, phi=phi)
    return d, d.last


def _expectation(d: DualDerivation, phi: sp.Lambda, psi: sp.Lambda, order1: int, order2: int, step1: int, step2: int) -> tuple[DualDerivation, int]:
    """Steps for E[phi^(order1)(u) psi^(order2)(v)], given the steps that hold the two sums of atoms; returns the number of the last."""
    left, right = derivative(phi, order1), derivative(psi, order2)
    first, second = (sp.Tuple(*(g.as_expr() for g in groups)) for groups in (left, right))
    d = d.by(moves.expand_bilinearly, step1, step2, first=first, second=second, dual=Dual(_node(phi, order1), _node(psi, order2), q11, q12, q22))
    target = d.last
    symmetric = (phi, order1) == (psi, order2)
    parts: list[int] = []
    known: dict[sp.Expr, int] = {}  # integrand -> the step that has its average
    for i, f in enumerate(left):
        for j, g in enumerate(right):
            if symmetric and j < i:
                continue
            _, integrand = _product(f, g)
            conjugate = known.get(integrand.xreplace({sp.I: -sp.I}))
            if conjugate is not None:
                d = d.by(moves.conjugate, conjugate)
                number = d.last
            else:
                d, number = _pair(d, f, g)
            if number is None:
                continue
            known[integrand] = number
            parts.append(number)
            if symmetric and j > i:
                d = d.by(moves.swap_inputs, number)
                parts.append(d.last)
    d = d.by(moves.put_together, target, *parts)
    return d, d.last


def _product(f: Group, g: Group) -> tuple[sp.Expr, sp.Expr]:
    """The product f(u) g(v) as it stands in the expanded expectation: its constant factor and the rest."""
    return (f.as_expr().xreplace({x: u}) * g.as_expr().xreplace({x: v})).as_independent(u, v, as_Add=False)


def _node(phi: sp.Lambda, order: int) -> sp.Lambda:
    if order < 2:
        return phi_derivative(phi) if order else phi
    return sp.Lambda(x, sp.Derivative(phi(x), (x, order), evaluate=False))


def _pair(d: DualDerivation, f: Group, g: Group) -> tuple[DualDerivation, int | None]:
    """Steps for one pair of groups; None where the pair is a constant."""
    if f.tau == DELTA_PRIME:
        return _delta_prime(d, f, g)
    steps = f.tau_expr.xreplace({x: u}) * g.tau_expr.xreplace({x: v})
    _, integrand = _product(f, g)
    body = sp.Mul(*(factor for factor in sp.Mul.make_args(integrand) if factor.is_polynomial(u, v)))
    taus = (Tau(f.tau, f.slope, f.shift), Tau(g.tau, g.slope, g.shift))
    _require_real_argument(f, g)
    shifted = f.beta != 0 or g.beta != 0
    if f.alpha == 0 and g.alpha == 0 and not shifted:
        if not body.has(u, v) and all(t.kind == ONE for t in taus):
            return d, None
        d = d.by(moves.use_moment, derivation=moment(body, *taus, Law()))
        return d, d.last
    d = d.by(moves.tilt, body=body * steps, alphas=sp.Tuple(f.alpha, g.alpha), betas=sp.Tuple(f.beta, g.beta))
    if not d.conclusion.claim.rhs.has(Expect):
        return d, d.last
    general = Law(m1=sp.Symbol("m1", real=True), m2=sp.Symbol("m2", real=True)) if shifted else Law()
    d = d.by(moves.instantiate, d.last, derivation=moment(body, *taus, general))
    return d, d.last


def _require_real_argument(f: Group, g: Group) -> None:
    """A wave may meet one centred step: that gives erf of an imaginary number.  Anything more needs a normal cdf of a complex argument."""
    stepped = [group for group in (f, g) if group.tau in (STEP, CDF)]
    waved = [group for group in (f, g) if not group.beta.is_real]
    if not stepped or not waved:
        return
    if len(stepped) == 1 and stepped[0].shift == 0 and all(sp.re(group.beta) == 0 for group in (f, g)):
        return
    raise OutsideClassError(
        waved[0].as_expr(),
        f"{waved[0].as_expr()} in one factor meets {stepped[0].as_expr()} in the other: the normal cdf of a complex argument",
    )


def _delta_prime(d: DualDerivation, f: Group, g: Group) -> tuple[DualDerivation, int]:
    """delta'(u - t) against one group: its derivative, then delta against each piece of that."""
    # (with v for x, as in the expanded expectation: there SymPy multiplies a lone number into a sum)
    _, polynomial = g.polynomial.xreplace({x: v}).as_independent(v, as_Add=False)
    if g.as_expr() != g.polynomial:
        _, polynomial = g.polynomial.as_independent(x, as_Add=False)
    plain = replace(g, polynomial=polynomial.xreplace({v: x}))
    slopes = differentiate((plain,))
    point = Group(sp.S.One, sp.S.Zero, sp.S.Zero, DELTA, f.slope, f.shift)
    at = -f.shift
    d = d.by(moves.move_derivative_off_delta, at=at, other=plain.as_expr(), derivative_of_other=sp.Tuple(*(s.as_expr() for s in slopes)))
    target = d.last
    parts = []
    for other in (*slopes, *((plain,) if at != 0 else ())):
        d, number = _pair(d, point, other)
        if number is not None:
            parts.append(number)
    d = d.by(moves.put_together, target, *parts)
    return d, d.last
