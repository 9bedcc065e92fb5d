"""Derived duals against quadrature of the activation, point by point; what they claim of themselves; what is outside."""

from __future__ import annotations

import mpmath
import oracles
import pytest
import sympy as sp

from ntksym.activations import activation
from ntksym.forms import CrossDualForm, DualForm, NumericDual, OutsideClass
from ntksym.gaussian import dual, jumps, limits
from ntksym.gaussian.numeric import evaluate_at
from ntksym.gaussian.zero import is_identically_zero
from ntksym.nodes import QuadrantProbability
from ntksym.notation import q, q11, q12, q22, x
from ntksym.proof import Status
from ntksym.serialize import from_json, to_json

# Every kind of atom once; the whole catalogue is in tests/benchmarks/dual_table.py.
NAMES = ("identity", "relu", "leaky_relu", "abs", "relu^3", "sign", "step", "erf", "normal_cdf", "gelu", "sin", "exp", "gaussian", "snake", "x_sin_x")
SHIFTED = ("shifted_relu", "elu", "hard_tanh", "laplace", "threshold")
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
    special = {
        "CorrelationAngle": lambda a, c, b: mpmath.acos(c / mpmath.sqrt(a * b)),
        "CorrelationArcsine": lambda a, c, b: mpmath.asin(c / mpmath.sqrt(a * b)),
        "HalfLineProbability": lambda m, a: mpmath.ncdf(m / mpmath.sqrt(a)),
        "QuadrantProbability": _quadrant,
    }
    return [special, "mpmath"]


def _quadrant(m1: mpmath.mpf, m2: mpmath.mpf, a: mpmath.mpf, c: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    """The first variable integrated, the second given the first; panels around the place where the second turns."""
    sd, rest = mpmath.sqrt(a), mpmath.sqrt(b - c * c / a)
    turn, width = -m2 * sd / c if c else mpmath.mpf(0), abs(rest * sd / c) if c else mpmath.mpf(1)
    edges = sorted({-m1 / sd, *(t for t in (*(turn + k * width for k in (-9, -3, 0, 3, 9)), -6, -2, 0, 2, 6, 14) if t > -m1 / sd)})
    return mpmath.quad(lambda z: mpmath.npdf(z) * mpmath.ncdf((m2 + c * z / sd) / rest), edges)


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


@pytest.mark.parametrize("name", SHIFTED)
def test_thresholds_and_half_lines(name: str) -> None:
    form, known = _form(name), oracles.known(name)
    for point in (("1.3", "0.9", "0.8"),) if name in {"shifted_relu", "hard_tanh"} else (("0.7", "-0.6", "1.7"),):
        with mpmath.workdps(40):
            a, c, b = _point(*point)
            value, slope = _value(form.value, a, c, b), _value(form.derivative, a, c, b)
            assert abs(value - oracles.value(known, a, c, b, digits=22)) < mpmath.mpf(10) ** -20
            assert abs(slope - oracles.derivative(known, a, c, b, digits=22)) < mpmath.mpf(10) ** -20 * (1 + abs(slope))


@pytest.mark.parametrize("name", (*NAMES, *SHIFTED))
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


S, T = (sp.Symbol(name, real=True) for name in "st")
OUTSIDE = {
    "tanh": (sp.tanh(x), "tanh"),
    "erf squared": (sp.erf(x) ** 2, "two normal-cdf factors"),
    "relu times erf": (sp.Max(x, 0) * sp.erf(x), "three variables"),
    "shifted relu plus sin": (sp.Max(x - 1, 0) + sp.sin(x), "complex argument"),
    "half a wave": (sp.Heaviside(x) * sp.sin(x), "a wave cut off"),
    "softplus": (sp.log(1 + sp.exp(x)), "log"),
    "rational": (1 / (1 + x**2), "power"),
    "quartic exponential": (sp.exp(-(x**4)), "degree 4"),
    "thresholds of unknown order": (sp.Max(x - S, 0) + sp.Max(x - T, 0), "order of the thresholds"),
    "a kink at a root of a cubic": (sp.Max(x**3 - 3 * x + 1, 0), "neither rational"),
    "too many pairs": (sp.Add(*(sp.exp(sp.Rational(k, 9) * x) for k in range(1, 20))), "beyond the limit"),
    "too high a degree": (x**25, "degree 50"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_the_class_is_named(name: str) -> None:
    expr, word = OUTSIDE[name]
    derivation = dual(sp.Lambda(x, expr))
    assert isinstance(derivation.conclusion.claim, OutsideClass | NumericDual)
    assert derivation.expr is None and derivation.derivative is None
    assert derivation.reason is not None and word in derivation.reason


ENDED = {
    "a mix of roots": (sp.erf(x + sp.sqrt(2)), "square roots"),
    "two irrational thresholds": (sp.Max(x - sp.sqrt(2), 0) + sp.Max(-x - 1, 0), "square roots"),
}


@pytest.mark.parametrize("name", ENDED)
def test_what_the_normal_form_cannot_hold_is_named(name: str) -> None:
    expr, word = ENDED[name]
    assert word in (dual(sp.Lambda(x, expr)).reason or "")


def test_the_time_limit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.05)
    derivation = dual(sp.Lambda(x, sp.Max(x, 0) ** 7 * sp.exp(-3 * x**2)))
    assert derivation.expr is None and "limit of 0 s" in (derivation.reason or "")


@pytest.mark.parametrize("threshold", [sp.sqrt(2), sp.Rational(-7, 3), T], ids=str)
def test_one_threshold_anywhere(threshold: sp.Expr) -> None:
    """max(x - t, 0): V' is the probability of a quadrant, V its integral (Price)."""
    form = _form_of(sp.Max(x - threshold, 0))
    assert is_identically_zero(form.derivative - QuadrantProbability(-threshold, -threshold, q11, q12, q22))
    point = {q11: sp.Rational(6, 5), q12: sp.Rational(2, 5), q22: sp.Rational(4, 5), T: sp.Rational(1, 3)}
    f = sp.lambdify(x, sp.Max(x - threshold.xreplace(point), 0), "mpmath")
    with mpmath.workdps(30):
        t = mpmath.mpmathify(sp.N(threshold.xreplace(point), 30))
        a, c, b = (mpmath.mpf(int(point[s].p)) / int(point[s].q) for s in (q11, q12, q22))
        inner = mpmath.sqrt(b - c * c / a)

        def given(u: mpmath.mpf) -> mpmath.mpf:  # E[max(v - t, 0) | u]
            m = c * u / a - t
            return m * mpmath.ncdf(m / inner) + inner * mpmath.npdf(m / inner)

        wanted = mpmath.quad(lambda u: f(u) * given(u) * mpmath.npdf(u / mpmath.sqrt(a)) / mpmath.sqrt(a), [t, t + 1, t + 3, t + 8, t + 16])
        assert abs(evaluate_at(form.value, point, 30) - wanted) < mpmath.mpf(10) ** -24


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
