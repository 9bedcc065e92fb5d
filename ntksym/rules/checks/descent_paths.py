"""Numbers for checks of steps: a quadratic network trained by gradient descent beside its linearization, and matrices put into expressions."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import sympy as sp

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Array, Norm, Transposed
from ntksym.proof import Verdict, false, tested

SEED = 19020672
_STEPS = 40
Numbers = np.ndarray


class Descent:
    """Three outputs f_i = a_i theta + theta^T A_i theta / 2 of five parameters, eta just below the edge along the whole path."""

    def __init__(self, number: int, bend: float, part_of_edge: float) -> None:
        rng = np.random.default_rng((SEED, number))
        flat, bent = rng.normal(size=(3, 5)), bend * rng.normal(size=(3, 5, 5))
        bent = (bent + bent.transpose(0, 2, 1)) / 2
        target, first = rng.normal(size=3), 0.3 * rng.normal(size=5)

        def output(theta: Numbers) -> Numbers:
            return flat @ theta + np.einsum("ipq,p,q->i", bent, theta, theta) / 2

        def jacobian(theta: Numbers) -> Numbers:
            return flat + np.einsum("ipq,q->ip", bent, theta)

        start = jacobian(first)
        edge = 2 / np.linalg.eigvalsh(start @ start.T)[-1]
        while True:  # the edge moves with the kernel: halve until it is kept on the path
            step = part_of_edge * edge
            theta, linear, rows = first, output(first), []
            for _ in range(_STEPS + 1):
                here, value = jacobian(theta), output(theta)
                moved = theta - step * here.T @ (value - target)
                rows.append((here, value, linear, output(moved) - value - here @ (moved - theta), theta))
                theta, linear = moved, linear - step * start @ start.T @ (linear - target)
            if all(step * np.linalg.eigvalsh(row[0] @ row[0].T)[-1] <= 2 for row in rows):
                break
            edge /= 2
        self.eta, self.rows, self.target = step, rows, target
        self.curvature = float(np.sqrt(np.sum(np.linalg.norm(bent, 2, axis=(1, 2)) ** 2)))

    def array(self, array: Array, time: int) -> Numbers:
        """The value of an array after ``time`` steps; vectors as columns."""
        here, value, linear, remainder, theta = self.rows[time]
        start = self.rows[0][0]
        kernel = here @ here.T
        found = {
            "errorvec": value - linear,
            "residual": value - self.target,
            "residuallin": linear - self.target,
            "remainder": remainder,
            "theta": theta,
            "J": here,
            "Thetahat": kernel,
            "Ddiff": kernel - start @ start.T,
        }[array.name]
        return found if found.ndim == 2 else found[:, None]

    def value(self, expression: sp.Basic, time: int) -> float:
        """One side of an inequality after ``time`` steps."""
        if isinstance(expression, sp.Sum):
            ((variable, _, _),) = expression.limits
            return sum(self.value(expression.function.xreplace({variable: notation.t}), k) for k in range(time))
        if isinstance(expression, sp.Add):
            return sum(self.value(part, time) for part in expression.args)
        if isinstance(expression, sp.Mul):
            return float(np.prod([self.value(part, time) for part in expression.args]))
        arrays = {array: self.array(array, int(array.time[0].xreplace({notation.t: sp.Integer(time)}))) for array in expression.atoms(Array)}
        return matrix_value(expression, arrays, {notation.eta: self.eta, sp.Symbol("curvature", nonnegative=True): self.curvature}).item()


def simulated(claim: sp.Basic) -> Verdict:
    """Both sides of an inequality along really trained small networks."""
    worst = 0.0
    for run in runs():
        for time in range(1, _STEPS):
            left, right = run.value(claim.args[0], time), run.value(claim.args[1], time)
            if not left <= right * (1 + 1e-9) + 1e-14:
                return false(f"after {time} steps of a quadratic network the left side is {left:.6g}, the right side {right:.6g}")
            worst = max(worst, left / right)
    oracle = f"quadratic networks of 5 parameters trained by gradient descent: the left side is at most {worst:.3f} of the right side"
    return tested(len(runs()) * (_STEPS - 1), 9, oracle, SEED)


@functools.lru_cache(maxsize=1)
def runs() -> tuple[Descent, ...]:
    """Nearly linear and bent networks, slow and near the edge."""
    return (Descent(0, 0.05, 0.3), Descent(1, 0.2, 0.3), Descent(2, 0.1, 0.9))


def matrix_value(expression: sp.Basic, arrays: Mapping[sp.Basic, Numbers], symbols: Mapping[sp.Basic, float]) -> Numbers:
    """An expression with matrices put in; a 1 x 1 matrix for a number."""
    if expression in arrays:
        return arrays[expression]
    if expression in symbols:
        return np.full((1, 1), symbols[expression])
    if isinstance(expression, Norm):
        return np.full((1, 1), np.linalg.norm(matrix_value(expression.vector, arrays, symbols), 2))
    if isinstance(expression, Transposed):
        return arrays[expression.array].T
    if expression.is_number:
        return np.full((1, 1), float(expression))
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer:
        return matrix_value(expression.base, arrays, symbols) ** int(expression.exp)
    if isinstance(expression, sp.Add):
        return functools.reduce(np.add, (matrix_value(part, arrays, symbols) for part in expression.args))
    if isinstance(expression, sp.Mul):
        numbers, factors = expression.args_cnc()
        scale = np.prod([matrix_value(part, arrays, symbols).item() for part in numbers])
        return scale * functools.reduce(np.matmul, (matrix_value(part, arrays, symbols) for part in factors)) if factors else np.full((1, 1), scale)
    raise CheckError(f"{expression}", where="numbers of a bound", why=f"no number for {type(expression).__name__}")
