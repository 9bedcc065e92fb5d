"""Checks of the exact tangent kernel of a wiring: index algebra for all widths, and a small network in numbers, differentiated by complex steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from ntksym import notation
from ntksym.nodes import Applied, Entry, Partial, Width
from ntksym.proof import Statement, Verdict, false, proved, tested
from ntksym.rules.checks.calculus import by_time
from ntksym.rules.checks.indices import is_zero
from ntksym.rules.checks.numbers import STEP, Numbers, key_of

X, Y = notation.x1, notation.x2
_TIME = sp.Symbol("_t", real=True)
_SEED = 7


def _letters(count: int, stem: str = "_i") -> tuple[sp.Symbol, ...]:
    return tuple(sp.Symbol(f"{stem}{k}", integer=True, positive=True) for k in range(count))


def _for_all_widths(difference: sp.Expr, how: str) -> Verdict:
    return proved(f"all widths, by index algebra: {how}") if is_zero(difference) else false(f"{how}: the two sides differ by index algebra")


def edge_jacobian(premises: tuple[Statement, ...], conclusion: Statement, *, by: Entry, jacobian: sp.Expr) -> Verdict:
    """The definition's derivative along a direction e is the Jacobian applied to e; of a concatenation, place by place at small widths."""
    definition, claim = premises[0].claim, conclusion.claim
    if claim.rhs.has(Applied) and not any(a.key == "phi-differentiable" for a in conclusion.assumptions):
        return false("phi is differentiated without being assumed differentiable")
    if claim.lhs != Partial(definition.lhs, by):
        return false("it is the Jacobian of another edge")
    if isinstance(definition.rhs, sp.Piecewise):
        return _of_concatenation(definition, claim, by)
    slots = sorted({e.indices for e in definition.rhs.atoms(Entry) if e.args[:3] == by.args[:3]}, key=str)
    direction = {e: Entry("e", 0, (), e.indices) for e in definition.rhs.atoms(Entry) if e.args[:3] == by.args[:3]}
    moved = definition.rhs.xreplace({e: e + _TIME * other for e, other in direction.items()})
    widths = _ranges(definition, by, slots)
    names = dict(zip(by.indices, _letters(len(by.indices)), strict=True))
    applied = claim.rhs.xreplace(names) * Entry("e", 0, (), tuple(names.values()))
    for coordinate, width in zip(names.values(), widths, strict=True):
        applied = sp.Sum(applied, (coordinate, 1, width))
    return _for_all_widths(by_time(moved) - applied, "directional derivative of the definition")


def _ranges(definition: sp.Eq, by: Entry, slots: list[Any]) -> list[sp.Expr]:
    """What each coordinate of ``by`` runs over: the limits of the sums it stands in, the own coordinate's width otherwise (of any size)."""
    limits = {limit[0]: limit[2] for s in definition.rhs.atoms(sp.Sum) for limit in s.limits}
    own = Width(sp.Symbol("own"))
    found = []
    for position in range(len(by.indices)):
        options = {limits[slot[position]] for slot in slots if slot[position] in limits}
        found.append(next(iter(options)) if options else own)
    return found


def _of_concatenation(definition: sp.Eq, claim: sp.Eq, by: Entry) -> Verdict:
    (a,), (b,) = definition.lhs.indices, by.indices
    pieces = [pair.args for pair in definition.rhs.args]
    widths = sorted({w for _, condition in pieces if condition != sp.true for w in condition.rhs.atoms(Width)}, key=str)
    points = 0
    for sizes in ((2, 3, 5, 4), (3, 1, 2, 6)):
        numbers = {w: sp.Integer(sizes[k % 4]) for k, w in enumerate(widths)}
        for place in range(1, 12):
            active = next(piece for piece, condition in pieces if condition == sp.true or place <= condition.rhs.xreplace(numbers))
            for other in range(1, 8):
                at = {a: sp.Integer(place), b: sp.Integer(other)}
                same = active.args[:3] == by.args[:3] and active.indices[0].xreplace(at).xreplace(numbers) == other
                # beyond the last width of the last tensor nothing is claimed
                if claim.rhs.xreplace(at).xreplace(numbers) != int(same) and _inside(definition, by, other, numbers):
                    return false(f"at coordinates {place}, {other} the Jacobian is {int(same)}")
                points += 1
    mine = [pair.args[0].indices[0] for pair in definition.rhs.args if pair.args[0].args[:3] == by.args[:3]]
    places = sp.Add(*(sp.KroneckerDelta(a, sp.expand(b + a - place)) for place in mine))  # u at a - offset is u at b where a = b + offset
    looked_up = tested(points, 15, "the pieces looked up at two sets of widths")
    return looked_up + proved("all widths: the place of each piece, solved for its coordinate") if sp.expand(places - claim.rhs) == 0 else looked_up


def _inside(definition: sp.Eq, by: Entry, coordinate: int, numbers: dict[Any, Any]) -> bool:
    """Whether a tensor has this coordinate: for all but the last piece the conditions say."""
    below = sp.S.Zero
    for piece, condition in (pair.args for pair in definition.rhs.args):
        if condition == sp.true:
            return True
        width = condition.rhs - below
        if piece.args[:3] == by.args[:3]:
            return coordinate <= int(sp.sympify(width, strict=True).xreplace(numbers))
        below = condition.rhs
    return True


def output_jacobian(premises: tuple[Statement, ...], conclusion: Statement, *, tensor: Entry, offset: sp.Expr) -> Verdict:
    """The name of the tensor, and a one where the output is the tensor's coordinate, counted from ``offset``."""
    claim = conclusion.claim
    o, b = claim.lhs.indices
    if claim.lhs.name != "B" or str(claim.lhs.layer) != f"{tensor.name}^{tensor.layer}" or claim.lhs.inputs != tensor.inputs:
        return false("it is the Jacobian of another tensor")
    for first in range(1, 5):
        for second in range(1, 5):
            places = {w: sp.Integer(2) for w in (offset + sp.Symbol("_n")).atoms(Width)}
            if claim.rhs.xreplace({o: sp.Integer(first), b: sp.Integer(second), **places}) != int(first == second + offset.xreplace(places)):
                return false("it is no shifted identity")
    return proved("a name for the derivative; the output is the tensor itself")


def _applied_to(edge: sp.Eq, names: tuple[sp.Symbol, ...], middle: sp.Symbol) -> sp.Expr:
    """A local Jacobian applied to a direction e of its tail."""
    of, by = edge.lhs.of, edge.lhs.by
    return edge.rhs.xreplace({of.indices[0]: middle, **dict(zip(by.indices, names, strict=True))}) * Entry("e", 0, (), names)


def _backward(edges: list[sp.Eq], widths: tuple[sp.Expr, ...], o: sp.Symbol, names: tuple[sp.Symbol, ...]) -> sp.Expr:
    (middle,) = _letters(1, "_m")
    total = sp.S.Zero
    for edge, width in zip(edges, widths, strict=True):
        of = edge.lhs.of
        total += sp.Sum(Entry("B", sp.Symbol(f"{of.name}^{of.layer}"), of.inputs, (o, middle)) * _applied_to(edge, names, middle), (middle, 1, width))
    return total


def backward(premises: tuple[Statement, ...], conclusion: Statement, *, widths: tuple[sp.Expr, ...]) -> Verdict:
    """A direction pushed through every edge and then through what stands above."""
    edges, claim = [premise.claim for premise in premises], conclusion.claim
    o, b = claim.lhs.indices
    tensor = edges[0].lhs.by
    if str(claim.lhs.layer) != f"{tensor.name}^{tensor.layer}" or any(edge.lhs.by.args[:3] != tensor.args[:3] for edge in edges):
        return false("it is the Jacobian by another tensor")
    (name,) = _letters(1)
    direct = claim.rhs.xreplace({b: name}) * Entry("e", 0, (), (name,))
    return _for_all_widths(_backward(edges, widths, o, (name,)) - direct, "one Jacobian after the other")


def parameter_jacobian(premises: tuple[Statement, ...], conclusion: Statement, *, widths: tuple[sp.Expr, ...]) -> Verdict:
    """A direction of the parameter pushed through every tensor it makes."""
    edges, claim = [premise.claim for premise in premises], conclusion.claim
    by = claim.lhs.by
    if claim.lhs.of.args[:3] != Entry("f", sp.Symbol("theta"), (X,)).args[:3] or any(edge.lhs.by.args[:3] != by.args[:3] for edge in edges):
        return false("it is the Jacobian by another parameter")
    names = _letters(len(by.indices))
    direct = claim.rhs.xreplace(dict(zip(by.indices, names, strict=True))) * Entry("e", 0, (), names)
    return _for_all_widths(_backward(edges, widths, claim.lhs.of.indices[0], names) - direct, "one Jacobian after the other")


def layer_term(premises: tuple[Statement, ...], conclusion: Statement, *, widths: tuple[sp.Expr, ...], standard: bool = False) -> Verdict:
    """The Jacobian put in twice, the sums over the parameter's coordinates written in front; W = sigma_w omega/sqrt(n), b = sigma_b beta put in."""
    jacobian, claim = premises[0].claim, conclusion.claim
    by = jacobian.lhs.by
    o, p = claim.lhs.indices
    name = {"omega": "W", "beta": "b"}[by.name] if standard else by.name
    if str(claim.lhs.layer) != f"{name}^{by.layer}" or claim.lhs.inputs != sp.Tuple(X, Y) or jacobian.lhs.of.indices[0] != o:
        return false("it is the term of another parameter")
    apart = {limit[0]: sp.Symbol(f"_{limit[0]}", integer=True, positive=True) for s in jacobian.rhs.atoms(sp.Sum) for limit in s.limits}
    product = jacobian.rhs * jacobian.rhs.xreplace(apart).xreplace({o: p, X: Y})
    for variable, width in zip(by.indices, widths, strict=True):
        product = sp.Sum(product, (variable, 1, width))
    if standard:
        slope = notation.sigma_w / sp.sqrt(widths[0]) if by.name == "omega" else notation.sigma_b  # of the trained coordinate by ours
        return _for_all_widths(product - slope**2 * claim.rhs, "the Jacobian put in twice, and the change of coordinates")
    return _for_all_widths(product - claim.rhs, "the Jacobian put in twice")


def tangent_kernel_of_wiring(
    premises: tuple[Statement, ...], conclusion: Statement, *, trained: tuple[Entry, ...], outputs: tuple[Entry, ...], shapes: Any
) -> Verdict:
    """Sum over trained parameters of the products of derivatives by complex steps, for a small network in numbers."""
    claims = [premise.claim for premise in premises]
    definitions = [c for c in claims if isinstance(c.lhs, Entry) and c.lhs.name not in ("B", "Thetahat")]
    numbers = Numbers(definitions, shapes, _SEED)
    values = {label: numbers.forward(label) for label in (X, Y)}
    ends = [(entry.name, str(entry.layer)) for entry in outputs]

    def stacked(found: dict[Any, Any], label: sp.Symbol) -> Any:
        parts = [found[(*end, (str(label),))] for end in ends]
        directions = max((len(part) for part in parts if part.ndim == 2), default=0)
        return np.concatenate([np.broadcast_to(part, (directions, part.shape[-1])) if directions else part for part in parts], axis=-1)

    kernel: Any = 0
    for trained_entry in trained:
        entry = Entry({"W": "omega", "b": "beta"}.get(trained_entry.name, trained_entry.name), trained_entry.layer)
        key = key_of(entry)
        sides = []
        for label in (X, Y):
            moved = numbers.forward(label, moved={key: numbers.fixed[key] + numbers.directions(key)})
            sides.append(np.imag(stacked(moved, label)) / STEP)
        scale = 1.0
        if trained_entry.name == "W":
            scale = numbers.fixed[key].shape[0] / numbers.symbols["sigma_w"] ** 2
        elif trained_entry.name == "b":
            scale = 1 / numbers.symbols["sigma_b"] ** 2
        kernel = kernel + scale * (sides[0].T @ sides[1])
    known: dict[Any, Any] = {k: v for label in (X, Y) for k, v in values[label].items()}
    for claim in claims:
        if isinstance(claim.lhs, Entry) and claim.lhs.name == "B":
            for label in (X, Y):
                name, _, layer = str(claim.lhs.layer).partition("^")
                key = (name, layer, (str(label),))
                moved = numbers.forward(label, shifted=(key, numbers.directions(key)))
                known[key_of(claim.lhs.xreplace({X: label}))] = (np.imag(stacked(moved, label)) / STEP).T
    o, p = conclusion.claim.lhs.indices
    size = stacked(values[X], X).shape[-1]
    claimed = np.array([[numbers.value(conclusion.claim.rhs, {o: i + 1, p: j + 1}, known) for j in range(size)] for i in range(size)]).real
    error = np.abs(claimed - kernel).max() / np.abs(kernel).max()
    if not error < 1e-11:
        return false(f"at small widths the kernel differs from the product of derivatives by {error:.1e} of its size")
    found = "a network in numbers at small distinct widths, polynomials for the activations, derivatives by complex steps"
    terms = [c.rhs for c in claims if isinstance(c.lhs, Entry) and c.lhs.name == "Thetahat"]
    exact = proved("the sum of the terms of all trained parameters") if sp.expand(conclusion.claim.rhs - sp.Add(*terms)) == 0 else false("a term is missing")
    return exact + tested(size * size * 2, 11, found, seed=_SEED)
