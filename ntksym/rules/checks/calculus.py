"""Checks of the calculus chapter: index algebra for all widths, and the statement written out for small ones."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.nodes import Applied, Entry, Partial, Width
from ntksym.proof import Statement, Verdict, false, proved
from ntksym.rules.checks import expansion
from ntksym.rules.checks.indices import is_zero

_TIME = sp.Symbol("_t", real=True)
_LETTERS = tuple(sp.Symbol(f"_i{k}", integer=True, positive=True) for k in range(4))


def written_out(claim: sp.Basic, opaque: tuple[str, ...] = ()) -> Verdict:
    """The claim at small widths."""
    witness = expansion.holds(claim, opaque)
    return false(witness) if witness else proved(expansion.SCOPE)


def for_all_widths(difference: sp.Expr, how: str) -> Verdict:
    """``difference`` is zero by index algebra."""
    return proved(f"all widths, by index algebra: {how}") if is_zero(difference) else false(f"{how}: the two sides differ by index algebra")


def forward_pass(premises: tuple[Statement, ...], conclusion: Statement, *, equation: sp.Eq) -> Verdict:
    """Shapes agree, and the entries are those of the product of matrices."""
    problem = _shape_problem(conclusion.claim)
    return false(problem) if problem else proved("all widths: every coordinate runs over the width it belongs to") + written_out(conclusion.claim)


def _shape_problem(equation: sp.Eq) -> str | None:
    problem = expansion.shape_problem(equation)
    if problem:
        return problem
    loose = equation.rhs.free_symbols - equation.lhs.free_symbols - {notation.sigma_w, notation.sigma_b, notation.layer}
    return f"free coordinates {sorted(map(str, loose))} on the right only" if loose else None


def local_jacobian(premises: tuple[Statement, ...], conclusion: Statement, *, by: Entry, jacobian: sp.Expr) -> Verdict:
    """The map's directional derivative along a direction e is the Jacobian applied to e."""
    definition, claim = premises[0].claim, conclusion.claim
    if claim.rhs.has(Applied) and not any(assumption.key == "phi-differentiable" for assumption in conclusion.assumptions):
        return false("phi is differentiated without being assumed differentiable")
    names = dict(zip(by.indices, _LETTERS, strict=False))
    direction = {slot: Entry("e", 0, (), slot.indices) for slot in definition.rhs.atoms(Entry) if slot.args[:3] == by.args[:3]}
    moved = definition.rhs.xreplace({slot: slot + _TIME * e for slot, e in direction.items()})
    derivative = by_time(moved)
    applied = claim.rhs.xreplace(names) * Entry("e", 0, (), tuple(names.values()))
    for coordinate, width in zip(names.values(), expansion.slots(by), strict=True):
        applied = sp.Sum(applied, (coordinate, 1, width))
    return for_all_widths(derivative - applied, "directional derivative of the definition") + written_out(claim)


def by_time(expression: sp.Expr) -> sp.Expr:
    """d/dt at t = 0 of sums and products of tensor entries and of phi at them."""
    if not expression.has(_TIME):
        return sp.S.Zero
    if isinstance(expression, sp.Sum):
        return sp.Sum(by_time(expression.function), *expression.limits)
    if isinstance(expression, sp.Add):
        return sp.Add(*(by_time(part) for part in expression.args))
    if isinstance(expression, sp.Mul):
        still = [part.xreplace({_TIME: sp.S.Zero}) for part in expression.args]
        return sp.Add(*(by_time(part) * sp.Mul(*still[:k], *still[k + 1 :]) for k, part in enumerate(expression.args)))
    if isinstance(expression, Applied):
        variable = expression.function.variables[0]
        slope = sp.Lambda(variable, sp.Derivative(expression.function.expr, variable, evaluate=False))
        return Applied(slope, expression.argument.xreplace({_TIME: sp.S.Zero})) * by_time(expression.argument)
    return sp.diff(expression, _TIME).xreplace({_TIME: sp.S.Zero})


def chain_rule(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Both premises applied one after the other to a direction give the conclusion applied to it."""
    outer, inner, claim = premises[0].claim, premises[1].claim, conclusion.claim
    width = Width(outer.lhs.by.layer)
    given, middle = _LETTERS[: len(inner.lhs.by.indices)], _LETTERS[-1]
    second = inner.rhs.xreplace({inner.lhs.of.indices[0]: middle} | dict(zip(inner.lhs.by.indices, given, strict=True)))
    first = outer.rhs.xreplace({outer.lhs.by.indices[0]: middle})
    through = sp.Sum(first * second, (middle, 1, width))
    direct = claim.rhs.xreplace(dict(zip(claim.lhs.by.indices, given, strict=True)))
    if claim.lhs.of != outer.lhs.of:
        return false(f"{claim.lhs.of} is not what the outer Jacobian differentiates")
    return for_all_widths(through - direct, "one Jacobian after the other") + written_out(claim)


def name_jacobian(premises: tuple[Statement, ...], conclusion: Statement, *, output: sp.Expr, layer: sp.Expr) -> Verdict:
    """The name stands for the derivative; at the output layer it is the identity."""
    return written_out(conclusion.claim)


def tangent_kernel(premises: tuple[Statement, ...], conclusion: Statement, *, layer: sp.Expr) -> Verdict:
    """The kernel written out equals the sum of products of SymPy's derivatives."""
    return written_out(conclusion.claim)


def sum_over_layers(premises: tuple[Statement, ...], conclusion: Statement, *, layer: sp.Expr, own: tuple[Entry, ...], below: bool = True) -> Verdict:
    """The kernel over all parameters, by SymPy's derivatives, equals the sum over the groups."""
    return written_out(conclusion.claim)


def outer_product_gram(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The Jacobian put in twice and the deltas contracted."""
    jacobian, claim = premises[0].claim, conclusion.claim
    return for_all_widths(_put_in(claim.lhs, jacobian) - claim.rhs, "the Jacobian put in twice") + written_out(claim)


def _put_in(expression: sp.Expr, jacobian: sp.Eq) -> sp.Expr:
    """Every instance of the derivative on the left of ``jacobian`` replaced by its right, at whatever coordinates and input it stands."""
    pattern = jacobian.lhs
    places = {}
    for node in expression.atoms(Partial):
        same = node.of.args[:2] == pattern.of.args[:2] and node.by.args[:3] == pattern.by.args[:3]
        if same:
            names = dict(zip((*pattern.of.indices, *pattern.by.indices), (*node.of.indices, *node.by.indices), strict=True))
            names |= dict(zip(pattern.of.inputs, node.of.inputs, strict=True))
            places[node] = _rename_apart(jacobian.rhs, set(names.values())).xreplace(names)
    return expression.xreplace(places)


def _rename_apart(expression: sp.Expr, taken: set[sp.Basic]) -> sp.Expr:
    bound = {limit[0] for s in expression.atoms(sp.Sum) for limit in s.limits}
    return expression.xreplace({v: sp.Symbol(f"_{v}_", integer=True, positive=True) for v in bound})


def total_derivative(premises: tuple[Statement, ...], conclusion: Statement, *, parameter: Entry) -> Verdict:
    """The Jacobian applied to the direction dh/dtheta."""
    through, claim = premises[0].claim, conclusion.claim
    tensor = through.lhs.by
    middle = _LETTERS[-1]
    below = Partial(Entry(tensor.name, tensor.layer, tensor.inputs, (middle,)), parameter)
    expected = sp.Sum(through.rhs.xreplace({tensor.indices[0]: middle}) * below, (middle, 1, Width(tensor.layer)))
    return for_all_widths(expected - claim.rhs, "the Jacobian applied to the derivative below") + written_out(claim)


def gram_through_map(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The derivative put in twice on the left, and the kernel's definition on the right."""
    derivative, definition, claim = premises[0].claim, premises[1].claim, conclusion.claim
    kernel = definition.lhs
    places = {}
    for entry in claim.rhs.atoms(Entry):
        if entry.args[:3] == kernel.args[:3]:
            places[entry] = definition.rhs.xreplace(dict(zip(kernel.indices, entry.indices, strict=True)))
    difference = _put_in(claim.lhs, derivative) - claim.rhs.xreplace(places)
    return for_all_widths(difference, "both sides written with the definition of the kernel") + written_out(claim)


def substitution(premises: tuple[Statement, ...], conclusion: Statement, **_: Any) -> Verdict:
    """The conclusion is true of the network written out, and follows by moving the difference to one side."""
    target, claim = premises[0].claim, conclusion.claim
    replaced = sum((premise.claim.lhs - premise.claim.rhs for premise in premises[1:]), sp.S.Zero)
    return for_all_widths(target.rhs - claim.rhs - replaced, "the difference of the two statements is that of the equations put in") + written_out(claim)
