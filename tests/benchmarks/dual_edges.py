"""Errors of generated duals at the edges: tiny, huge and unequal variances, correlations at and next to +-1, float64 and float32.

    python tests/benchmarks/dual_edges.py                     every closed activation of the catalogue, every regime
    python tests/benchmarks/dual_edges.py elu selu            these
    python tests/benchmarks/dual_edges.py --regimes moderate,small elu

A line is an activation in a regime: the largest error of V, of V', of E phi^2 and of dV/dq11, and where V's is.  Errors of V are relative to
sqrt(V11 V22), those of V' to sqrt(V'11 V'22) (where that is finite), those of dV/dq11 to sqrt(V11 V22)/q11.  Inputs are rounded to float32 and then
exact; the reference is the closed form in 70 digits (120 at correlation +-1, as a limit).  Points where V11 or V22 is not representable are left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import sympy as sp

from ntksym.activations import activation
from ntksym.catalogue import catalogue
from ntksym.forms import DualForm
from ntksym.gaussian import dual
from ntksym.gaussian.numeric import MODULES
from ntksym.lowering import dual_source, load_source, lower_form
from ntksym.notation import q, q11, q12, q22

# Pairs of variances.
REGIMES: dict[str, tuple[tuple[float, float], ...]] = {
    "moderate": ((0.1, 0.1), (1, 1), (10, 10), (0.1, 1), (0.3, 7), (10, 0.7), (2, 2.000001)),
    "small": ((1e-6, 1e-6), (1e-3, 1e-3), (1e-2, 1e-2), (1e-6, 2e-6), (3e-2, 1e-2)),
    "large": ((1e6, 1e6), (1e3, 1e3), (1e6, 3e5), (1e2, 2e2)),
    "unequal": ((1e-6, 1e3), (1, 1e3), (1e-3, 1)),
    "tiny": ((1e-12, 1e-12), (1e-12, 3e-12)),
    "huge": ((1e12, 1e12), (1e12, 4e11)),
    "extreme": ((1e-12, 1e12), (1e-12, 1), (1e9, 1)),
}
FLOAT64_ONLY = {"tiny", "huge", "extreme"}
# 1 - |correlation|, and its sign.
CORRELATIONS = ((1, 1), (0.3, 1), (1e-3, 1), (1e-5, 1), (1e-7, 1), (0, 1), (0.3, -1), (1e-5, -1), (0, -1))
Point = tuple[float, float, float]


def rounded(a: float, gap: float, b: float, sign: int) -> Point:
    """(q11, q12, q22) in float32 with |q12| <= sqrt(q11 q22)."""
    a, b = float(np.float32(a)), float(np.float32(b))
    if gap == 0 and a == b:
        return a, sign * a, b
    c = np.float32(np.sqrt(a) * np.sqrt(b) * (1 - gap))
    while Fraction(float(c)) ** 2 > Fraction(a) * Fraction(b):
        c = np.nextafter(c, np.float32(0))
    return a, sign * float(c), b


def points(regime: str) -> list[Point]:
    """The points of a regime, each once."""
    return list(dict.fromkeys(rounded(a, gap, b, sign) for a, b in REGIMES[regime] for gap, sign in CORRELATIONS))


def evaluators(form: DualForm) -> tuple[list[Callable[..., Any]], list[Callable[..., Any]]]:
    """(V, V', dV/dq11) of a pair, (E phi^2, E phi'^2) of a variance, in mpmath."""

    def pair(expression: sp.Expr) -> Callable[..., Any]:
        return sp.lambdify((q11, q12, q22), expression, modules=MODULES, cse=True)

    def one(expression: sp.Expr) -> Callable[..., Any]:
        return (lambda _: mp.inf) if expression.has(sp.oo, sp.zoo) else sp.lambdify((q,), expression, modules=MODULES, cse=True)

    return [pair(e) for e in (form.value, form.derivative, form.dvalue_dq11)], [one(e) for e in (form.diagonal_value, form.diagonal_derivative)]


def exact(form: DualForm, found: Iterable[Point]) -> list[tuple[Any, ...]]:
    """(V, V', dV/dq11, V11, V22, V'11, V'22) at every point."""
    pairs, ones = evaluators(form)
    rows = []
    for a, c, b in found:
        edge = Fraction(c) ** 2 == Fraction(a) * Fraction(b)
        with mp.workdps(120 if edge else 70):
            first, second, third = mp.mpf(a), mp.mpf(c) * (1 - mp.mpf(10) ** -44 if edge else 1), mp.mpf(b)
            rows.append((*(f(first, second, third) for f in pairs), *(f(variance) for f in ones for variance in (first, third))))
    return rows


def generated(form: DualForm, name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The generated dual and its diagonal."""
    function, _ = lower_form(form, name)
    space = load_source(dual_source(function, name, "benchmark"))
    return space[function.name], space[f"{function.name}_diagonal"]


def errors(made: tuple[Callable[..., Any], Callable[..., Any]], found: list[Point], rows: list[tuple[Any, ...]], dtype: type, at_jumps: bool) -> list[Any]:
    """The largest errors of V, V', E phi^2, dV/dq11 and the point of the first."""
    function, diagonal = made
    with jax.enable_x64(dtype is np.float64):
        a, c, b = (jnp.asarray(np.array(entries, dtype)) for entries in zip(*found, strict=True))
        one, zero = jnp.ones_like(a), jnp.zeros_like(a)
        (value, slope), (by_q11, _) = jax.jit(lambda a, c, b: jax.jvp(function, (a, c, b), (one, zero, zero)))(a, c, b)
        square, _ = jax.jit(diagonal)(a)
    worst: list[Any] = [mp.mpf(0)] * 4 + [None]
    smallest = float(np.finfo(dtype).tiny)
    for k, (point, (v, dv, v1, v11, v22, d11, d22)) in enumerate(zip(found, rows, strict=True)):
        if v11 < smallest or v22 < smallest:
            continue
        scale = mp.sqrt(v11 * v22)
        slopes = mp.sqrt(d11 * d22) if mp.isfinite(d11 * d22) else max(abs(dv), 1)
        infinite = at_jumps and abs(point[1]) >= 0.999 * float(np.sqrt(point[0]) * np.sqrt(point[2]))
        here = [abs(mp.mpf(float(value[k])) - v) / scale, mp.mpf(0), abs(mp.mpf(float(square[k])) - v11) / v11, mp.mpf(0)]
        if not infinite:
            here[1] = abs(mp.mpf(float(slope[k])) - dv) / slopes if slopes > smallest else mp.mpf(0)
            here[3] = abs(mp.mpf(float(by_q11[k])) - v1) * point[0] / scale
        for entry, error in enumerate(here):
            if not error <= worst[entry]:
                worst[entry] = error
                if entry == 0:
                    worst[4] = point
    return worst


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--regimes", default=",".join(REGIMES))
    given = parser.parse_args(arguments)
    print(f"{'activation':16} {'regime':9} {'dtype':8} {'V':>8} {'dV':>8} {'E phi^2':>8} {'dV/dq11':>8}  where V is worst")
    for name in given.names or [row.name for row in catalogue()]:
        chosen = activation(name)
        phi = chosen.phi.xreplace(dict(chosen.defaults))
        form = dual(phi).conclusion.claim
        if not isinstance(form, DualForm):
            continue
        began = time.perf_counter()
        made = generated(form, name)
        print(f"{name:16} lowered in {time.perf_counter() - began:.1f} s")
        for regime in given.regimes.split(","):
            found = points(regime)
            rows = exact(form, found)
            for dtype in (np.float64,) if regime in FLOAT64_ONLY else (np.float64, np.float32):
                *worst, where = errors(made, found, rows, dtype, form.at_jumps)
                figures = " ".join(f"{mp.nstr(error, 2):>8}" for error in worst)
                print(f"{name:16} {regime:9} {dtype.__name__:8} {figures}  {where}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
