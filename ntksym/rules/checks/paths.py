"""Numbers for checks of bounds: pairs of solutions (f, f_lin) along random paths of Jacobians, and both sides of an inequality at many times.

Nothing here knows a bound: outputs are integrated by Runge and Kutta from df/dt = -eta J_t J_t^T (f - Y), norms and eigenvalues are NumPy's, and an integral
in a claim is done by Gauss and Legendre's rule on panels that shrink towards t = 0, where a bound may be nearly attained.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import sympy as sp

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Array, Norm, Transposed

SEED = 19020672
_ETA, _END, _STEPS = 0.6, 4.0, 500
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_EDGES = np.array([0.0, 0.01, 0.1, 0.4, 0.7, 1.0])
_PLACES = np.concatenate([(right - left) * (_NODES + 1) / 2 + left for left, right in zip(_EDGES[:-1], _EDGES[1:], strict=True)])
_MASSES = np.concatenate([(right - left) * _WEIGHTS / 2 for left, right in zip(_EDGES[:-1], _EDGES[1:], strict=True)])
TIMES = np.concatenate([[1e-3, 3e-3], np.geomspace(1e-2, _END, 18)])

Numbers = np.ndarray
Lookup = Mapping[sp.Basic, Callable[[Numbers], Numbers]]


class Pair:
    """A network and its linearization on three training outputs and two test outputs, along a smooth path of Jacobians with six parameters."""

    def __init__(self, number: int, moving: float, aligned: bool = False) -> None:
        """``aligned``: the kernel first moves in the direction of the residual alone, so that the bound is attained as t -> 0."""
        rng = np.random.default_rng((SEED, number))
        self.start, self.still = rng.normal(size=(3, 6)) + 1.5 * np.eye(3, 6), rng.normal(size=(2, 6))
        self.first = rng.normal(size=5)
        target = rng.normal(size=3)
        self.g = self.first[:3] - target
        toward, self.still_toward = moving * rng.normal(size=(3, 6)), moving * rng.normal(size=(2, 6))
        if aligned:
            toward = moving * np.outer(self.g, np.linalg.pinv(self.start) @ self.g)
        self.toward, self.speed = toward, rng.uniform(0.5, 1.0)
        times = _END * np.linspace(0.0, 1.0, _STEPS + 1) ** 2
        state, states = np.concatenate([self.first, self.first]), []

        def velocity(time: float, state: Numbers) -> Numbers:
            here, initial = self.jacobian(time), self.jacobian(0.0)
            training, linear = here[:3].T @ (state[:3] - target), initial[:3].T @ (state[5:8] - target)
            return -_ETA * np.concatenate([here @ training, initial @ linear])

        for left, right in zip(times[:-1], times[1:], strict=True):
            states.append(state)
            h = right - left
            k1 = velocity(left, state)
            k2 = velocity(left + h / 2, state + h / 2 * k1)
            k3 = velocity(left + h / 2, state + h / 2 * k2)
            k4 = velocity(right, state + h * k3)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
        self.times, self.states, self.target = times, np.array(states), target
        self.slopes = np.array([velocity(time, state) for time, state in zip(times, self.states, strict=True)])

    def jacobian(self, time: float | Numbers) -> Numbers:
        """J_t on training and test inputs, for one time or many."""
        wave = np.sin(self.speed * np.asarray(time))[..., None, None]
        return np.concatenate([self.start + wave * self.toward, self.still + wave * self.still_toward], axis=-2)

    def state(self, time: Numbers) -> Numbers:
        """(f(X), f(x), f_lin(X), f_lin(x)) by cubic Hermite interpolation between the steps."""
        k = np.clip(np.searchsorted(self.times, time) - 1, 0, _STEPS - 1)
        h = (self.times[k + 1] - self.times[k])[..., None]
        s = (time - self.times[k])[..., None] / h
        left, right, up, down = self.states[k], self.states[k + 1], h * self.slopes[k], h * self.slopes[k + 1]
        return left + s * (up + s * (3 * (right - left) - 2 * up - down + s * (up + down - 2 * (right - left))))

    def array(self, array: Array, time: Numbers) -> Numbers:
        """The values of an array at many times; a vector has no last axis."""
        label, rows = str(array.inputs[0]) if array.inputs else "X", slice(0, 3)
        if label != "X":
            rows = slice(3, 5)
        state = self.state(time)
        outputs, linear = state[..., :5], state[..., 5:]
        here, initial = self.jacobian(time), self.jacobian(np.zeros_like(time))
        kernels = [j[..., rows, :] @ np.swapaxes(j[..., :3, :], -1, -2) for j in (here, initial)]
        return {
            "errorvec": lambda: (outputs - linear)[..., rows],
            "residual": lambda: outputs[..., :3] - self.target,
            "residuallin": lambda: linear[..., :3] - self.target,
            "Thetahat": lambda: kernels[0],
            "Ddiff": lambda: kernels[0] - kernels[1],
        }[array.name]()

    @functools.cached_property
    def constants(self) -> dict[str, float]:
        """The learning rate, and the bounds that a claim may suppose, as tight as the path allows."""
        times = np.concatenate([np.linspace(0.0, _END, 2001), TIMES])
        x, training = (notation.x1, notation.X), (notation.X, notation.X)
        sizes = {name: self.norm(Array(of, label, (notation.t,)), times).max() for name, of, label in _BOUNDS(training, x)}
        lowest = np.linalg.eigvalsh(self.array(Array("Thetahat", training, (notation.t,)), times))[:, 0]
        return {"eta": _ETA, **sizes, "lamstart": lowest[0], "lampath": lowest.min()}

    def norm(self, array: Array, time: Numbers) -> Numbers:
        """Euclidean or operator norm at many times."""
        value = self.array(array, time)
        return np.linalg.norm(value, axis=-1) if len(array.inputs) == 1 else np.linalg.norm(value, 2, axis=(-2, -1))

    def sides(self, claim: sp.Basic) -> tuple[Numbers, Numbers]:
        """Both sides of an inequality at TIMES."""
        names = {symbol: np.float64(self.constants[symbol.name]) for symbol in claim.free_symbols if symbol.name in self.constants}
        left, right = (value(side, {**names, notation.t: TIMES}, self.norm) for side in claim.args)
        return left, right


def _BOUNDS(training: tuple[sp.Symbol, ...], test: tuple[sp.Symbol, ...]) -> tuple[tuple[str, str, tuple[sp.Symbol, ...]], ...]:
    return (("Dbar", "Ddiff", training), ("Dbarx", "Ddiff", test), ("Thetabarx", "Thetahat", test))


def value(expression: sp.Basic, at: Mapping[sp.Basic, Numbers], norm: Callable[[Array, Numbers], Numbers]) -> Numbers:
    """An expression in norms of arrays, functions and integrals, at arrays of values of its symbols."""
    if isinstance(expression, sp.Integral):
        variable, low, high = expression.limits[0].args
        lower, upper = value(low, at, norm), value(high, at, norm)
        lower, length = np.asarray(lower)[..., None], np.asarray(upper - lower)[..., None]
        inner = {symbol: number[..., None] if np.ndim(number) else number for symbol, number in at.items()} | {variable: lower + length * _PLACES}
        return np.sum(value(expression.function, inner, norm) * _MASSES * length, axis=-1)
    if isinstance(expression, Norm):
        array = expression.vector
        if isinstance(array, Transposed) or not isinstance(array, Array):
            raise CheckError(f"{array}", where="numbers of a bound", why="only norms of single arrays are known")
        time = value(array.time[0], at, norm)
        return norm(array, np.asarray(time, float))
    if isinstance(expression, sp.Symbol):
        return at[expression]
    if expression.is_number:
        return np.float64(expression)
    parts = [value(part, at, norm) for part in expression.args]
    if isinstance(expression, sp.Add):
        return functools.reduce(np.add, parts)
    if isinstance(expression, sp.Mul):
        return functools.reduce(np.multiply, parts)
    if isinstance(expression, sp.Pow):
        return np.power(*parts)
    if isinstance(expression, sp.exp):
        return np.exp(parts[0])
    raise CheckError(f"{expression}", where="numbers of a bound", why=f"no number for {type(expression).__name__}")


@functools.lru_cache(maxsize=1)
def pairs() -> tuple[Pair, ...]:
    """Random paths, slow and fast, and one along which the bound is attained as t -> 0."""
    return (Pair(0, 0.1), Pair(1, 0.3), Pair(2, 0.6), Pair(3, 0.2, aligned=True))
