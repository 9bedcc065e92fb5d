"""The rewritings keep the value (50 digits, against the form they started from) and remove the cancellation they are there for."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from lowering import cases

from ntksym.errors import LoweringError
from ntksym.lowering.algebra import by_degree, collect_roots, merge_exponentials, name_gaps, one_minus, orient, safe, stable
from ntksym.lowering.duals import lower_dual
from ntksym.lowering.program import Angle, Arctan2, Body, Det, Expm1, ExpSinh, Gap, Reciprocal, RootDet, Slope
from ntksym.nodes import CorrelationAngle, CorrelationArcsine
from ntksym.notation import q11, q12, q22

# All inside the domain of the bell (variances below 2 at correlation 1).
POINTS = ((1.0, 0.3, 1.5), (0.7, -0.6, 0.9), (1.0, 0.97, 1.1), (0.5, -0.4999, 0.5))
_MEANING: dict[str, Any] = {
    "Det": lambda a, c, b: a * b - c * c,
    "RootDet": lambda a, c, b: mp.sqrt(max(a * b - c * c, 0)),
    "Root": lambda value: mp.sqrt(value) if value > 0 else mp.mpf(0),
    "Reciprocal": lambda value: 1 / value if value else mp.mpf(0),
    "Angle": lambda y, x: mp.atan2(y, x),
    "Slope": lambda y, x: mp.atan2(y, x),
    "Arctan2": lambda y, x: mp.atan2(y, x),
    "ExpSinh": lambda a, c, *_: mp.exp(a) * mp.sinh(c),
    "Gap": lambda a, c, b: a - 2 * c + b,
    "Expm1": mp.expm1,
    "CorrelationAngle": lambda a, c, b: mp.acos(c / mp.sqrt(a * b)),
    "CorrelationArcsine": lambda a, c, b: mp.asin(c / mp.sqrt(a * b)),
}


def number(expression: sp.Expr, **values: float) -> mp.mpf:
    with mp.workdps(50):
        symbols = sorted(expression.free_symbols, key=str)
        function = sp.lambdify(symbols, expression, [_MEANING, "mpmath"])
        return mp.mpf(function(*(mp.mpf(values[str(symbol)]) for symbol in symbols)))


def same(first: sp.Expr, second: sp.Expr) -> None:
    for a, c, b in POINTS:
        values = {"q11": a, "q12": c, "q22": b, "alpha": 0.3}
        one, two = number(first, **values), number(second, **values)
        assert abs(one - two) < mp.mpf(10) ** -40 * (1 + abs(one)), (first, second, a, c, b)


ALPHA = sp.Symbol("alpha", real=True)
FORMS = {"relu": cases.relu(), "erf": cases.erf(), "gelu": cases.gelu(), "sine": cases.sine(), "leaky": cases.leaky(ALPHA), "bell": cases.bell()}


@pytest.mark.parametrize("name", FORMS)
def test_stable_keeps_the_value(name: str) -> None:
    form = FORMS[name]
    for expression in (form.value, form.derivative, form.dvalue_dq11, form.derivative.diff(q11), form.derivative.diff(q12)):
        same(expression, stable(expression))


@pytest.mark.parametrize("name", FORMS)
def test_program_of_a_dual_keeps_the_values(name: str) -> None:
    form = FORMS[name]
    dual = lower_dual(form, "dual_phi", {ALPHA: "alpha"})
    assert _spelled(dual.value) != (form.value, form.derivative)
    expected = [form.value, form.derivative]
    for made, wanted in zip(_spelled(dual.value), expected, strict=True):
        same(made, wanted)
    swapped = form.dvalue_dq11.xreplace({q11: q22, q22: q11})
    partials = [form.dvalue_dq11, swapped, *(form.derivative.diff(s) for s in (q11, q12, q22))]
    partials += [e.diff(p) for p in form.parameters for e in (form.value, form.derivative)]
    for made, wanted in zip(_spelled(dual.partials), partials, strict=True):
        same(made, wanted)


def _spelled(body: Body) -> tuple[sp.Expr, ...]:
    """The results with every assignment put back in."""
    known: dict[sp.Basic, sp.Expr] = {}
    for line in body.lines:
        named = {s: known[str(s)] for s in line.value.free_symbols if str(s) in known}
        known[line.name] = line.value.xreplace(named)
    return tuple(result.xreplace({s: known[str(s)] for s in result.free_symbols if str(s) in known}) for result in body.results)


def test_the_angle_turns_to_where_no_constant_is_left() -> None:
    turned = orient((sp.pi - CorrelationAngle(q11, q12, q22)) * q12)
    assert turned == q12 * CorrelationAngle(q11, -q12, q22)
    assert orient(sp.pi / 2 - CorrelationAngle(q11, q12, q22)) == CorrelationArcsine(q11, q12, q22)


def test_radicands_become_sums_of_positive_terms() -> None:
    written = safe(sp.sqrt((1 + 2 * q11) * (1 + 2 * q22) - 4 * q12**2))
    assert written == sp.sqrt(1 + 2 * q11 + 2 * q22 + 4 * Det(q11, q12, q22))
    assert safe(sp.sqrt(4 * q11 * q22 - 4 * q12**2)) == 2 * RootDet(q11, q12, q22)
    assert safe(1 / q11) == Reciprocal(q11)
    assert safe(1 / (1 + q11)) == 1 / (1 + q11)


def test_angles_of_scaled_covariances_share_one_root() -> None:
    one = safe(CorrelationArcsine(q11 + sp.S.Half, q12, q22 + sp.S.Half))
    assert one == Arctan2(2 * q12, sp.sqrt(1 + 2 * q11 + 2 * q22 + 4 * Det(q11, q12, q22)))
    assert isinstance(safe(CorrelationArcsine(q11, q12, q22)), Slope)
    assert isinstance(safe(CorrelationAngle(q11, q12, q22)), Angle)


def test_quotients_by_the_root_cancel_as_formulas() -> None:
    root = sp.sqrt(q11 * q22 - q12**2)
    raw = q11 * q22 / root + 2 * q12**2 / root - 3 * q12**2 / root
    assert collect_roots(raw) == root
    assert collect_roots(-(q12**2) / (q11 * root) + q22 / root) == root / q11


def test_one_exponential_per_term() -> None:
    merged = merge_exponentials(sp.exp(-q11 / 2 - q22 / 2) * (sp.exp(q12) + sp.exp(-q12)))
    assert merged == sp.exp(q12 - q11 / 2 - q22 / 2) + sp.exp(-q12 - q11 / 2 - q22 / 2)
    difference = merge_exponentials(sp.exp(q12 - q11) - sp.exp(-q12 - q11))
    assert difference == 2 * ExpSinh(-q11, q12)
    assert merge_exponentials(sp.exp(-q11) * sp.cosh(q12)) == sp.exp(q12 - q11) / 2 + sp.exp(-q12 - q11) / 2


def test_huge_coefficients_are_scaled_away() -> None:
    huge = sp.Integer(10) ** 60
    for expression in ((huge * q11 + 3 * huge) / (7 * huge), 1 / sp.sqrt(huge * q11 * q22 - huge * q12**2 + huge * (1 + q11 + q22))):
        made = stable(expression)
        same(expression, made)
        assert all(abs(coefficient) < 10**9 for term in made.atoms(sp.Add) for coefficient in (part.as_coeff_Mul()[0] for part in term.args))


def test_infinite_forms_are_refused_unless_meant() -> None:
    with pytest.raises(LoweringError, match="not finite"):
        stable(sp.oo * q11)
    root = sp.sqrt(q11 * q22 - q12**2)
    assert stable(1 / root, infinite=True) == 1 / RootDet(q11, q12, q22)
    assert stable(1 / root) == Reciprocal(RootDet(q11, q12, q22))


def test_exponents_of_differences_keep_their_digits() -> None:
    """q12 - (q11 + q22)/2 in floating point loses a gap of 1 beside variances of 1e16; the gap by name does not."""
    near = sp.exp(-(q11 + q22) / 2 + q12)
    assert name_gaps(near) == sp.exp(-Gap(q11, q12, q22) / 2)
    assert name_gaps(ExpSinh(-(q11 + q22) / 2, q12)).args[2:] == (-Gap(q11, q12, q22) / 2, -Gap(q11, -q12, q22) / 2)
    same(near, name_gaps(near))


def test_polynomials_that_vanish_on_the_diagonal_are_factored() -> None:
    polynomial = q11 * q22 - (q11 + q22) * q12 + q12**2 + q12
    assert by_degree(sp.expand(polynomial)) == q12 - (q11 - q12) * (q12 - q22)


def test_one_minus_an_exponential_is_one_function() -> None:
    assert one_minus(sp.S.Half - sp.exp(-2 * q11) / 2) == -Expm1(-2 * q11) / 2


def test_a_polynomial_is_written_in_the_determinant_where_that_removes_signs() -> None:
    """The leading terms of dV/dq11 of gelu: q11 det^2, computed as a difference it loses every digit at huge variances."""
    expression = sp.expand(q11 * (q11 * q22 - q12**2) ** 2 + q11**2 * (q11 * q22 - q12**2))
    named = safe(expression)
    assert named.has(Det) and not any(term.could_extract_minus_sign() for term in sp.Add.make_args(sp.expand(named)))
    same(expression, named)
