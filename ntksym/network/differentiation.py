"""The derivative of a tensor's formula by an entry of a parent: sums over channels with their deltas used up."""

from __future__ import annotations

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.forms import phi_derivative
from ntksym.nodes import Applied, Entry
from ntksym.rules.contraction import add_up


def local_derivative(formula: sp.Expr, by: Entry) -> sp.Expr:
    """D formula / d by, ``by`` at a coordinate of its own; entries of other tensors do not depend on it."""
    if not any(entry.args[:3] == by.args[:3] for entry in formula.atoms(Entry)):
        return sp.S.Zero
    if isinstance(formula, sp.Sum):
        ((index, _, width),) = formula.limits
        return add_up(local_derivative(formula.function, by), index, width)
    if isinstance(formula, sp.Add):
        return sp.Add(*(local_derivative(part, by) for part in formula.args))
    if isinstance(formula, sp.Mul):
        return sp.Add(*(sp.Mul(local_derivative(part, by), *formula.args[:k], *formula.args[k + 1 :]) for k, part in enumerate(formula.args)))
    if isinstance(formula, sp.Pow):
        return formula.exp * formula.base ** (formula.exp - 1) * local_derivative(formula.base, by)
    if isinstance(formula, Entry):
        return sp.Mul(*(sp.KroneckerDelta(left, right) for left, right in zip(formula.indices, by.indices, strict=True)))
    if isinstance(formula, Applied):
        return Applied(phi_derivative(formula.function), formula.argument) * local_derivative(formula.argument, by)
    if isinstance(formula, sp.Function):
        return sp.Add(*(formula.fdiff(k) * local_derivative(part, by) for k, part in enumerate(formula.args, 1)))
    raise NetworkError(
        f"{type(formula).__name__} in the formula of a layer",
        where="chain rule",
        why="no derivative is known for it",
        fix="write the formula with sums, products, powers, functions, and averages over channels",
    )
