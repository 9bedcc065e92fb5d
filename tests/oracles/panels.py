"""E[f(u) g(v)] for f, g with kinks and jumps anywhere: Gauss-Legendre on panels split at them.  The inputs are taken as exact rationals.

Three schemes, by the correlation rho of the pair:

* ``strip`` |rho| well below 1: u on a grid split at the breaks of f; v given u is Gaussian, on a grid split at the breaks of g.  Panels are also
  graded around steep places, so that any variance will do.
* ``ridge`` |rho| near 1: u = sqrt(q11) (C p + S d), v = +- sqrt(q22) (C p - S d), C = cos(angle/2), S = sin(angle/2), p and d independent standard
  Gaussians.  For each d the panels in p are split at the breaks of both; those in d where the two orders of breaks change.
* ``line`` |rho| = 1: one integral.

Derivatives: V' = dV/dq12 = E[phi' phi'] and dV/dq11 = E[phi'' phi]/2, phi' and phi'' with their deltas: a jump J at t adds J delta_t to phi'
and J delta_t' to phi'', a kink K adds K delta_t to phi''; integration of a delta is conditioning on u = t.
Where phi jumps, the derivatives at |rho| = 1 are infinite or undefined: None.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mpf

from .definitions import Known
from .fields import Flint, Mpmath, exact
from .functions import Number, exp, jet, sqrt

Field = Mpmath | Flint
NEAR = 0.9996  # beyond this correlation the strip of v around u grows too thin for the first scheme
GRADES = (1.0, 3.0, 9.0, 27.0, 81.0, 243.0, 729.0, 2187.0, 6561.0, 2e4, 6e4, 2e5, 6e5, 2e6, 6e6, 2e7)
SIZES = ((0.67, 1.4), (0.8, 1.6))  # nodes of short and long panels per digit, for the two node sets
SHORT = 0.3


@dataclass(frozen=True)
class Quantities:
    """V, V' = dV/dq12, dV/dq11, dV/dq22 at one covariance; None where infinite or undefined."""

    value: mpf
    derivative: mpf | None
    partial11: mpf | None
    partial22: mpf | None


class Engine:
    """The quadratures over one field with one of the two node sets; ``reach``: the Gaussian beyond it is below the digits asked for."""

    def __init__(self, numbers: Field, digits: int = 30, nodes: int = 0) -> None:
        self.field, self.nodes = numbers, nodes
        self.sizes = tuple(math.ceil(size * max(digits, 10)) for size in SIZES[nodes])
        self.reach = math.sqrt(2 * math.log(10) * (digits + 14)) + 0.2 * nodes
        with numbers.precision():
            self.root = sqrt(2 * numbers.pi())

    # -- panels ---------------------------------------------------------------------------------------------------------

    def spread(self, sharp: list[Number], soft: list[float], low: float, high: float, longest: float) -> Iterator[tuple[Number, Number, float, float]]:
        """Panels between low and high, split at ``sharp`` and ``soft``: start and length as numbers, and middle and length roughly."""
        inside = sorted((float(z), z) for z in sharp if low < float(z) < high)
        places = [at for at, _ in inside]
        for z in soft:
            i = bisect.bisect_left(places, z)
            if low < z < high and not any(abs(z - near) < 1e-3 * (1e-300 + abs(z)) for near in places[max(0, i - 1) : i + 1]):
                places.insert(i, z)
                inside.insert(i, (z, self.field.number(Fraction(z))))
        ends = [self.field.number(Fraction(low)), *(z for _, z in inside), self.field.number(Fraction(high))]
        rough = [low, *places, high]
        for k in range(len(ends) - 1):
            gap = rough[k + 1] - rough[k]
            pieces = max(1, math.ceil(gap / longest))
            length = (ends[k + 1] - ends[k]) / pieces
            for j in range(pieces):
                yield ends[k] + j * length, length, rough[k] + (j + 0.5) * gap / pieces, gap / pieces

    def rule(self, known: Known, length: float) -> tuple[tuple[Number, Number], ...]:
        """Short panels between breaks need few nodes; short panels around a steep place do not."""
        return self.field.legendre(self.sizes[length > SHORT or bool(known.soft)])

    def graded(self, known: Known, sd: float, mean: float = 0) -> list[float]:
        """Where to split around steep places, in standard units."""
        places = []
        for centre, width in known.soft:
            for grade in (0.0, *GRADES):
                for sign in (-1, 1):
                    z = (centre + sign * width * grade - mean) / sd
                    if abs(z) < 40:
                        places.append(z)
        return sorted(set(places))

    def density(self, z: Number) -> Number:
        return exp(-z * z / 2) / self.root

    # -- one variable ---------------------------------------------------------------------------------------------------

    def points(self, known: Known, sd: Number, mean: Number, longest: float = 3.0, pull: float | None = None) -> Iterator[tuple[Number, Number, Number, Any]]:
        """(z, weight with the normal density, u, phi as jet at u) on a grid of u = mean + sd z.  ``pull``: how far exponential growth moves the mass."""
        rough, middle = float(sd), float(mean)
        sharp = [(self.field.number(t) - mean) / sd for t in known.breaks]
        breaks = [float(z) for z in sharp]
        top = self.reach + (2 * known.growth * rough if pull is None else pull)
        wanted = min(longest, known.strip / rough, 12 / max(1e-9, known.wave * rough))
        for start, length, centre, size in self.spread(sharp, self.graded(known, rough, middle), -top, top, wanted):
            piece = known.pieces[bisect.bisect_right(breaks, centre)]
            for node, weight in self.rule(known, size):
                z = start + length * node
                u = mean + sd * z
                yield z, weight * length * self.density(z), u, piece(jet(u))

    def mean(self, known: Known, order: int, sd: Number, mean: Number | int = 0) -> Number:
        """E[phi^(order)(u)], u ~ N(mean, sd^2), without deltas."""
        shift = self.field.number(0) + mean
        return sum((w * at.parts()[order] for _, w, _, at in self.points(known, sd, shift)), self.field.number(0))

    def square(self, known: Known, q: Any, order: int = 0) -> mpf:
        """E[phi^(order)(u)^2], u ~ N(0, q), without deltas."""
        with self.field.precision():
            sd = sqrt(self.field.number(exact(q)))
            return self.field.leave(sum((w * at.parts()[order] * at.parts()[order] for _, w, _, at in self.points(known, sd, 0 * sd)), self.field.number(0)))

    # -- two variables --------------------------------------------------------------------------------------------------

    def regular(self, known: Known, a: Fraction, c: Fraction, b: Fraction) -> list[Number]:
        """E[phi phi], E[phi' phi'], E[phi'' phi], E[phi phi''] without deltas."""
        det = a * b - c * c
        if det == 0:
            return self._line(known, a, c, b)
        return self._strip(known, a, c, b) if float(c * c / (a * b)) < NEAR**2 else self._ridge(known, a, c, b)

    def _line(self, known: Known, a: Fraction, c: Fraction, b: Fraction) -> list[Number]:
        """u = sqrt(q11) z, v = +- sqrt(q22) z."""
        number = self.field.number
        sd1, sd2 = sqrt(number(a)), sqrt(number(b)) * (1 if c > 0 else -1)
        sharp = [number(t) / sd for t in known.breaks for sd in (sd1, sd2)]
        soft = [z for sd in (sd1, sd2) for z in self.graded(known, float(sd))]
        top = self.reach + known.growth * (float(sd1) + abs(float(sd2)))
        steepest = max(float(sd1), abs(float(sd2)))
        longest = min(3.0, known.strip / steepest, 12 / max(1e-9, known.wave * steepest))
        sums = [number(0)] * 4
        for start, length, centre, size in self.spread(sharp, sorted(soft), -top, top, longest):
            f = known.pieces[bisect.bisect_right(known.cuts, centre * float(sd1))]
            g = known.pieces[bisect.bisect_right(known.cuts, centre * float(sd2))]
            for node, weight in self.rule(known, size):
                z = start + length * node
                w = weight * length * self.density(z)
                f0, f1, f2 = f(jet(sd1 * z)).parts()
                g0, g1, g2 = g(jet(sd2 * z)).parts()
                for k, term in enumerate((f0 * g0, f1 * g1, f2 * g0, f0 * g2)):
                    sums[k] = sums[k] + w * term
        return sums

    def _strip(self, known: Known, a: Fraction, c: Fraction, b: Fraction) -> list[Number]:
        """u = sqrt(q11) z on one grid, v = sqrt(q22) y on another, y given z ~ N(rho z, across^2)."""
        number = self.field.number
        sd1, sd2 = sqrt(number(a)), sqrt(number(b))
        rho, across = number(c) / (sd1 * sd2), sqrt(number((a * b - c * c) / (a * b)))
        r, s = float(rho), float(across)
        longest, pull = min(3.0, 11.0 * s), known.growth * float(sd1 + sd2)
        second = [(float(y), y, w / self.density(y), at.parts()) for y, w, _, at in self.points(known, sd2, 0 * sd2, longest, pull)]
        places = [y for y, *_ in second]
        scale = 1 / (across * self.root)
        sums = [number(0)] * 4
        for z, w, _, at in self.points(known, sd1, 0 * sd1, min(3.0, longest / max(abs(r), 1e-9)), pull):
            middle, inner = rho * z, [number(0)] * 3
            near = float(middle)
            low, high = bisect.bisect_left(places, near - self.reach * s), bisect.bisect_right(places, near + self.reach * s)
            for _, y, weight, (g0, g1, g2) in second[low:high]:
                t = (y - middle) / across
                kernel = weight * exp(-t * t / 2)
                inner[0] = inner[0] + kernel * g0
                inner[1] = inner[1] + kernel * g1
                inner[2] = inner[2] + kernel * g2
            f0, f1, f2 = at.parts()
            w = w * scale
            for k, term in enumerate((f0 * inner[0], f1 * inner[1], f2 * inner[0], f0 * inner[2])):
                sums[k] = sums[k] + w * term
        return sums

    def _ridge(self, known: Known, a: Fraction, c: Fraction, b: Fraction) -> list[Number]:
        """Along and across the ridge of the density."""
        number = self.field.number
        side = 1 if c > 0 else -1
        sd1, sd2 = sqrt(number(a)), sqrt(number(b)) * side
        rho = abs(number(c)) / sqrt(number(a * b))
        cosine = sqrt((1 + rho) / 2)
        sine = sqrt(number((a * b - c * c) / (a * b)) / (2 * (1 + rho)))
        first, second = [number(t) / sd1 for t in known.breaks], [number(t) / sd2 for t in known.breaks]
        crossings = [(z - y) / (2 * sine) for z in first for y in second]
        if self.nodes:
            crossings.append(number(Fraction(1, 7)))
        steepest = max(float(sd1), abs(float(sd2)))
        longest = min(4.8, known.strip / steepest, 12 / max(1e-9, known.wave * steepest))
        top = self.reach + known.growth * (float(sd1) + abs(float(sd2)))
        cos_, sin_, r1, r2 = float(cosine), float(sine), float(sd1), float(sd2)
        # where the variances are close, the two grids of grades all but coincide
        soft1, soft2 = self.graded(known, r1), [] if max(r1, abs(r2)) < 1.3 * min(r1, abs(r2)) else self.graded(known, r2)
        sums = [number(0)] * 4
        for begin, width, _, extent in self.spread(crossings, [], -self.reach, self.reach, 7.2):
            for knot, share in self.rule(known, extent):
                d = begin + width * knot
                outer = share * width * self.density(d)
                shift, near = sine * d, float(sine * d)
                sharp = [(z - shift) / cosine for z in first] + [(y + shift) / cosine for y in second]
                soft = [(z - near) / cos_ for z in soft1] + [(y + near) / cos_ for y in soft2]
                partial = [number(0)] * 4
                for start, length, centre, size in self.spread(sharp, soft, -top, top, longest):
                    f = known.pieces[bisect.bisect_right(known.cuts, r1 * (cos_ * centre + sin_ * float(d)))]
                    g = known.pieces[bisect.bisect_right(known.cuts, r2 * (cos_ * centre - sin_ * float(d)))]
                    for node, weight in self.rule(known, size):
                        p = start + length * node
                        w = weight * length * self.density(p)
                        f0, f1, f2 = f(jet(sd1 * (cosine * p + shift))).parts()
                        g0, g1, g2 = g(jet(sd2 * (cosine * p - shift))).parts()
                        for k, term in enumerate((f0 * g0, f1 * g1, f2 * g0, f0 * g2)):
                            partial[k] = partial[k] + w * term
                for k in range(4):
                    sums[k] = sums[k] + outer * partial[k]
        return sums

    # -- deltas ---------------------------------------------------------------------------------------------------------

    def quantities(self, known: Known, q11: Any, q12: Any, q22: Any) -> Quantities:
        """V and its three partial derivatives; the covariance must be positive semidefinite, its variances positive."""
        a, c, b = exact(q11), exact(q12), exact(q22)
        if a <= 0 or b <= 0 or a * b < c * c:
            raise ValueError(f"not a covariance: {q11}, {q12}, {q22}")
        with self.field.precision():
            number, leave = self.field.number, self.field.leave
            value, slope, bend1, bend2 = self.regular(known, a, c, b)
            if not known.breaks:
                return Quantities(leave(value), leave(slope), leave(bend1 / 2), leave(bend2 / 2))
            if a * b == c * c and known.jumps:
                return Quantities(leave(value), None, None, None)
            steps = known.steps(number)
            slope = slope + self._slope_deltas(known, steps, a, c, b)
            bend1 = bend1 + self._bend_deltas(known, steps, a, c, b)
            bend2 = bend2 + self._bend_deltas(known, steps, b, c, a)
            return Quantities(leave(value), leave(slope), leave(bend1 / 2), leave(bend2 / 2))

    def _given(self, known: Known, order: int, t: Number, a: Fraction, c: Fraction, b: Fraction) -> Number:
        """E[phi^(order)(v) | u = t] without deltas."""
        number = self.field.number
        middle, rest = number(c / a) * t, (a * b - c * c) / a
        if rest == 0:  # phi is continuous here: either side's piece serves
            return known.piece(self.field.leave(middle))(jet(middle)).parts()[order]
        return self.mean(known, order, sqrt(number(rest)), middle)

    def _at(self, t: Number, variance: Fraction, middle: Number | int = 0) -> Number:
        """The density of N(middle, variance) at t."""
        sd = sqrt(self.field.number(variance))
        return self.density((t - middle) / sd) / sd

    def _slope_deltas(self, known: Known, steps: list[tuple[Number, Number, Number]], a: Fraction, c: Fraction, b: Fraction) -> Number:
        total = self.field.number(0)
        if a * b == c * c or not known.jumps:
            return total
        for t, jump, _ in steps:
            total = total + jump * self._at(t, a) * self._given(known, 1, t, a, c, b)
            total = total + jump * self._at(t, b) * self._given(known, 1, t, b, c, a)
            for other, height, _ in steps:
                total = total + jump * height * self._at(t, a) * self._at(other, (a * b - c * c) / a, self.field.number(c / a) * t)
        return total

    def _bend_deltas(self, known: Known, steps: list[tuple[Number, Number, Number]], a: Fraction, c: Fraction, b: Fraction) -> Number:
        number, total, jumps = self.field.number, self.field.number(0), known.jumps
        for t, jump, kink in steps:
            here = self._at(t, a)
            average = self._given(known, 0, t, a, c, b)
            total = total + kink * here * average
            if jumps:
                slope = self._given(known, 1, t, a, c, b)
                for other, height, _ in steps:
                    slope = slope + height * self._at(other, (a * b - c * c) / a, number(c / a) * t)
                total = total - jump * here * (number(c / a) * slope - t / number(a) * average)
        return total
