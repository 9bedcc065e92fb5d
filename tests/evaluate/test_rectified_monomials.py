"""Deep kernels of x^n 1{x >= 0}, n = 0..6, coincident and opposite inputs included, against the recursion of the literature in 60 digits.

Cho and Saul (2009): E[u^n v^n 1{u >= 0} 1{v >= 0}] = (q11 q22)^{n/2} J_n(angle) / (2 pi), J_n = (-1)^n sin^{2n+1} ((1/sin) d/d angle)^n ((pi - angle)/sin).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import jax
import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import ntksym

DEPTH = 5
T = sp.Symbol("t")


@functools.cache
def _arc_cosine(n: int) -> tuple[Callable[[mp.mpf], mp.mpf], Callable[[mp.mpf], mp.mpf]]:
    """J_n = p (pi - t) + r with p, r polynomials in sin t and cos t."""
    expr = (sp.pi - T) / sp.sin(T)
    for _ in range(n):
        expr = sp.diff(expr, T) / sp.sin(T)
    whole = sp.expand((-1) ** n * sp.sin(T) ** (2 * n + 1) * expr)
    angle = sp.Symbol("angle")
    poly = sp.Poly(sp.expand(whole.subs(sp.pi - T, angle).subs(sp.pi, angle + T)), angle)
    return sp.lambdify(T, poly.coeff_monomial(angle), "mpmath"), sp.lambdify(T, poly.coeff_monomial(1), "mpmath")


def _dual(n: int, a: mp.mpf, c: mp.mpf, b: mp.mpf) -> mp.mpf:
    if a * b == c * c:
        return mp.mpf(0) if c < 0 else mp.sqrt(a * b) ** n * mp.fac2(2 * n - 1) / 2
    theta = mp.atan2(mp.sqrt(a * b - c * c), c)
    p, r = (part(theta) for part in _arc_cosine(n))
    return mp.sqrt(a * b) ** n * (p * (mp.pi - theta) + r) / (2 * mp.pi)


def _slope(n: int, a: mp.mpf, c: mp.mpf, b: mp.mpf) -> mp.mpf:
    """E[phi' phi'] almost everywhere."""
    return n * n * _dual(n - 1, a, c, b) if n else mp.mpf(0)


def _recursion(n: int, sigma_w: float, x: np.ndarray, y: np.ndarray) -> tuple[mp.mpf, mp.mpf]:
    """(NNGP, NTK) of DEPTH hidden layers, without biases."""
    with mp.workdps(60):
        w = mp.mpf(sigma_w) ** 2
        p, q = ([mp.mpf(float(e)) for e in row] for row in (x, y))
        a, c, b = (w * mp.fdot(*pair) / len(p) for pair in ((p, p), (p, q), (q, q)))
        theta = c
        for _ in range(DEPTH):
            value, slope = _dual(n, a, c, b), _slope(n, a, c, b)
            a, c, b = w * _dual(n, a, a, a), w * value, w * _dual(n, b, b, b)
            theta = c + w * slope * theta
        return c, theta


def _rows(n: int) -> np.ndarray:
    """Rows with sigma_w^2 |x|^2/d near 1, where the variances stay near 1: x, -x, and two more."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((3, 4))
    x *= np.sqrt(4 / (x * x).sum(1, keepdims=True)) / _sigma_w(n)
    return np.vstack([x, -x[:1]])


def _sigma_w(n: int) -> float:
    return math.sqrt(2 / float(mp.fac2(2 * n - 1)))


# Rounding of the first layer is amplified n^DEPTH times by q -> q^n; n = 6: 7776 times.  Measured: at most 0.7 of the tolerance (n = 2, float32).
@pytest.mark.parametrize("n", range(7))
def test_deep_kernels_are_finite_and_right(n: int) -> None:
    x = _rows(n)
    pointwise = ntksym.Pointwise(ntksym.activation("rectified_monomial", n=n), derivative=None if n else "almost_everywhere")
    layers = [layer for _ in range(DEPTH) for layer in (ntksym.Dense(_sigma_w(n), 0), pointwise)]
    k = ntksym.kernel_fn(ntksym.Network([*layers, ntksym.Dense(_sigma_w(n), 0)]))
    for dtype in (np.float64, np.float32):
        rows = x.astype(dtype)
        with jax.enable_x64(dtype is np.float64):
            sigma_w = np.asarray(_sigma_w(n), dtype)
            found = [np.asarray(part, np.float64) for part in (*k(rows, rows, ("nngp", "ntk")), *k(rows, None, ("nngp", "ntk")))]
        pairs = [[_recursion(n, float(sigma_w), p, q) for q in rows] for p in rows]
        exact = [np.array([[float(pair[which]) for pair in line] for line in pairs]) for which in (0, 1)]
        tolerance = max(16, 2 * n**DEPTH) * float(np.finfo(dtype).eps)
        for got, wanted in zip(found, exact * 2, strict=True):
            assert np.isfinite(got).all()
            assert np.abs(got - wanted).max() <= tolerance * np.abs(wanted).max(), (dtype, np.abs(got - wanted).max() / np.abs(wanted).max() / tolerance)
