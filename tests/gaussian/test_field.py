"""The engine's normal form and the checkers' zero decision, against 40-digit values."""

from __future__ import annotations

import itertools

import mpmath
import pytest
import sympy as sp

from ntksym.gaussian.field import NormalFormError
from ntksym.gaussian.numeric import evaluate_at
from ntksym.gaussian.writing import canonical
from ntksym.gaussian.zero import is_identically_zero
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, HalfLineProbability, QuadrantProbability
from ntksym.notation import q11, q12, q22

T = sp.Symbol("t", real=True)
D = q11 * q22 - q12**2
TILTED = q11 - q12**2 / (1 + q22)
EXPRESSIONS = [
    q12 / 4 + q12 * CorrelationArcsine(q11, q12, q22) / (2 * sp.pi) + sp.sqrt(D) / (2 * sp.pi),
    1 / sp.sqrt(1 + q22) / sp.sqrt(1 + TILTED) ** 3,
    sp.sqrt(2) * sp.sqrt(8 * q11) / sp.sqrt(q11 * 9 / 2),
    CorrelationAngle(q11 + sp.Rational(1, 2), -q12, q22 + sp.Rational(1, 2)) - sp.pi / 2,
    CorrelationArcsine(q11 / (1 + q11), -3 * q12 / (1 + q11), 9 * q22 / (1 + q11)),
    (sp.exp(sp.I * T - q11 / 2) + sp.exp(-sp.I * T - q11 / 2)) * (1 - sp.cos(2 * T)),
    sp.exp(sp.I * sp.pi / 4) * sp.exp(sp.I * T) + sp.exp(-sp.I * sp.pi / 4) * sp.exp(-sp.I * T),
    sp.exp(q12 - q11 / 2) * sp.exp(-q22 / 2) * (q12 + 1) ** 3 / (1 + q12),
    sp.sqrt((1 + 2 * q11) ** 3 * (1 + 2 * q22)) / (1 + 2 * q11),
    sp.exp(q11 / 2) * HalfLineProbability(-q11, q11) + HalfLineProbability(q12 - T * q11, D * q11) - HalfLineProbability(T * q11 - q12, D * q11),
    HalfLineProbability(sp.sqrt(2) * T, q11 * 3 / 4) - 1 + HalfLineProbability(sp.I * q12, q11) + HalfLineProbability(-sp.I * q12, q11),
    QuadrantProbability(T, T / 3, q11, q12, q22) - QuadrantProbability(3 * T, -T, 9 * q11, -9 * q12, 9 * q22) * q12,
    QuadrantProbability(-T / 2, 0, q11 / q22, q12 / q22, q22 / q22) + QuadrantProbability(0, 0, q11, q12, q22) + QuadrantProbability(T, 2, q11, 0, q22),
]
POINTS = [
    {q11: sp.Rational(7, 5), q12: sp.Rational(-3, 10), q22: sp.Rational(4, 5), T: sp.Rational(2, 3)},
    {q11: sp.Rational(1, 9), q12: sp.Rational(1, 20), q22: sp.Rational(2, 1), T: sp.Rational(-5, 4)},
]


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_the_normal_form_has_the_same_value(expr: sp.Expr) -> None:
    for point in POINTS:
        with mpmath.workdps(45):
            difference = evaluate_at(expr, point, 45) - evaluate_at(canonical(expr), point, 45)
        assert abs(difference) < mpmath.mpf(10) ** -40


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_the_normal_form_is_idempotent(expr: sp.Expr) -> None:
    once = canonical(expr)
    assert canonical(once) == once


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_zero_is_decided_between_two_writings(expr: sp.Expr) -> None:
    assert is_identically_zero(expr - canonical(expr))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(EXPRESSIONS, 2)), ids=lambda e: str(e)[:12])
def test_different_functions_are_not_zero(first: sp.Expr, second: sp.Expr) -> None:
    assert not is_identically_zero(first - second)


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_a_tiny_factor_is_seen(expr: sp.Expr) -> None:
    assert not is_identically_zero(expr - canonical(expr) * (1 + sp.Rational(1, 10**30)))


def test_an_imaginary_rest_is_refused() -> None:
    with pytest.raises(NormalFormError, match="imaginary"):
        canonical(sp.exp(sp.I * T))
    assert canonical(sp.exp(sp.I * T), real=False) == sp.exp(sp.I * T)


def test_parallel_vectors_have_angle_zero() -> None:
    assert canonical(CorrelationAngle(q11, 2 * q11, 4 * q11)) == 0
    assert canonical(CorrelationArcsine(q11, -q11, q11)) == -sp.pi / 2


def test_pi_minus_arccos_is_one_angle() -> None:
    assert canonical(sp.pi / 2 + CorrelationArcsine(q11, q12, q22)) == CorrelationAngle(q11, -q12, q22)
    assert canonical(CorrelationArcsine(q11, q12, q22) - sp.pi / 2) == -CorrelationAngle(q11, q12, q22)
