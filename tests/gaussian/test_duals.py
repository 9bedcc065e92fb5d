"""Derived duals against quadrature of the activation, point by point; what they claim of themselves; what is outside."""

from __future__ import annotations

import mpmath
import oracles
import pytest
import sympy as sp

from ntksym.activations import activation
from ntksym.forms import CrossDualForm, DualForm, OutsideClass
from ntksym.gaussian import dual, jumps
from ntksym.gaussian.numeric import evaluate_at
from ntksym.notation import q, q11, q12, q22, x
from ntksym.proof import Status
from ntksym.serialize import from_json, to_json

# Every kind of atom once; the whole catalogue is in tests/benchmarks/dual_table.py.
NAMES = ("identity", "relu", "leaky_relu", "abs", "relu^3", "sign", "step", "erf", "normal_cdf", "gelu", "sin", "exp", "gaussian", "snake", "x_sin_x")
POINTS = (("1.3", "0.999", "0.8"), ("0.7", "-0.99", "1.7"), ("0.25", "0", "2.5"))


def _point(variance: str, correlation: str, other: str) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]:
    a, rho, b = (mpmath.mpf(t) for t in (variance, correlation, other))
    return a, rho * mpmath.sqrt(a * b), b


def _form(name: str) -> DualForm:
    claim = dual(activation(name).at_defaults).conclusion.claim
    assert isinstance(claim, DualForm)
    return claim


def _value(expr: sp.Expr, a: mpmath.mpf, c: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    from_parts = sp.lambdify((q11, q12, q22), expr, modules=_modules(), cse=True)
    return mpmath.mpmathify(from_parts(a, c, b))


def _modules() -> list[object]:
    angle = {
        "CorrelationAngle": lambda a, c, b: mpmath.acos(c / mpmath.sqrt(a * b)),
        "CorrelationArcsine": lambda a, c, b: mpmath.asin(c / mpmath.sqrt(a * b)),
    }
    return [angle, "mpmath"]


@pytest.mark.parametrize("name", NAMES)
def test_the_closed_form_is_the_expectation(name: str) -> None:
    form, known = _form(name), oracles.known(name)
    for point in POINTS[:2] if name in {"x_sin_x", "snake"} else POINTS:
        with mpmath.workdps(50):
            a, c, b = _point(*point)
            value, slope = _value(form.value, a, c, b), _value(form.derivative, a, c, b)
            # Relative to sqrt(V11 V22): where V itself passes through zero nothing else is meaningful.
            scale = mpmath.sqrt(oracles.square(known, a, digits=15) * oracles.square(known, b, digits=15))
            assert abs(value - oracles.value(known, a, c, b, digits=25)) < mpmath.mpf(10) ** -24 * scale
            assert abs(slope - oracles.derivative(known, a, c, b, digits=25)) < mpmath.mpf(10) ** -24 * (1 + abs(slope))


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_proved(name: str) -> None:
    derivation = dual(activation(name).phi)
    assert derivation.verdict is Status.PROVED, [(s.rule.name, str(s.verdict)) for s in derivation.all_steps() if s.verdict.status < Status.PROVED]


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "gaussian", "relu^3"])
def test_the_partial_in_the_variance_is_the_slope(name: str) -> None:
    form = _form(name)
    with mpmath.workdps(60):
        a, c, b = _point("0.9", "0.4", "1.6")
        slope = mpmath.diff(lambda t: _value(form.value, t, c, b), a)
        assert abs(slope - _value(form.dvalue_dq11, a, c, b)) < mpmath.mpf(10) ** -25


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "sin"])
def test_a_derivation_replays_and_travels_as_json(name: str) -> None:
    derivation = dual(activation(name).phi)
    assert derivation.replay() == derivation
    loaded = from_json(to_json(derivation))
    assert loaded.stored and loaded.verdict is Status.UNCHECKED
    assert loaded.replay() == derivation


@pytest.mark.parametrize(("first", "second"), [("relu", "erf"), ("gelu", "relu"), ("relu", "step"), ("sin", "cos"), ("identity", "gaussian")])
def test_two_activations(first: str, second: str) -> None:
    derivation = dual(activation(first).phi, activation(second).phi)
    assert isinstance(derivation.conclusion.claim, CrossDualForm)
    f, g = (sp.lambdify(x, activation(n).phi(x).rewrite(sp.Piecewise), "mpmath") for n in (first, second))
    with mpmath.workdps(40):
        a, c, b = _point("0.7", "0.35", "1.4")
        wanted = oracles.polar(f, g, a, c, b, digits=20, growth=1)
        assert abs(_value(derivation.expr, a, c, b) - wanted) < mpmath.mpf(10) ** -19


OUTSIDE = {
    "tanh": (sp.tanh(x), "tanh"),
    "shifted relu": (sp.Max(x - 1, 0), "bivariate normal cdf"),
    "elu": (sp.Piecewise((sp.exp(x) - 1, x < 0), (x, True)), "shifted exponential"),
    "erf squared": (sp.erf(x) ** 2, "two normal-cdf factors"),
    "relu times erf": (sp.Max(x, 0) * sp.erf(x), "three variables"),
    "relu plus sin": (sp.Max(x, 0) + sp.sin(x), "shifted step"),
    "shifted erf": (sp.erf(x + 1), "shifted"),
    "softplus": (sp.log(1 + sp.exp(x)), "log"),
    "rational": (1 / (1 + x**2), "power"),
    "quartic exponential": (sp.exp(-(x**4)), "degree 4"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_the_class_is_named(name: str) -> None:
    expr, word = OUTSIDE[name]
    derivation = dual(sp.Lambda(x, expr))
    assert isinstance(derivation.conclusion.claim, OutsideClass)
    assert derivation.expr is None and derivation.derivative is None
    assert derivation.reason is not None and word in derivation.reason


def test_existence_is_an_assumption() -> None:
    form = _form_of(sp.exp(x**2 / 8))
    assert form.condition.subs({q11: 1, q12: sp.Rational(1, 2), q22: 1, q: 1}) == sp.true
    assert form.condition.subs({q11: 5, q12: 0, q22: 1, q: 1}) == sp.false
    assert form.condition.subs({q11: 1, q12: 0, q22: 1, q: 3}) == sp.false
    assert dual(sp.Lambda(x, sp.exp(x**2 / 8))).assumptions


def _form_of(expr: sp.Expr) -> DualForm:
    claim = dual(sp.Lambda(x, expr)).conclusion.claim
    assert isinstance(claim, DualForm)
    return claim


def test_jumps_are_seen() -> None:
    assert jumps(activation("sign").phi) and jumps(activation("step").phi)
    assert not jumps(activation("relu").phi)
    assert _form("sign").diagonal_derivative == sp.oo


def test_equal_activations_share_one_derivation() -> None:
    y = sp.Symbol("y", real=True)
    assert dual(sp.Lambda(y, sp.Max(y, 0))) is dual(sp.Lambda(x, sp.Max(x, 0)))


def test_the_evaluator_of_the_checks_has_the_digits_it_says() -> None:
    point = {q11: sp.Rational(1, 3), q12: sp.Rational(1, 5), q22: sp.Rational(1, 2)}
    with mpmath.workdps(60):
        wanted = mpmath.sqrt(mpmath.mpf(1) / 3 * mpmath.mpf(1) / 2 - mpmath.mpf(1) / 25)
        assert abs(evaluate_at(sp.sqrt(q11 * q22 - q12**2), point, 55) - wanted) < mpmath.mpf(10) ** -50
