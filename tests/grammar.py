"""Random activations: a tree of its own, from which a SymPy expression, numbers and the places of its breaks come independently.

``activation(seed, number)`` is always the same tree.  Trees are drawn from pieces, thresholds, products, affine arguments and parameters.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from oracles.functions import Jet, atan, const, cos, erf, exp, jet, log, sin, sqrt, tanh, times

X = sp.Symbol("x", real=True)
REACH = 40.0  # breaks beyond it are not looked for


@dataclass(frozen=True)
class Parameter:
    """A letter in the expression, and the number that is put in for it in the end."""

    name: str
    positive: bool
    value: Fraction

    @property
    def symbol(self) -> sp.Symbol:
        return sp.Symbol(self.name, positive=True) if self.positive else sp.Symbol(self.name, real=True)


Coefficient = Fraction | Parameter


def _number(c: Coefficient) -> Fraction:
    return c.value if isinstance(c, Parameter) else c


def _symbol(c: Coefficient) -> sp.Expr:
    return c.symbol if isinstance(c, Parameter) else sp.Rational(c.numerator, c.denominator)


def _choose(chosen: np.ndarray, yes: Any, no: Any) -> Any:
    """Where, for jets."""
    return Jet(*(np.where(chosen, p, q) for p, q in zip(yes.parts(), no.parts(), strict=True)))


# A kind of node: its SymPy expression from those of the children, its jet from theirs, and whether each child's sign change is a break.
@dataclass(frozen=True)
class Kind:
    symbolic: Callable[..., sp.Expr]
    numeric: Callable[..., Any]
    breaks: bool = False


def _max(a: Any, b: Any) -> Any:
    return _choose(a.value > b.value, a, b)


def _min(a: Any, b: Any) -> Any:
    return _choose(a.value < b.value, a, b)


KINDS: dict[str, Kind] = {
    "add": Kind(lambda a, b: a + b, lambda a, b: a + b),
    "mul": Kind(lambda a, b: a * b, lambda a, b: a * b),
    "square": Kind(lambda a: a**2, lambda a: a * a),
    "cube": Kind(lambda a: a**3, lambda a: a * a * a),
    "max": Kind(sp.Max, _max, breaks=True),
    "min": Kind(sp.Min, _min, breaks=True),
    "abs": Kind(sp.Abs, lambda a: _choose(a.value > 0, a, -a), breaks=True),
    "sign": Kind(sp.sign, lambda a: _choose(a.value > 0, const(a, 1), const(a, -1)), breaks=True),
    "step": Kind(sp.Heaviside, lambda a: _choose(a.value > 0, const(a, 1), const(a, 0)), breaks=True),
    "exp": Kind(sp.exp, exp),
    "erf": Kind(sp.erf, erf),
    "erfc": Kind(sp.erfc, lambda a: 1 - erf(a)),
    "sin": Kind(sp.sin, sin),
    "cos": Kind(sp.cos, cos),
    "sinh": Kind(sp.sinh, lambda a: (exp(a) - exp(-a)) / 2),
    "cosh": Kind(sp.cosh, lambda a: (exp(a) + exp(-a)) / 2),
    "bell": Kind(lambda a: sp.exp(-(a**2)), lambda a: exp(-a * a)),
    "tanh": Kind(sp.tanh, tanh),
    "atan": Kind(sp.atan, atan),
    "sigmoid": Kind(lambda a: 1 / (1 + sp.exp(-a)), lambda a: 1 / (1 + exp(-a))),
    "softplus": Kind(lambda a: sp.log(1 + sp.exp(a)), lambda a: log(1 + exp(a))),
    "lorentz": Kind(lambda a: 1 / (1 + a**2), lambda a: 1 / (1 + a * a)),
    "hypot": Kind(lambda a: sp.sqrt(1 + a**2), lambda a: sqrt(1 + a * a)),
    "softsign": Kind(lambda a: a / (1 + sp.Abs(a)), lambda a: a / (1 + _choose(a.value > 0, a, -a)), breaks=True),
    # refused, or nearly so
    "log": Kind(sp.log, log),
    "root": Kind(sp.sqrt, sqrt),
    "inverse": Kind(lambda a: 1 / a, lambda a: 1 / a),
    "tan": Kind(sp.tan, lambda a: sin(a) / cos(a)),
    "steep": Kind(lambda a: sp.exp(a**2), lambda a: exp(a * a)),
}


class Tree:
    """A node: a kind with children, ``affine`` (slope x + offset), a ``constant``, or ``pieces`` cut at thresholds."""

    def __init__(self, kind: str, children: tuple[Tree, ...] = (), slope: Coefficient = Fraction(0), offset: Coefficient = Fraction(0)) -> None:
        self.kind, self.children, self.slope, self.offset = kind, children, slope, offset
        self.thresholds: tuple[Coefficient, ...] = ()

    @property
    def expr(self) -> sp.Expr:
        """In SymPy."""
        if self.kind == "affine":
            return _symbol(self.slope) * X + _symbol(self.offset)
        if self.kind == "pieces":
            parts = [child.expr for child in self.children]
            cuts = [X < _symbol(t) for t in self.thresholds]
            return sp.Piecewise(*zip(parts, cuts, strict=False), (parts[-1], True))
        return KINDS[self.kind].symbolic(*(child.expr for child in self.children))

    def at(self, t: Any) -> Any:
        """The jet at the jet of the variable."""
        if self.kind == "affine":
            return times(_number(self.slope), t) + const(t, _number(self.offset))
        if self.kind == "pieces":
            found = self.children[0].at(t)
            for threshold, child in zip(self.thresholds, self.children[1:], strict=True):
                found = _choose(t.value >= float(_number(threshold)), child.at(t), found)
            return found
        return KINDS[self.kind].numeric(*(child.at(t) for child in self.children))

    def jets(self, t: np.ndarray) -> Any:
        """phi, phi', phi'' at the points."""
        with np.errstate(all="ignore"):
            return self.at(jet(t))

    def switches(self) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
        """Functions whose sign changes are breaks."""
        for child in self.children:
            yield from child.switches()
        if self.kind == "pieces":
            for threshold in self.thresholds:
                yield lambda t, threshold=threshold: t - float(_number(threshold))
        elif self.kind in {"max", "min"}:
            one, two = self.children
            yield lambda t: one.jets(t).value - two.jets(t).value
        elif KINDS.get(self.kind, KINDS["add"]).breaks:
            yield lambda t: self.children[0].jets(t).value

    def parameters(self) -> dict[str, Parameter]:
        found = {c.name: c for c in (self.slope, self.offset, *self.thresholds) if isinstance(c, Parameter)}
        for child in self.children:
            found.update(child.parameters())
        return found

    def kinds(self) -> set[str]:
        return {self.kind}.union(*(child.kinds() for child in self.children))

    @property
    def top(self) -> float:
        """How far out in standard deviations there is mass."""
        return FURTHER if self.kinds() & {"exp", "sinh", "cosh", "steep"} else FAR

    @functools.cached_property
    def breaks(self) -> list[float]:
        """Where phi may have a kink or a jump: sign changes, found on a fine grid and by bisection."""
        grid = np.linspace(-REACH, REACH, 160_001) + 1.2345e-5  # (no point is a rational threshold)
        found: list[float] = []
        for switch in self.switches():
            values = np.nan_to_num(np.broadcast_to(switch(grid), grid.shape))
            signs = np.sign(np.where(np.abs(values) < 1e-13, 0, values))
            for k in np.flatnonzero(signs[1:] != signs[:-1]):
                low, high, sign = grid[k], grid[k + 1], signs[k]
                noise = 0.0 if signs[k] and signs[k + 1] else 1e-13  # where the function is 0 on one side, rounding has a sign as well
                for _ in range(60):
                    middle = (low + high) / 2
                    at = float(np.asarray(switch(np.array([middle]))).ravel()[0])
                    low, high = (middle, high) if np.sign(0.0 if abs(at) < noise else at) == sign else (low, middle)
                found.append(float(high))
        found.sort()
        return [t for i, t in enumerate(found) if i == 0 or t - found[i - 1] > 1e-11]


# -- drawing ------------------------------------------------------------------------------------------------------------

SMALL = [Fraction(n, d) for n, d in ((1, 1), (-1, 1), (2, 1), (1, 2), (-1, 2), (3, 2), (1, 3), (-2, 3), (3, 4))]
PLACES = [Fraction(n, d) for n, d in ((0, 1), (0, 1), (1, 1), (-1, 1), (1, 2), (-1, 2), (2, 1), (-2, 1), (3, 2), (1, 3), (3, 1))]
INSIDE = ("exp", "erf", "erf", "sin", "cos", "bell", "bell", "erfc", "sinh", "cosh")
OUTSIDE = ("tanh", "sigmoid", "softplus", "atan", "lorentz", "hypot", "softsign")
REFUSED = ("log", "root", "inverse", "tan", "steep")


class Draw:
    """One random tree; ``letters``: how likely a coefficient is a parameter."""

    def __init__(self, seed: int, number: int) -> None:
        self.rng = random.Random(f"{seed}:{number}")
        self.letters = 0.25 if self.rng.random() < 0.25 else 0.0
        self.strange = self.rng.random()  # below 0.05 something refused, below 0.25 something outside the class
        self.made: list[Parameter] = []

    def tree(self) -> Tree:
        drawn = self.sum()
        if self.strange < 0.05:
            drawn = self._mix(drawn, Tree(self.rng.choice(REFUSED), (self.affine(),)))
        elif self.strange < 0.25:
            drawn = self._mix(drawn, Tree(self.rng.choice(OUTSIDE), (self.affine(),)))
        return drawn

    def _mix(self, one: Tree, two: Tree) -> Tree:
        kind = self.rng.choice(("add", "mul", "alone"))
        return two if kind == "alone" else Tree(kind, (one, two))

    def coefficient(self, choices: list[Fraction], positive: bool = False) -> Coefficient:
        value = self.rng.choice(choices)
        if self.rng.random() < self.letters and value > 0:
            if self.made and self.rng.random() < 0.4:
                return self.rng.choice(self.made)
            self.made.append(Parameter("abgkm"[len(self.made) % 5] + "_0", True, value))
            return self.made[-1]
        return abs(value) if positive else value

    def affine(self) -> Tree:
        if self.rng.random() < 0.4:
            return Tree("affine", slope=Fraction(1))
        return Tree("affine", slope=self.coefficient(SMALL), offset=self.coefficient(PLACES))

    def constant(self) -> Tree:
        return Tree("affine", offset=self.coefficient(PLACES[2:]))

    def sum(self) -> Tree:
        terms = [self.term() for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3)))]
        total = terms[0]
        for term in terms[1:]:
            total = Tree("add", (total, term))
        return total

    def term(self) -> Tree:
        kind = self.rng.random()
        if kind < 0.35:
            return self.kinked()
        if kind < 0.55:
            return Tree(self.rng.choice(INSIDE), (self.affine(),))
        if kind < 0.65:
            return self.pieces()
        if kind < 0.75:
            return self.power()
        if kind < 0.9:
            return Tree("mul", (self.factor(), self.factor()))
        return Tree("affine", slope=self.coefficient(SMALL))

    def factor(self) -> Tree:
        kind = self.rng.random()
        if kind < 0.4:
            return self.kinked()
        return Tree(self.rng.choice(INSIDE), (self.affine(),)) if kind < 0.7 else self.affine()

    def power(self) -> Tree:
        return Tree(self.rng.choice(("square", "cube", "square")), (self.affine() if self.rng.random() < 0.5 else self.kinked(),))

    def kinked(self) -> Tree:
        kind = self.rng.random()
        if kind < 0.25:
            return Tree("max", (Tree("affine"), self.affine()))
        if kind < 0.4:
            return Tree(self.rng.choice(("max", "min")), (self.affine(), self.affine()))
        if kind < 0.55:
            return Tree("abs", (self.affine() if self.rng.random() < 0.7 else Tree("add", (Tree("square", (self.affine(),)), self.constant())),))
        if kind < 0.7:
            return Tree(self.rng.choice(("sign", "step")), (self.affine(),))
        if kind < 0.85:
            low, high = self.rng.choice(((-1, 1), (0, 1), (0, 6), (-2, 1)))
            inner = Tree("min", (Tree("affine", offset=Fraction(high)), self.affine()))
            return Tree("max", (Tree("affine", offset=Fraction(low)), inner))
        return Tree("min", (Tree("max", (self.affine(), self.constant())), Tree("abs", (self.affine(),))))

    def pieces(self) -> Tree:
        count = self.rng.choice((2, 2, 3))
        parts = tuple(self.piece() for _ in range(count))
        thresholds = sorted(self.rng.sample(sorted(set(PLACES)), count - 1))
        tree = Tree("pieces", parts)
        tree.thresholds = tuple(thresholds)
        return tree

    def piece(self) -> Tree:
        kind = self.rng.random()
        if kind < 0.3:
            return self.affine()
        if kind < 0.5:
            return self.constant()
        if kind < 0.65:
            return Tree("square", (self.affine(),))
        if kind < 0.85:
            return Tree("exp", (self.affine(),))
        return Tree(self.rng.choice(INSIDE), (self.affine(),))


def activation(seed: int, number: int) -> Tree:
    """The tree of this number; a tree without x is drawn again."""
    for attempt in range(100):
        tree = Draw(seed, number + attempt * 1_000_003).tree()
        if tree.expr.has(X):
            return tree
    raise AssertionError("a grammar that makes constants only")


# -- expectations, in double precision ----------------------------------------------------------------------------------

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2
FAR, FURTHER = 11.0, 19.0  # the Gaussian beyond them is 1e-27 and 1e-79; the second for exponentials


def _normal(z: np.ndarray) -> np.ndarray:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _panels(sharp: np.ndarray, top: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [-top, top], split at the columns of ``sharp`` (one row each): shape (rows, nodes)."""
    rows = sharp.shape[0]
    edges = np.arange(-top, top + longest / 2, longest)
    ends = np.concatenate([np.broadcast_to(edges, (rows, edges.size)), np.clip(sharp, -top, top)], axis=1)
    ends.sort(axis=1)
    lengths = np.diff(ends, axis=1)[:, :, None]
    points = ends[:, :-1, None] + lengths * NODES
    return points.reshape(rows, -1), (lengths * WEIGHTS).reshape(rows, -1)


def mean(tree: Tree, breaks: list[float], order: int, variance: float, centre: float = 0.0, power: int = 1) -> float:
    """E[phi^(order)(u)^power], u ~ N(centre, variance), without deltas."""
    sd = math.sqrt(variance)
    z, w = _panels((np.array([breaks]) - centre) / sd, tree.top, 1.0)
    return float(np.sum(w * _normal(z) * tree.jets(centre + sd * z).parts()[order] ** power))


def steps(tree: Tree, breaks: list[float]) -> list[tuple[float, float]]:
    """The jumps of phi: place and height."""
    found = []
    for t in breaks:
        near = 1e-7
        above, below = (tree.jets(np.array([t + s * near])) for s in (1, -1))
        height = float((above.value - near * above.first - below.value - near * below.first)[0])
        if abs(height) > 1e-10:
            found.append((t, height))
    return found


def dual(tree: Tree, a: float, c: float, b: float) -> tuple[float, float, float]:
    """V, V' = dV/dq12 with its deltas, and the scale sqrt(E phi(u)^2 E phi(v)^2): along and across the ridge of the density."""
    breaks = tree.breaks
    side = 1.0 if c >= 0 else -1.0
    sd1, sd2 = math.sqrt(a), side * math.sqrt(b)
    rho, det = abs(c) / math.sqrt(a * b), a * b - c * c
    cosine = math.sqrt((1 + rho) / 2)
    sine = math.sqrt(det / (a * b) / (2 * (1 + rho)))
    first, second = np.array(breaks) / sd1, np.array(breaks) / sd2
    crossings = ((first[:, None] - second[None, :]) / (2 * sine)).ravel()[None, :]
    (d,), (outer,) = _panels(crossings, tree.top, 1.7)
    keep = outer > 0
    d, outer = d[keep], outer[keep] * _normal(d[keep])
    value = slope = 0.0
    for start in range(0, d.size, 64):
        shift = sine * d[start : start + 64, None]
        sharp = np.concatenate([(first[None, :] - shift) / cosine, (second[None, :] + shift) / cosine], axis=1)
        p, w = _panels(sharp, tree.top, 1.0)
        f, g = tree.jets(sd1 * (cosine * p + shift)), tree.jets(sd2 * (cosine * p - shift))
        w = outer[start : start + 64, None] * w * _normal(p)
        used = w > 0
        value += float(np.sum(np.where(used, w * f.value * g.value, 0)))
        slope += float(np.sum(np.where(used, w * f.first * g.first, 0)))
    for t, jump in (jumps := steps(tree, breaks)):
        for here, there in ((a, b), (b, a)):
            rest = there - c * c / here
            slope += jump * float(_normal(np.array(t / math.sqrt(here)))) / math.sqrt(here) * mean(tree, breaks, 1, rest, c * t / here)
        for other, height in jumps:
            form = (b * t * t - 2 * c * t * other + a * other * other) / det
            slope += jump * height * math.exp(-form / 2) / (2 * math.pi * math.sqrt(det))
    return value, slope, math.sqrt(mean(tree, breaks, 0, a, power=2) * mean(tree, breaks, 0, b, power=2))
