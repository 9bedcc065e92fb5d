"""Recursions with closed forms written by hand, so that the tests of lowering rest on no derivation."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ntksym import notation as n
from ntksym.forms import Block, DualForm, Parameter, Recursion, phi_derivative
from ntksym.lowering import Header, jax_source, lower_recursion
from ntksym.nodes import CorrelationAngle, CorrelationArcsine, Dual
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
