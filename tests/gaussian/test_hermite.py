"""Hermite coefficients against quadrature of the activation, known ones, and the Taylor coefficients of the dual; what is refused."""

from __future__ import annotations

import mpmath
import oracles
import pytest
import sympy as sp

import ntksym
from ntksym.activations import activation
from ntksym.errors import ActivationError, CheckError
from ntksym.forms import DualForm
from ntksym.gaussian import dual, hermite
from ntksym.gaussian.hermite import hermite_coefficient, polynomial
from ntksym.gaussian.numeric import evaluate_at
from ntksym.notation import q, q11, q12, q22, x
from ntksym.proof import Status
from ntksym.serialize import from_json, to_json

# One of each kind: kink, jump, parameter, threshold, exponential beside a step, wave, bump.
NAMES = ("relu", "sign", "leaky_relu", "hard_tanh", "elu", "sin", "gabor")
ORDER = 4
VARIANCE = sp.Rational(9, 10)


def _at_defaults(name: str) -> tuple[sp.Expr, ...]:
    row = activation(name)
    found = hermite(row.phi, ORDER).coefficients
    assert found is not None
    return tuple(a.xreplace(dict(row.defaults)) for a in found)


def _number(expr: sp.Expr, digits: int = 30) -> mpmath.mpf:
    return evaluate_at(expr, {q: VARIANCE}, digits)


@pytest.mark.parametrize("name", NAMES)
def test_the_coefficients_are_the_averages(name: str) -> None:
    """Against quadrature of what the oracles know of phi, in the physicists' polynomials of mpmath."""
    known = oracles.known(name)
    with mpmath.workdps(20):
        deviation = mpmath.sqrt(mpmath.mpf(9) / 10)
        cuts = [mpmath.mpf(t.numerator) / t.denominator / deviation for t in known.breaks]
        panels = sorted([*cuts, *(mpmath.mpf(k) for k in range(-10, 11, 5))])
        for n, coefficient in enumerate(_at_defaults(name)):
            scale = mpmath.sqrt(2**n * mpmath.factorial(n))
            wanted = (
                mpmath.quad(lambda z, n=n: known.phi(deviation * z) * mpmath.hermite(n, z / mpmath.sqrt(2)) * mpmath.npdf(z), panels, method="gauss-legendre")
                / scale
            )
            assert abs(_number(coefficient) - wanted) < mpmath.mpf(10) ** -17


@pytest.mark.parametrize("name", NAMES)
def test_the_series_is_the_dual(name: str) -> None:
    """d^n V/dq12^n at independence is n! a_n(q11) a_n(q22) / (q11 q22)^(n/2), V from the engine for pairs."""
    row = activation(name)
    form = dual(row.phi).conclusion.claim
    assert isinstance(form, DualForm)
    a, b = sp.Rational(3, 5), sp.Rational(5, 4)
    slope = form.value.xreplace(dict(row.defaults))
    for n, coefficient in enumerate(_at_defaults(name)[:3]):  # (later ones are tied to these by the heat equation)
        first, second = (evaluate_at(coefficient, {q: variance}, 30) for variance in (a, b))
        taylor = evaluate_at(slope.subs(q12, 0), {q11: a, q22: b}, 30) / mpmath.factorial(n)
        assert abs(taylor - first * second / mpmath.mpf("0.75") ** (mpmath.mpf(n) / 2)) < 1e-14, (name, n)
        slope = sp.diff(slope, q12)


def test_known_coefficients() -> None:
    relu = ntksym.hermite_coefficients("relu", 6)
    assert relu[0] - sp.sqrt(q / (2 * sp.pi)) == 0 and relu[1] == sp.sqrt(q) / 2 and relu[3] == relu[5] == 0
    assert sp.simplify(relu[2] - sp.sqrt(q) / (2 * sp.sqrt(sp.pi))) == 0
    assert ntksym.hermite_coefficients("hermite3", 4)[3].subs(q, 1) == 1
    assert ntksym.hermite_coefficients("sin", 3)[1] == sp.sqrt(q) * sp.exp(-q / 2)
    assert ntksym.hermite_coefficients("identity", 2) == (0, sp.sqrt(q), 0)


@pytest.mark.parametrize("name", ["relu", "hard_tanh", "gelu"])
def test_every_step_is_proved_and_the_squares_sum_up(name: str) -> None:
    made = ntksym.hermite_expansion(name, 8)
    assert made.verdict is Status.PROVED and made.title == f"Hermite coefficients of {name}"
    defaults = dict(activation(name).defaults)
    assert made.coefficients is not None and made.mean_square is not None
    squares = [_number(a.xreplace(defaults), 20) ** 2 for a in made.coefficients]
    whole = _number(made.mean_square.xreplace(defaults), 20)
    # Measured: what is left after order 8 is 4e-3 of the whole for hard_tanh, less for the others.
    assert 0 <= whole - sum(squares) < 0.01 * whole


def test_he_n_are_orthonormal() -> None:
    gram = [[sp.integrate(polynomial(n, x) * polynomial(m, x) * sp.exp(-(x**2) / 2), (x, -sp.oo, sp.oo)) for n in range(4)] for m in range(4)]
    assert sp.Matrix(gram) == sp.sqrt(2 * sp.pi) * sp.diag(1, 1, 2, 6)


def test_it_travels_and_replays() -> None:
    made = hermite(activation("relu").phi, 3)
    loaded = from_json(to_json(made))
    assert loaded.stored and loaded.replay() == made
    assert made.markdown() and made.text()


def test_a_wrong_coefficient_is_refuted() -> None:
    """Steps of one order where another is claimed."""
    made = hermite(activation("relu").phi, 2)
    wrong = made.steps[2]
    verdict = wrong.rule.check((made.steps[0].conclusion,), wrong.conclusion, phi=activation("relu").phi, order=0)
    assert verdict.status is Status.FALSE
    with pytest.raises(CheckError):
        made.by(hermite_coefficient, 1, 3, phi=activation("relu").phi, order=2)


def test_refusals() -> None:
    outside = ntksym.hermite_expansion("tanh", 3)
    assert outside.coefficients is None and outside.mean_square is None and "tanh(x)" in str(outside.reason)
    with pytest.raises(ActivationError, match="dual_fn"):
        ntksym.hermite_coefficients("tanh", 3)
    for order in (-1, 33, True, 2.0):
        with pytest.raises(ActivationError, match="integer from 0 to 32"):
            ntksym.hermite_coefficients("relu", order)  # type: ignore[arg-type]
