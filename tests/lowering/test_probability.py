"""Half-line and quadrant probabilities in generated code: the special functions, and duals with thresholds and half-line exponentials, against 40 digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from jax import lax
from lowering import cases

from ntksym.forms import DualForm
from ntksym.gaussian import dual
from ntksym.gaussian.numeric import MODULES
from ntksym.lowering import dual_source, load_source, lower_form
from ntksym.lowering.germ import germ
from ntksym.lowering.printers.jax_probability import PIECES, pieces
from ntksym.lowering.probability import standardised
from ntksym.lowering.program import Erf, Expm1, Quotient, ScaledCDF, ScaledErfi
from ntksym.notation import q, q11, q12, q22, x

BOTH = [np.float64, np.float32]
EPS = {np.float64: 2.0**-52, np.float32: 2.0**-23}


@cache
def runtime() -> dict[str, Any]:
    """Every piece of the runtime in one namespace, with the helpers they call."""
    helpers = cases.source(cases.relu(), "relu")
    start, end = helpers.index("def _arrays"), helpers.index("@jax.custom_jvp\ndef dual_relu")
    space: dict[str, Any] = {"jax": jax, "jnp": jnp, "lax": lax}
    exec(helpers[start:end] + "".join(PIECES.values()), space)
    return space


def called(name: str, dtype: type, *arguments: np.ndarray) -> np.ndarray:
    with jax.enable_x64(dtype is np.float64), jax.numpy_dtype_promotion("strict"):
        return np.asarray(jax.jit(runtime()[name])(*(jnp.asarray(entry.astype(dtype)) for entry in arguments)))


def relative(found: np.ndarray, exact: list[Any]) -> float:
    return max(float(abs(mp.mpf(float(f)) - e) / abs(e)) for f, e in zip(found, exact, strict=True))


# Measured: 3 and 2 ulp; Dawson's 9 and 8.
@pytest.mark.parametrize("dtype", BOTH)
def test_scaled_error_functions(dtype: type) -> None:
    points = np.concatenate([10 ** np.random.default_rng(1).uniform(-8, 3, 60), [0.0]]).astype(dtype)
    with mp.workdps(40):
        large = [mp.mpf(float(p)) for p in points]
        exact = [mp.exp(p * p) * mp.erfc(p) for p in large]
        assert relative(called("_erfcx", dtype, points), exact) < 6 * EPS[dtype]
        exact = [mp.exp(-p * p) * mp.erfi(p) for p in large[:-1]]
        assert relative(called("_scaled_erfi", dtype, 0 * points[:-1], points[:-1]), exact) < 16 * EPS[dtype]


def hidden(h: Any, y: Any) -> Any:
    """The definition: an integral over the angle, by double-exponential quadrature."""
    if y > h and h * h + y * y < 1:
        return mp.exp((h * h + y * y) / 2) * mp.erfc(h / mp.sqrt(2)) * mp.erfc(y / mp.sqrt(2)) / 4 - hidden(y, h)
    shift = (h * h + y * y) / 2
    if shift < 0.5:
        inside = mp.quad(lambda p: mp.exp(-h * h / 2 / mp.cos(p) ** 2), [0, mp.atan2(y, h)]) / (2 * mp.pi)
        return mp.exp(shift) * (mp.erfc(h / mp.sqrt(2)) / 4 - inside)
    return mp.quad(lambda p: mp.exp(shift - h * h / 2 / mp.sin(p) ** 2) if p else mp.mpf(0), [0, mp.atan2(h, y)]) / (2 * mp.pi)


# Measured, relative to the whole half-line near 0 and to the value elsewhere: float64 2e-14, float32 4e-7.
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 5e-14), (np.float32, 8e-7)])
def test_the_mass_behind_a_half_line(dtype: type, tolerance: float) -> None:
    rng = np.random.default_rng(2)
    h = np.concatenate([10 ** rng.uniform(-5, 5, 40), 10 ** rng.uniform(-1, 0.7, 60)]).astype(dtype)
    y = np.concatenate([10 ** rng.uniform(-5, 5, 40), 10 ** rng.uniform(-1, 0.7, 60)]).astype(dtype)
    found = called("_hidden", dtype, h, y)
    with mp.workdps(25):
        for made, a, b in zip(found, h, y, strict=True):
            exact = hidden(mp.mpf(float(a)), mp.mpf(float(b)))
            scale = exact if a * a + b * b > 2 else mp.erfc(mp.mpf(float(a)) / mp.sqrt(2)) / 4
            assert abs(mp.mpf(float(made)) - exact) < tolerance * scale, (a, b)


# Measured: 2e-15 and 7e-7.
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 5e-15), (np.float32, 1.5e-6)])
def test_the_mass_of_a_triangle(dtype: type, tolerance: float) -> None:
    rng = np.random.default_rng(3)
    h, y = (10 ** rng.uniform(-5, 1.3, (2, 60))).astype(dtype)

    def mass(a: Any, b: Any) -> Any:
        return mp.quad(lambda t: -mp.expm1(-(a * a + t * t) / 2) * a / (a * a + t * t), mp.linspace(0, b, 6)) / (2 * mp.pi)

    with mp.workdps(25):
        exact = [mass(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(h, y, strict=True)]
    near = [k for k, (a, b) in enumerate(zip(h, y, strict=True)) if b < 50 * a]  # (the reference resolves no narrower peak)
    assert relative(called("_triangle", dtype, h, y)[near], [exact[k] for k in near]) < tolerance
    np.testing.assert_array_equal(called("_triangle", dtype, -h, y), -called("_triangle", dtype, h, y))


def test_the_rules_of_derivatives_are_the_derivatives() -> None:
    with jax.enable_x64(True):
        step = 1e-5
        for name, points in (("_hidden", [(0.3, 0.2), (2.5, 0.4), (0.1, 3.0)]), ("_triangle", [(0.3, 0.2), (-2.5, 0.4), (0.1, 3.0), (0.0, 0.0)])):
            function = runtime()[name]
            for h, y in points:
                for k, made in enumerate(jax.grad(function, (0, 1))(h, y)):
                    there, back = ((h + s, y) if k == 0 else (h, y + s) for s in (step, -step))
                    np.testing.assert_allclose(made, (function(*there) - function(*back)) / (2 * step), rtol=1e-7, atol=1e-10)


def test_a_module_holds_only_the_pieces_it_calls() -> None:
    assert not [name for name in PIECES if re.search(rf"(?<!\w){name}\b", cases.source(cases.gelu(), "gelu"))]
    text = pieces("V = _corner(a, b, c, d)")
    assert "def _triangle" in text and "def _hidden" not in text and "_NODES_24" not in text


def test_a_difference_that_cancels_stands_alone() -> None:
    """3 q11 - 3 q12 under one fused multiply-add is not 0 at q11 = q12; 3 (q11 - q12) is."""
    det = q11 * q22 - q12**2
    found = standardised(3 * q12 - 3 * q11, q11 * det)
    (quotient,) = found.atoms(Quotient)
    assert quotient.args[0] in (q11 - q12, q12 - q11)


FORMS: dict[str, Callable[[], DualForm]] = {"elu": cases.elu, "shifted_relu": cases.shifted_relu, "hard_tanh": cases.hard_tanh, "snake": cases.snake}


@cache
def generated(name: str) -> MappingProxyType[str, Any]:
    function, _ = lower_form(FORMS[name](), name)
    return load_source(dual_source(function, name, "test"))


def rounded(a: float, gap: float, b: float, sign: int) -> tuple[float, float, float]:
    a, b = float(np.float32(a)), float(np.float32(b))
    c = np.float32(np.sqrt(a) * np.sqrt(b) * (1 - gap))
    while Fraction(float(c)) ** 2 > Fraction(a) * Fraction(b):
        c = np.nextafter(c, np.float32(0))
    return a, sign * float(c), b


GENERIC = ((0.1, 0.1), (10, 10), (0.3, 7))
CORRELATIONS = ((0.3, 1), (1e-3, 1), (1e-7, 1), (0, 1), (1e-5, -1), (0, -1))


@cache
def reference(name: str, variances: tuple[tuple[float, float], ...]) -> list[tuple[tuple[float, float, float], tuple[Any, ...], Any, Any]]:
    """Per point: the point, (V, V', dV/dq11), sqrt(V11 V22), sqrt(V'11 V'22)."""
    form = FORMS[name]()
    pairs = [sp.lambdify((q11, q12, q22), e, modules=MODULES) for e in (form.value, form.derivative, form.dvalue_dq11)]
    ones = [sp.lambdify(q, e, modules=MODULES) for e in (form.diagonal_value, form.diagonal_derivative)]
    rows = []
    for a, b in variances:
        for gap, sign in CORRELATIONS:
            point = first, cov, second = rounded(a, gap, b, sign)
            edge = Fraction(cov) ** 2 == Fraction(first) * Fraction(second)
            with mp.workdps(70 if edge else 45):
                u, c, v = mp.mpf(first), mp.mpf(cov) * (1 - mp.mpf(10) ** -32 if edge else 1), mp.mpf(second)
                rows.append((point, tuple(f(u, c, v) for f in pairs), *(mp.sqrt(f(u) * f(v)) for f in ones)))
    return rows


def largest_error(name: str, dtype: type, variances: tuple[tuple[float, float], ...]) -> tuple[float, float, float]:
    """Of V relative to sqrt(V11 V22), of V' relative to sqrt(V'11 V'22), of dV/dq11 relative to sqrt(V11 V22) / q11."""
    rows = reference(name, variances)
    function = generated(name)[f"dual_{name}"]
    with jax.enable_x64(dtype is np.float64), jax.numpy_dtype_promotion("strict"):
        arrays = tuple(jnp.asarray(np.array(entries, dtype)) for entries in zip(*(row[0] for row in rows), strict=True))
        direction = (jnp.ones_like(arrays[0]), jnp.zeros_like(arrays[0]), jnp.zeros_like(arrays[0]))
        (value, slope), (by_q11, _) = jax.jit(lambda *given: jax.jvp(function, given, direction))(*arrays)
    worst = [0.0, 0.0, 0.0]
    for k, (point, exact, square, slopes) in enumerate(rows):
        for entry, (made, scale) in enumerate(((value, square), (slope, slopes), (by_q11, square / point[0]))):
            worst[entry] = max(worst[entry], float(abs(mp.mpf(float(made[k])) - exact[entry]) / scale))
    return worst[0], worst[1], worst[2]


# Measured: float64 9e-15 (shifted_relu, variance 0.1: a tail), 3e-15, 6e-16; float32 1e-6, 3e-7, 2e-7.
@pytest.mark.parametrize("dtype, tolerances", [(np.float64, (2e-14, 6e-15, 2e-15)), (np.float32, (2e-6, 6e-7, 5e-7))])
@pytest.mark.parametrize("name", FORMS)
def test_duals_at_moderate_variances(name: str, dtype: type, tolerances: tuple[float, float, float]) -> None:
    for error, tolerance in zip(largest_error(name, dtype, GENERIC), tolerances, strict=True):
        assert error < tolerance


# Without the Taylor coefficients: elu 3e-10 and 0.05 at 1e-6.
@pytest.mark.parametrize("name, dtype, variances, tolerance", [
    ("elu", np.float64, ((1e-12, 3e-12), (4e-3, 1e-2)), 2e-13),
    ("elu", np.float32, ((1e-12, 3e-12), (4e-3, 1e-2)), 1e-6),
    ("elu", np.float64, ((1e6, 3e5),), 2e-15),
    ("snake", np.float64, ((1e-6, 1e-6), (1e-12, 3e-12)), 1e-14),
    ("snake", np.float32, ((1e-6, 1e-6), (1e6, 1e6)), 1e-6),
    ("hard_tanh", np.float64, ((1e-12, 3e-12),), 2e-15),
    ("hard_tanh", np.float64, ((1e6, 3e5),), 2e-12),
    ("shifted_relu", np.float64, ((1e12, 1e12),), 2e-15),
])  # fmt: skip
def test_duals_at_the_edges(name: str, dtype: type, variances: tuple[tuple[float, float], ...], tolerance: float) -> None:
    assert largest_error(name, dtype, variances)[0] < tolerance


@pytest.mark.parametrize("name", FORMS)
def test_nothing_is_nan(name: str) -> None:
    """Values and gradients at zero variances, correlation +-1 and huge arguments, under jit, vmap and grad."""
    function = generated(name)[f"dual_{name}"]
    triples = [(0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (1.0, -1.0, 1.0), (2.0, 1.0, 0.5), (1e12, 1e12, 1e12), (1e-12, 0.0, 1e12)]
    with jax.enable_x64(True):
        points = jnp.array(triples)
        assert np.isfinite(jax.vmap(lambda p: jnp.stack(function(*p)))(points)).all()
        gradient = jax.jit(jax.vmap(jax.grad(lambda p: function(*p)[0])))(points)
        assert np.isfinite(gradient).all()
        np.testing.assert_allclose(gradient[4], jax.grad(lambda p: function(*p)[0])(points[4]), rtol=1e-12)


@pytest.mark.parametrize("name", ["shifted_relu", "hard_tanh", "snake"])
def test_hessians(name: str) -> None:
    function = generated(name)[f"dual_{name}"]
    with jax.enable_x64(True):
        point, step = jnp.array([1.2, 0.4, 0.9]), 1e-5
        gradient = jax.grad(lambda p: function(*p)[0])
        made = jax.hessian(lambda p: function(*p)[0])(point)
        for i in range(3):
            shift = jnp.zeros(3).at[i].set(step)
            np.testing.assert_allclose(made[i], (gradient(point + shift) - gradient(point - shift)) / (2 * step), rtol=1e-7, atol=1e-9)


def test_the_germ_of_an_activation() -> None:
    found = germ(cases.elu())
    assert found is not None
    assert found.order == 1
    assert found.right[:4] == (0, 1, 0, 0)
    assert found.left[:4] == (0, 1, sp.Rational(1, 2), sp.Rational(1, 6))
    found = germ(cases.hard_tanh())
    assert found is not None and found.reach == 1 / 80
    assert germ(cases.shifted_relu()) is None  # nothing to replace: 0 near 0
    jump = cases.elu()
    assert germ(DualForm(sp.Lambda(x, sp.sign(x)), jump.value, jump.derivative, jump.dvalue_dq11, q11, q11, sp.true)) is None


def test_heads_of_numbers_are_numbers() -> None:
    """Thresholds over constants only: what no variable stands in is evaluated, not printed as a call."""
    third = sp.Rational(1, 3)
    meanings = {
        Erf(third): mp.erf(mp.mpf(1) / 3),
        Expm1(third): mp.expm1(mp.mpf(1) / 3),
        ScaledCDF(third, third - sp.Rational(1, 18), third): mp.exp(mp.mpf(1) / 3) * mp.ncdf(mp.mpf(1) / 3),
        ScaledErfi(third, third): mp.exp(mp.mpf(2) / 9) * mp.erfi(mp.mpf(1) / 3),
    }
    for head, value in meanings.items():
        assert abs(float(head.evalf(20)) - float(value)) < 4e-16  # mpmath works in doubles here
    form = dual(sp.Lambda(x, sp.erf(x / 2 + 1) + sp.Max(-1, sp.Min(1, x)))).conclusion.claim
    with jax.enable_x64(True):
        found = float(load_source(dual_source(lower_form(form, "phi")[0], "phi", "0"))["dual_phi"](np.float64(1), np.float64(0.5), np.float64(2))[0])
    expression = form.value.subs({q11: 1, q12: sp.Rational(1, 2), q22: 2})
    assert abs(found - float(sp.lambdify([], expression, modules=MODULES)())) < 1e-15
