"""Averages of an activation by panels on every interval between its kinks: what closed forms in one variable are compared with."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from ntksym.gaussian.checks.deciding import QUADRATURE_DIGITS, UndecidedError, cuts_of, intervals, plain
from ntksym.gaussian.numeric import MODULES, REACH, evaluate_at, panel_nodes, random_point
from ntksym.notation import q, x
from ntksym.proof import Verdict, false, tested, unchecked

POINTS = 2
_WORKING_DIGITS = QUADRATURE_DIGITS + 10


@dataclass(frozen=True)
class Sample:
    """phi with numbers for its parameters and for the deviation of its argument: a branch per interval, ``cuts`` between them."""

    branches: tuple[sp.Expr, ...]
    cuts: tuple[sp.Expr, ...]
    deviation: Any

    def standardized(self, cut: sp.Expr) -> Any:
        """Where a standard normal z has deviation z at the cut."""
        return mpmath.mpmathify(sp.N(cut, _WORKING_DIGITS + 5)) / self.deviation

    def average(self, functions: Iterable[sp.Expr], weight: Callable[[Any], Any] = lambda z: 1) -> Any:
        """E[f(deviation z) weight(z)], with f the function of the interval that deviation z is in."""
        places = [self.standardized(cut) for cut in self.cuts]
        total = mpmath.mpf(0)
        for function, left, right in zip(functions, [-REACH, *places], [*places, REACH], strict=True):
            compiled = sp.lambdify([x], function, modules=MODULES)
            total += sum(mass * compiled(self.deviation * z) * weight(z) for z, mass in panel_nodes(left, right, QUADRATURE_DIGITS))
        return total


def check_by_panels(phi: sp.Lambda, value: sp.Expr, average: Callable[[Sample], Any], seed: int) -> Verdict:
    """The closed form ``value``, in q and the parameters of phi, against ``average`` of the sample, at random points."""
    own = plain(phi(x))
    try:
        cuts = cuts_of(own, [])
        branches = [interval.branch(own) for interval in intervals(cuts)]
    except UndecidedError as why:
        return unchecked(f"no quadrature: {why}")
    rng = random.Random(seed)
    for _ in range(POINTS):
        point = random_point(sorted({q, *phi.free_symbols}, key=str), rng)
        parameters = {s: number for s, number in point.items() if s != q}
        with mpmath.workdps(_WORKING_DIGITS):
            deviation = mpmath.sqrt(mpmath.mpf(int(point[q].p)) / int(point[q].q))
            total = average(Sample(tuple(b.subs(parameters) for b in branches), tuple(t.subs(parameters) for t in cuts), deviation))
            closed = evaluate_at(value, point, _WORKING_DIGITS)
            if abs(total - closed) > mpmath.mpf(10) ** (-QUADRATURE_DIGITS) * (1 + abs(total)):
                return false(f"quadrature gives {mpmath.nstr(total, 15)}, the formula {mpmath.nstr(closed, 15)} at {point}")
    return tested(POINTS, QUADRATURE_DIGITS, "quadrature on every interval", seed)
