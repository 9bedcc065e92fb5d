"""What the values of a formula in x show: where it is complex or undefined, where it has a pole, how fast it grows.

Double precision finds the suspects; what a refusal rests on is looked at again by other means (SymPy's own evaluation, or the exponent
of the pole).  Where a function has no value in double precision nothing is decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import sympy as sp

from ntksym.notation import x

# No special points, and close to one another around 0.
_HALF = tuple(0.0137 + 24 * (k / 80) ** 2 for k in range(81))
GRID = tuple(sorted((*_HALF, *(-0.0211 - t for t in _HALF))))
_OWN = {
    "Heaviside": lambda t, _=0.5: float(t >= 0),
    "Indicator": lambda t: float(t >= 0),
    "NormalCDF": lambda t: math.erfc(-t / math.sqrt(2)) / 2,
    "NormalPDF": lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi),
}
UNDEFINED = "undefined"


class Value:
    """A formula in x alone, as a function of a float: its value, inf, UNDEFINED (or complex), or None where that cannot be told."""

    def __init__(self, expr: sp.Expr) -> None:
        self.expr = expr
        try:
            self._function = sp.lambdify(x, expr, modules=[_OWN, "math"])
        except (ValueError, TypeError, NotImplementedError, SyntaxError):
            self._function = None

    def __call__(self, at: float) -> float | str | None:
        if self._function is None:
            return None
        try:
            got = self._function(at)
        except ValueError:
            return UNDEFINED
        except ZeroDivisionError:
            return math.inf
        except (OverflowError, NameError, TypeError):
            return None
        if isinstance(got, complex):
            return UNDEFINED
        return float(got)

    def number(self, at: float) -> float | None:
        """The value where it is a finite number."""
        got = self(at)
        return got if isinstance(got, float) and math.isfinite(got) else None


def undefined_at(value: Value) -> tuple[float, sp.Expr] | None:
    """A point where the formula is complex or undefined, and the innermost term that is."""
    for at in GRID:
        if value(at) == UNDEFINED and not _is_real(value.expr, at):
            parts = sorted({p for p in sp.preorder_traversal(value.expr) if isinstance(p, sp.Expr) and p.has(x)}, key=lambda p: (p.count_ops(), str(p)))
            return at, next((p for p in parts if Value(p)(at) == UNDEFINED), value.expr)
    return None


def _is_real(expr: sp.Expr, at: float) -> bool:
    """Whether 30 digits are enough to see a real number where double precision saw none."""
    got = expr.subs(x, sp.Rational(at)).evalf(30)
    return bool(got.is_real and got.is_finite)


def infinite_at(value: Value) -> float | None:
    """A point t near which phi is at least as large as |x - t|^(-1/2), so that phi^2 has no integral."""
    for divisor in _divisors(value.expr):
        for at in sorted(_zeros(Value(divisor)), key=abs):
            # The second pair is for essential singularities such as exp(1/x), which overflow nearer by.
            for outer, inner, exponent in ((1e-4, 1e-5, -0.49), (3e-2, 1e-2, -8)):
                for side in (1, -1):
                    far, near = value.number(at + side * outer), value.number(at + side * inner)
                    if far and near and math.log(abs(far / near)) / math.log(outer / inner) < exponent:
                        return at
    return None


def _divisors(expr: sp.Expr) -> Iterator[sp.Expr]:
    """What phi divides by."""
    for part in sorted(expr.atoms(sp.Pow, sp.tan), key=str):
        if not part.has(x):
            continue
        if isinstance(part, sp.Pow):
            if part.exp.is_negative:
                yield part.base
        else:
            yield sp.cos(part.args[0])


def _zeros(value: Value) -> Iterator[float]:
    """Points where a function changes its sign or touches zero."""
    known = [(at, got) for at in GRID if (got := value.number(at)) is not None]
    for (left, low), (right, high) in zip(known, known[1:], strict=False):
        if low * high < 0:
            yield _bisect(value, left, right, low)
    for (left, before), (_, here), (right, after) in zip(known, known[1:], known[2:], strict=False):
        if before * here > 0 and here * after > 0 and abs(here) <= min(abs(before), abs(after)):
            at = _lowest(value, left, right)
            got = value.number(at)
            if got is not None and abs(got) < 1e-7 * min(abs(before), abs(after)):
                yield at


def _bisect(value: Value, left: float, right: float, low: float) -> float:
    for _ in range(60):
        middle = (left + right) / 2
        got = value.number(middle)
        if got is None or got == 0:
            return middle
        left, right = (middle, right) if got * low > 0 else (left, middle)
    return (left + right) / 2


def _lowest(value: Value, left: float, right: float) -> float:
    """Where |value| is least, by thirds."""
    for _ in range(90):
        third = (right - left) / 3
        one, two = value.number(left + third), value.number(right - third)
        if one is None or two is None:
            break
        left, right = (left, right - third) if abs(one) < abs(two) else (left + third, right)
    return (left + right) / 2


def outgrows_gaussians(value: Value) -> bool:
    """Whether log|phi(x)|/x^2 itself keeps growing, on one side at least."""
    if not any(_exponential_depth(value.expr) == depth for depth in (1, 2)):
        return False
    for side in (1, -1):
        rates = []
        for at in (3, 6, 12):
            got = abs(value.expr.subs(x, side * at)).evalf(15)
            if not (got.is_Float and got > 0):
                break
            rates.append(float(sp.log(got).evalf(15)) / at**2)
        if len(rates) == 3 and rates[0] > 0 and rates[1] > 1.4 * rates[0] and rates[2] > 1.4 * rates[1]:
            return True
    return False


def _exponential_depth(expr: sp.Basic) -> int:
    """How deep exponentials of x stand in one another; a large number where evaluation would not end."""
    if not expr.has(x):
        return 0
    inner = max((_exponential_depth(arg) for arg in expr.args), default=0)
    if isinstance(expr, (sp.exp, sp.cosh, sp.sinh)) or isinstance(expr, sp.Pow) and expr.exp.has(x):
        steep = any(isinstance(p, sp.Pow) and p.exp.is_number and p.exp > 4 for p in sp.preorder_traversal(expr))
        return inner + (9 if steep and inner else 1)
    return inner
