"""The rule for activations outside the class: their duals are computed, by a Hermite-Mehler series or by panels between the kinks.

What the quadrature has to know of phi is read off here; :mod:`scheme` is the method itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import sympy as sp

from ntksym.errors import RuleError
from ntksym.forms import DualForm, NumericDual, OutsideClass
from ntksym.gaussian.checks import fallback as checks
from ntksym.gaussian.evaluation import NoNumbersError, line_values
from ntksym.gaussian.smooth_pieces import SmoothPieces, sample_values, smooth_pieces
from ntksym.notation import x
from ntksym.proof import Assumption, Derivation, Statement, rule
from ntksym.sources import Citation

_FAR = 40.0
_NEAR = 1.0  # a kink this close to 0 has dense panels where the Gaussian has its mass
_LONGEST = 600  # operations; the longest closed form of the catalogue has 360
_D = TypeVar("_D", bound=Derivation)


@rule(
    source=Citation("", "Mehler's formula for a smooth activation; quadrature between the kinks of any other"),
    check=checks.check_numbers,
    reason="No closed form here: generated code computes both averages, with an error bound that is an estimate.",
)
def compute_numerically(outside: Statement, *, phi: sp.Lambda) -> Statement:
    r"""$V_\phi = \sum_n a_n(q_{11})\,a_n(q_{22})\,\rho^n,\quad a_n(q) = \mathbb E\big[\phi(\sqrt q\,z)\,\mathrm{He}_n(z)\big]/\sqrt{n!}$, or by panels"""
    if not isinstance(outside.claim, OutsideClass) or outside.claim.phi != phi:
        raise RuleError("the premise does not say that this activation is outside the class", where="compute_numerically")
    made, searched = described(phi, outside.claim.term, outside.claim.reason)
    assumptions = ()
    if searched:
        text = r"The kinks of $\phi$ are those at which the formula changes its branch in $[-60, 60]$, found by changes of sign."
        assumptions = (Assumption("phi-kinks-found", text),)
    return Statement(made, assumptions=assumptions)


def with_numbers(derivation: _D, phi: sp.Lambda) -> _D:
    """The derivation that ends with phi outside the class, with the step that computes its dual where that can be done."""
    return derivation if without_numbers(phi) else derivation.by(compute_numerically, derivation.last, phi=phi)


@lru_cache(maxsize=512)
def without_numbers(phi: sp.Lambda) -> str:
    """Why the dual of phi cannot be computed; empty where it can."""
    try:
        described(phi, sp.S.One, "")
    except NoNumbersError as error:
        return str(error)
    except (NotImplementedError, sp.PolynomialError) as error:
        return f"its kinks cannot be found: {error}"
    return ""


@lru_cache(maxsize=512)
def described(phi: sp.Lambda, term: sp.Basic, reason: str) -> tuple[NumericDual, bool]:
    """What a quadrature has to know of phi, and whether kinks were found by search.  NoNumbersError where phi does not fit it."""
    split = smooth_pieces(phi(x))
    values = {s: float(v) for s, v in sample_values(phi(x)).items()}
    edges = [float(sp.N(t.xreplace(sample_values(phi(x))), 30)) for t in split.thresholds]
    growth = _growth(split, edges, values)
    rough, steep = _steep(split, edges, values) if split.rough else (False, False)
    jumps = _jumps(split, edges, values)
    centre, scale = (sp.S.Zero, sp.S.One) if split.thresholds or phi.free_symbols or growth else _bend(split.exprs[0])
    thresholds, exprs = _cut_at_0(split, edges)
    return NumericDual(phi, term, reason, thresholds, exprs, centre, scale, growth, rough, jumps, steep), split.searched


@lru_cache(maxsize=512)
def for_code(form: DualForm | NumericDual) -> DualForm | NumericDual:
    """The form that code is made of: a closed form too long to be read and compiled gives way to a quadrature, where one fits phi."""
    if isinstance(form, NumericDual):
        return form
    length = int(sp.count_ops(form.value))
    if length <= _LONGEST or form.condition != sp.true or without_numbers(form.phi):
        return form
    return described(form.phi, form.phi.expr, f"the closed form is derived, but with {length} operations too long for code")[0]


def _cut_at_0(split: SmoothPieces, edges: list[float]) -> tuple[tuple[sp.Expr, ...], tuple[sp.Expr, ...]]:
    """Thresholds and pieces, cut at 0 too where every kink is far out: panels are dense beside the cuts, and the Gaussian has its mass around 0."""
    if not edges or min(map(abs, edges)) <= _NEAR or any(t.free_symbols for t in split.thresholds):
        return split.thresholds, split.exprs
    k = sum(t < 0 for t in edges)
    return (*split.thresholds[:k], sp.S.Zero, *split.thresholds[k:]), (*split.exprs[: k + 1], split.exprs[k], *split.exprs[k + 1 :])


def _growth(split: SmoothPieces, edges: list[float], values: dict[sp.Symbol, float]) -> sp.Expr:
    """The exponential rate of phi at infinity, 0 where it is polynomial; phi is seen to be finite on the way."""
    rates = [sp.S.Zero]
    for piece, side in ((split.exprs[0], -1.0), (split.exprs[-1], 1.0)):
        far = np.abs(line_values(piece, {**values, x: side * np.array([_FAR / 4, _FAR / 2, _FAR])}) * np.ones(3))
        if not np.isfinite(far).all():
            raise NoNumbersError(f"phi is not finite, or not real, at x = {side * _FAR:g}")
        logs = np.log(np.maximum(far, 1e-300))
        first, second = (logs[1] - logs[0]) / (_FAR / 4), (logs[2] - logs[1]) / (_FAR / 2)
        if second > 0.2:
            if second > 1.5 * first and first > 0.2:
                raise NoNumbersError("phi grows faster than every exponential: its averages may exist for small variances only")
            rates.append(sp.Rational(round(float(second) * 64) + 1, 64))
    for k, piece in enumerate(split.exprs):
        low = edges[k - 1] if k else -_FAR
        high = edges[k] if k < len(edges) else _FAR
        inside = low + (high - low) * np.linspace(0, 1, 803)[1:-1]
        found = line_values(piece, {**values, x: inside}) * np.ones_like(inside)
        bad = ~np.isfinite(found)
        if bad.any():
            raise NoNumbersError(f"phi is not finite, or not real, at x = {inside[int(np.argmax(bad))]:.4g}")
        ends = np.abs(found[[0, -1]])
        if max(ends) > 1e12 * (1 + np.median(np.abs(found))) and np.isfinite(low + high) and k not in (0, len(split.exprs) - 1):
            raise NoNumbersError("phi has a pole at a threshold")
    return max(rates)


def _sided(split: SmoothPieces, edges: list[float], k: int) -> tuple[tuple[sp.Expr, float], tuple[sp.Expr, float]]:
    return (split.exprs[k], -1.0), (split.exprs[k + 1], 1.0)


def _steep(split: SmoothPieces, edges: list[float], values: dict[sp.Symbol, float]) -> tuple[bool, bool]:
    """Whether some derivative of phi is infinite at a threshold, and whether phi' is not even square-integrable.

    NoNumbersError where phi is not square-integrable, or phi' not integrable.
    """
    rough = steep = False
    for k, edge in enumerate(edges):
        for piece, side in _sided(split, edges, k):
            at = edge + side * np.array([1e-5, 1e-8]) * max(1.0, abs(edge))
            if _order(piece, at, values) <= -0.49:
                raise NoNumbersError(f"phi is not square-integrable near x = {edge:.4g}")
            order = _order(sp.diff(piece, x), at, values)
            if order <= -0.99:
                raise NoNumbersError(f"phi' is not integrable near x = {edge:.4g}, so that V' is no average of phi'(u) phi'(v)")
            steep = steep or order <= -0.49
            rough = rough or any(_order(sp.diff(piece, x, k), at, values) < -0.05 for k in (1, 2, 3))
    return rough, steep


def _order(piece: sp.Expr, at: Any, values: dict[sp.Symbol, float]) -> float:
    """The exponent with which ``piece`` grows between two points that approach a threshold; 0 where it does not."""
    far, near = np.abs(line_values(piece, {**values, x: at}) * np.ones(2))
    if not np.isfinite(far + near):
        raise NoNumbersError("phi is infinite at a kink")
    return float(-np.log10(near / far) / 3) if near > far > 0 else 0.0


def _jumps(split: SmoothPieces, edges: list[float], values: dict[sp.Symbol, float]) -> bool:
    for k, edge in enumerate(edges):
        left, right = (
            float(line_values(piece, {**values, x: np.float64(edge + side * 1e-11 * max(1.0, abs(edge)))})) for piece, side in _sided(split, edges, k)
        )
        if abs(left - right) > 1e-4 * (1e-3 + abs(left) + abs(right)):
            return True
    return False


def _bend(phi: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Where a smooth phi bends and over what length: median and spread of |phi''|; (0, 1) where that says nothing."""
    grid = 20 * np.sinh(np.linspace(-9, 9, 8001)) / np.sinh(9)
    bend = np.abs(line_values(sp.diff(phi, x, 2), {x: grid}) * np.ones_like(grid)) * np.gradient(grid)
    if not np.isfinite(bend).all() or bend.sum() == 0:
        return sp.S.Zero, sp.S.One
    mass = np.cumsum(bend) / bend.sum()
    low, middle, high = (float(np.interp(level, mass, grid)) for level in (0.2, 0.5, 0.8))
    scale = sp.S.One
    while scale > (high - low) and scale > sp.Rational(1, 2**20):
        scale /= 2
    return sp.Rational(round(middle * 16), 16) if scale == 1 else sp.Rational(middle).limit_denominator(2**12), scale
