"""Checks of the chapter on cross-entropy: differentiation of the loss for few classes, squares, and random outputs."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ntksym.nodes import Array, Norm
from ntksym.notation import eta, lam_max, t
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks import operators

_P, _F, _H = sp.IndexedBase("softp"), sp.IndexedBase("f"), sp.IndexedBase("losshess")
_CLASSES = sp.Symbol("k", integer=True, positive=True)
_I, _J = (sp.Symbol(name, integer=True, positive=True) for name in "ij")
_SIZES = (2, 3, 4)
_HALF = sp.Rational(1, 2)
SEED = 5


def same(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether two functions of numbers are one."""
    return operators.vanishes(first - second)


def _written(expression: sp.Expr, classes: int, **at: int) -> sp.Expr:
    """Indices put in, sums written out, outputs and probabilities as letters."""
    found = expression.xreplace({sp.Symbol(name, integer=True, positive=True): sp.Integer(value) for name, value in at.items()})
    found = found.xreplace({_CLASSES: sp.Integer(classes)})
    sums = {node: node.doit() for node in found.atoms(sp.Sum)}
    return found.xreplace(sums)


def _weights(classes: int) -> list[sp.Symbol]:
    """e^f of every class: any positive numbers."""
    return [sp.Symbol(f"_a{k}", positive=True) for k in range(classes)]


def _outputs(classes: int) -> dict[sp.Basic, sp.Expr]:
    return {sp.exp(_F[k + 1]): weight for k, weight in enumerate(_weights(classes))}


def _probabilities(classes: int) -> dict[sp.Basic, sp.Expr]:
    weights = _weights(classes)
    return {_P[k + 1]: weights[k] / sp.Add(*weights) for k in range(classes)}


def softmax_outputs(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """For few classes: each is its weight over the sum of all; they sum to one."""
    value, total = conclusion.claim
    if value.lhs != _P[_I] or total.rhs != 1 or total.lhs != sp.Sum(_P[_J], (_J, 1, _CLASSES)):
        return false("not the probabilities and their sum")
    for classes in _SIZES:
        wanted = _probabilities(classes)
        for i in range(1, classes + 1):
            if not same(_written(value.rhs, classes, i=i).xreplace(_outputs(classes)), wanted[_P[i]]):
                return false(f"for {classes} classes the probability {i} is another")
        if not same(_written(total.lhs, classes).xreplace(wanted), sp.S.One):
            return false("they do not sum to one")
    return proved(f"{', '.join(map(str, _SIZES))} classes, written out")


def cross_entropy_hessian(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """-sum y log p differentiated twice by SymPy for few classes and any targets that sum to one."""
    claim = conclusion.claim
    if claim.lhs != _H[_I, _J] or "targets-sum-to-one" not in [a.key for a in conclusion.assumptions]:
        return false("not the second derivatives, of targets that sum to one")
    for classes in _SIZES:
        values = sp.symbols(f"_f1:{classes + 1}", real=True)
        targets = [sp.Symbol(f"_y{k}") for k in range(classes - 1)]
        targets.append(1 - sp.Add(*targets))
        total = sp.Add(*(sp.exp(v) for v in values))
        loss = sp.Add(*(y * (sp.log(total) - v) for y, v in zip(targets, values, strict=True)))
        put = {_P[k + 1]: sp.exp(values[k]) / total for k in range(classes)}
        for i in range(classes):
            for j in range(classes):
                if not same(loss.diff(values[i], values[j]), _written(claim.rhs, classes, i=i + 1, j=j + 1).xreplace(put)):
                    return false(f"for {classes} classes the entry ({i + 1}, {j + 1}) is another")
    return proved(f"{', '.join(map(str, _SIZES))} classes and any targets that sum to one, differentiated by SymPy")


def absolute_row_sum(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Row by row for few classes: the diagonal entry is positive, the others negative."""
    hessian, claim = premises[1].claim, conclusion.claim
    if claim.lhs != sp.Sum(sp.Abs(_H[_I, _J]), (_J, 1, _CLASSES)):
        return false("not the absolute values of a row")
    for classes in _SIZES:
        put = _probabilities(classes)
        for i in range(1, classes + 1):
            total = sp.S.Zero
            for j in range(1, classes + 1):
                entry = sp.factor(_written(hessian.rhs, classes, i=i, j=j).xreplace(put))
                sign = 1 if i == j else -1
                if not (sign * entry).is_positive:
                    return false(f"the sign of the entry ({i}, {j}) is not that of a row of this matrix")
                total += sign * entry
            if not same(total, _written(claim.rhs, classes, i=i).xreplace(put)):
                return false(f"for {classes} classes the row {i} sums to another value")
    return proved(f"{', '.join(map(str, _SIZES))} classes and any outputs, written out")


def hessian_norm(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The bound of a row by a square; of the quadratic form by 2|ab| <= a^2 + b^2; and eigenvalues at random outputs."""
    hessian, rows = premises[1].claim, premises[2].claim
    if len(conclusion.claim) != 3:
        return false("a row's bound, the norm's and a case of equality are meant")
    row, norm, reached = conclusion.claim
    if row.func is not sp.Le or norm.func is not sp.Le or row.lhs != rows.rhs or norm.lhs != Norm(Array("losshess")):
        return false("not bounds of a row and of the norm")
    p = sp.Symbol("_p", positive=True)
    if not same(row.rhs - row.lhs.xreplace({_P[_I]: p}), 2 * (p - _HALF) ** 2) or norm.rhs != row.rhs:
        return false("what is missing to the bound is no square")
    a, b = sp.symbols("_a _b", real=True)
    if not all(same(a**2 + b**2 + s * 2 * a * b, (a + s * b) ** 2) for s in (1, -1)):
        return false("the quadratic form is not bounded by its rows")
    ((value, where),) = reached.rhs.args
    halves = {_P[1]: _HALF, _P[2]: _HALF}
    if where != sp.And(*(sp.Eq(name, half, evaluate=False) for name, half in halves.items()), evaluate=False):
        return false("not two classes with half the probability each")
    entries = {_H[1, j]: _written(hessian.rhs, 2, i=1, j=j).xreplace(halves) for j in (1, 2)}
    image = [entries[_H[1, 1]] - entries[_H[1, 2]], entries[_H[1, 2]] - entries[_H[1, 1]]]  # H (1, -1), the rows being mirrored
    if reached.lhs != _H[1, 1] - _H[1, 2] or image != [value, -value] or value != norm.rhs:
        return false("two equal classes do not reach the bound")
    generator = np.random.default_rng(SEED)
    largest, points = 0.0, 0
    for classes in (2, 3, 10):
        for scale in (0.1, 1.0, 5.0):
            f = scale * generator.standard_normal(classes)
            soft = np.exp(f - f.max()) / np.exp(f - f.max()).sum()
            largest = max(largest, float(np.linalg.eigvalsh(np.diag(soft) - np.outer(soft, soft))[-1]))
            points += 1
    if largest > float(norm.rhs) + 1e-14:
        return false(f"at random outputs the largest eigenvalue is {largest}")
    scope = "v^T H v is at most the sum over i of v_i^2 times the absolute row sum, as 2 |v_i v_j| <= v_i^2 + v_j^2; what a row lacks to 1/2 is a square"
    return proved(scope) + tested(points, 14, "eigenvalues at random outputs", SEED)


def loss_falls(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Taylor's polynomial of degree two with the largest curvature along the step; and steps of random linear models."""
    claim = conclusion.claim
    before, after, gradient = Array("loss", (), (t,)), Array("loss", (), (t + 1,)), Array("thetagrad", (), (t,))
    if claim.func is not sp.Le or claim.lhs != after or "linear-in-parameters" not in [a.key for a in conclusion.assumptions]:
        return false("not a bound of the loss after a step of the linearized network")
    square = Norm(gradient) ** 2
    curvature = premises[0].claim.args[1].rhs * lam_max  # v^T J^T H J v <= 1/2 |J v|^2 <= 1/2 lambda_max |v|^2
    size = sp.Symbol("_g", positive=True)
    numbers = sp.expand(before - sp.expand(claim.rhs)).xreplace({square: size})
    slope, s = -eta * size, sp.Symbol("_s", positive=True)
    # L(theta - s eta g) has the slope -eta |g|^2 at s = 0 and a second derivative of at most eta^2 curvature |g|^2
    bound = sp.integrate(slope + s * eta**2 * curvature * size, (s, 0, 1))
    if not claim.rhs.has(square) or not numbers.is_commutative or not same(sp.expand(numbers), sp.expand(-bound)):
        return false("Taylor's bound is another")
    return proved("the slope along the step, with a curvature of at most half the largest eigenvalue, integrated") + _random_steps()


def _random_steps() -> Verdict:
    generator = np.random.default_rng(SEED)
    points = 0
    for classes, examples, parameters in ((2, 3, 4), (3, 4, 20), (5, 2, 6)):
        jacobian = generator.standard_normal((examples * classes, parameters))
        start, labels = generator.standard_normal((examples, classes)), np.eye(classes)[generator.integers(0, classes, examples)]
        largest = float(np.linalg.eigvalsh(jacobian @ jacobian.T)[-1])
        for factor in (0.5, 2.0, 3.9, 8.0):
            w = generator.standard_normal(parameters)

            def loss_and_gradient(
                w: np.ndarray, start: np.ndarray = start, jacobian: np.ndarray = jacobian, labels: np.ndarray = labels
            ) -> tuple[float, np.ndarray]:
                f = start + (jacobian @ w).reshape(start.shape)
                shifted = f - f.max(axis=1, keepdims=True)
                soft = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
                value = -(labels * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))).sum()
                return float(value), jacobian.T @ (soft - labels).ravel()

            before, gradient = loss_and_gradient(w)
            rate = factor / largest
            after = loss_and_gradient(w - rate * gradient)[0]
            if after > before - rate * (1 - factor / 4) * float(gradient @ gradient) + 1e-10:
                return false(f"a step of {factor}/lambda_max leads to {after} from {before}")
            points += 1
    return tested(points, 10, "steps of random linear softmax models", SEED)


def safe_rate(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """At the bound the loss need not fall, and the bracket falls with the learning rate."""
    claim = conclusion.claim
    if claim.func is not sp.Lt or claim.lhs != eta:
        return false("not a bound of the learning rate")
    size = sp.Symbol("_g", positive=True)
    gain = sp.expand(Array("loss", (), (t,)) - sp.expand(premises[0].claim.rhs)).xreplace({Norm(Array("thetagrad", (), (t,))) ** 2: size})
    bracket = sp.cancel(gain / (eta * size))
    if not same(bracket.xreplace({eta: claim.rhs}), sp.S.Zero) or not bracket.diff(eta).is_negative:
        return false("there the bracket is not zero, or does not fall")
    return proved("the bracket is zero there and falls with the learning rate")
