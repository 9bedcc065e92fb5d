"""Recursions with closed forms written by hand, so that the tests of lowering rest on no derivation."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ntksym import notation as n
from ntksym.forms import Block, DualForm, Parameter, Recursion, phi_derivative
from ntksym.lowering import Header, jax_source, lower_recursion
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Dual, HalfLineProbability, QuadrantProbability
from ntksym.notation import q, q11, q12, q22, sigma_b, sigma_w, x

DET = q11 * q22 - q12**2
THETA = CorrelationAngle(q11, q12, q22)
_SAME = {q11: q, q12: q, q22: q}


def relu() -> DualForm:
    value = (sp.sqrt(DET) + (sp.pi - THETA) * q12) / (2 * sp.pi)
    return DualForm(sp.Lambda(x, sp.Max(0, x)), value, (sp.pi - THETA) / (2 * sp.pi), sp.sqrt(DET) / (4 * sp.pi * q11), q / 2, sp.S.Half, sp.true)


def leaky(symbol: sp.Symbol) -> DualForm:
    slope = (1 + symbol**2) / 2 - (1 - symbol) ** 2 * THETA / (2 * sp.pi)
    value = q12 * slope + (1 - symbol) ** 2 * sp.sqrt(DET) / (2 * sp.pi)
    phi = sp.Lambda(x, sp.Max(0, x) + symbol * sp.Min(0, x))
    half = (1 + symbol**2) / 2
    return DualForm(phi, value, slope, (1 - symbol) ** 2 * sp.sqrt(DET) / (4 * sp.pi * q11), half * q, half, sp.true)


def erf() -> DualForm:
    value = 2 / sp.pi * CorrelationArcsine(1 + 2 * q11, 2 * q12, 1 + 2 * q22)
    slope = 4 / (sp.pi * sp.sqrt((1 + 2 * q11) * (1 + 2 * q22) - 4 * q12**2))
    diagonal = 2 / sp.pi * CorrelationArcsine(1 + 2 * q, 2 * q, 1 + 2 * q)
    return DualForm(sp.Lambda(x, sp.erf(x)), value, slope, value.diff(q11), diagonal, 4 / (sp.pi * sp.sqrt(1 + 4 * q)), sp.true)


def gelu() -> DualForm:
    a, c, b = q11, q12, q22
    root = sp.sqrt((1 + a) * (1 + b) - c**2)
    numerator = a**2 * b**2 + a**2 * b + a * b**2 + a * b - a * b * c**2 + c**2
    value = c * (sp.S.Half - CorrelationAngle(1 + a, c, 1 + b) / (2 * sp.pi)) + numerator / (2 * sp.pi * (1 + a) * (1 + b) * root)
    slope = value.diff(c)
    phi = sp.Lambda(x, x * (1 + sp.erf(x / sp.sqrt(2))) / 2)
    return DualForm(phi, value, slope, value.diff(a), value.subs(_SAME, simultaneous=True), slope.subs(_SAME, simultaneous=True), sp.true)


def sine() -> DualForm:
    value = (sp.exp(-(q11 + q22) / 2 + q12) - sp.exp(-(q11 + q22) / 2 - q12)) / 2
    return DualForm(sp.Lambda(x, sp.sin(x)), value, value.diff(q12), value.diff(q11), (1 - sp.exp(-2 * q)) / 2, (1 + sp.exp(-2 * q)) / 2, sp.true)


def bell() -> DualForm:
    """phi(x) = exp(x^2/8), square-integrable for variances below 4 only."""
    radicand = (1 - q11 / 4) * (1 - q22 / 4) - q12**2 / 16
    value = 1 / sp.sqrt(radicand)
    slope = value.diff(q12)
    condition = sp.And(q11 < 4, q22 < 4, radicand > 0)
    diagonal, below = 1 / sp.sqrt(1 - q / 2), q / 16 * (1 - q / 2) ** sp.Rational(-3, 2)
    return DualForm(sp.Lambda(x, sp.exp(x**2 / 8)), value, slope, value.diff(q11), diagonal, below, condition)


def elu() -> DualForm:
    a, c, b = q11, q12, q22
    both = sp.exp((a + b) / 2 + c) * QuadrantProbability(-(a + c), -(b + c), a, c, b)
    tilted = sp.exp(a / 2) * QuadrantProbability(-a, c, a, -c, b), sp.exp(b / 2) * QuadrantProbability(c, -b, a, -c, b)
    below = sp.exp(a / 2) * QuadrantProbability(-a, -c, a, c, b), sp.exp(b / 2) * QuadrantProbability(-c, -b, a, c, b)
    quarter = CorrelationAngle(a, -c, b) / (2 * sp.pi)
    edges = [sp.sqrt(v) * (sp.exp(DET / (2 * v)) * HalfLineProbability(-DET, v * DET) - sp.S.Half) / sp.sqrt(2 * sp.pi) for v in (a, b)]
    slope = both + sum(tilted) + quarter
    value = c * (sum(tilted) + quarter) + quarter + sp.sqrt(DET) / (2 * sp.pi) + sum(edges) - sum(below) + both
    corner = sp.sqrt(b / (2 * sp.pi)) * sp.exp(DET / (2 * b)) * HalfLineProbability(-DET, b * DET) - c / (2 * sp.sqrt(2 * sp.pi * a))
    by_q11 = (c * tilted[0] + corner - below[0] + both) / 2
    half = HalfLineProbability(-2 * q, q) * sp.exp(2 * q) + sp.S.Half
    square = q / 2 - 2 * sp.exp(q / 2) * HalfLineProbability(-q, q) + half
    return DualForm(sp.Lambda(x, sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True))), value, slope, by_q11, square, half, sp.true)


def _edge(a: sp.Expr, c: sp.Expr, b: sp.Expr, t: sp.Expr, side: int) -> sp.Expr:
    """The normal density of u at t, times P(side (v - t) >= 0 | u = t)."""
    return sp.exp(-(t**2) / (2 * a)) / sp.sqrt(2 * sp.pi * a) * HalfLineProbability(side * t * (c - a), a * (a * b - c**2))


def _joint(a: sp.Expr, c: sp.Expr, b: sp.Expr, t: sp.Expr) -> sp.Expr:
    """The normal density of (u, v) at (t, t), times the determinant."""
    return sp.exp(-(t**2) * (a + b - 2 * c) / (2 * (a * b - c**2))) * sp.sqrt(a * b - c**2) / (2 * sp.pi)


def shifted_relu() -> DualForm:
    """max(x - 1/2, 0)."""
    a, c, b, t = q11, q12, q22, sp.Rational(1, 2)
    slope = QuadrantProbability(-t, -t, a, c, b)
    value = (c + t**2) * slope - t * a * _edge(a, c, b, t, 1) - t * b * _edge(b, c, a, t, 1) + _joint(a, c, b, t)
    by_q11 = (t * (c - a) * _edge(a, c, b, t, 1) + _joint(a, c, b, t)) / (2 * a)
    half = HalfLineProbability(-t, q)
    square = (q + t**2) * half - t * sp.sqrt(q / (2 * sp.pi)) * sp.exp(-(t**2) / (2 * q))
    return DualForm(sp.Lambda(x, sp.Max(x - t, 0)), value, slope, by_q11, square, half, sp.true)


def hard_tanh() -> DualForm:
    """max(-1, min(1, x)): twice what happens at (1, 1), less twice what happens at (1, -1)."""
    a, c, b = q11, q12, q22
    like, unlike = QuadrantProbability(-1, -1, a, c, b), QuadrantProbability(-1, -1, a, -c, b)
    inside = 1 - 2 * HalfLineProbability(-1, a) - 2 * HalfLineProbability(-1, b)
    slope = inside + 2 * like + 2 * unlike
    edges = sum(2 * v * (_edge(v, -c, w, sp.S.One, 1) - _edge(v, c, w, sp.S.One, 1)) for v, w in ((a, b), (b, a)))
    joint = _joint(a, c, b, sp.S.One) - _joint(a, -c, b, sp.S.One)
    value = c * slope + 2 * (like - unlike) + edges + 2 * joint
    density = sp.exp(-1 / (2 * a)) / sp.sqrt(2 * sp.pi * a)
    by_q11 = (joint + (c - a) * _edge(a, c, b, sp.S.One, 1) + (a + c) * _edge(a, -c, b, sp.S.One, 1) - c * density) / a
    tail = HalfLineProbability(-1, q)
    square = q + (2 - 2 * q) * tail - sp.sqrt(2 * q / sp.pi) * sp.exp(-1 / (2 * q))
    return DualForm(sp.Lambda(x, sp.Max(-1, sp.Min(1, x))), value, slope, by_q11, square, 1 - 2 * tail, sp.true)


def snake() -> DualForm:
    """x + sin(x)^2: smooth, and a sum of terms near 1/4 at small variances."""
    near, far = (sp.exp(-2 * (q11 + q22) + sign * 4 * q12) for sign in (1, -1))
    value = q12 + (near + far) / 8 + sp.Rational(1, 4) - (sp.exp(-2 * q11) + sp.exp(-2 * q22)) / 4
    by_q11 = (2 * sp.exp(-2 * q11) - near - far) / 4
    square = q + sp.Rational(3, 8) - sp.exp(-2 * q) / 2 + sp.exp(-8 * q) / 8
    return DualForm(sp.Lambda(x, x + sp.sin(x) ** 2), value, 1 + (near - far) / 2, by_q11, square, (3 - sp.exp(-8 * q)) / 2, sp.true)


def recursion(form: DualForm, depth: int = 3, *, sigma_b_default: float = 0.1, extra: tuple[Parameter, ...] = ()) -> Recursion:
    """A fully connected network; ``sigma_b_default=0`` leaves the bias out of every formula."""
    phi, slope = form.phi, phi_derivative(form.phi)
    bias = sigma_b**2 if sigma_b_default else sp.S.Zero
    pairs = {n.K11: (n.K11, n.K11, n.K11), n.K12: (n.K11, n.K12, n.K22), n.K22: (n.K22, n.K22, n.K22)}
    grams = {n.K11: n.s11, n.K12: n.s12, n.K22: n.s22}
    thetas = {n.K11: n.Theta11, n.K12: n.Theta12, n.K22: n.Theta22}
    first = {k: sigma_w**2 * s + bias for k, s in grams.items()}
    forward = {k: sigma_w**2 * Dual(phi, phi, *pair) + bias for k, pair in pairs.items()}
    tangent = {thetas[k]: forward[k] + sigma_w**2 * Dual(slope, slope, *pair) * thetas[k] for k, pair in pairs.items()}
    parameters = (Parameter(sigma_w, sp.Float(1.5), True), *((Parameter(sigma_b, sp.Float(sigma_b_default), True),) if sigma_b_default else ()), *extra)
    return Recursion(
        depth=sp.Integer(depth),
        state=(*grams, *thetas.values()),
        base=(*first.items(), *((thetas[k], value) for k, value in first.items())),
        blocks=(Block(sp.Integer(depth), (*forward.items(), *tangent.items()), "hidden layers"),),
        outputs=(("nngp", n.K12, n.K11), ("ntk", n.Theta12, n.Theta11)),
        parameters=parameters,
        duals=(form,),
    )


def source(form: DualForm, name: str = "phi", depth: int = 3, **options: Any) -> str:
    header = Header("A network for tests", "0", names=((form.phi, name),))
    return jax_source(lower_recursion(recursion(form, depth, **options), header))
