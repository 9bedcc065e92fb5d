"""Checks of the map between parameterizations: index algebra for all widths, and every statement written out for the network written in W and b itself."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Entry, Partial, Width
from ntksym.proof import Statement, Verdict, false, proved
from ntksym.rules.checks.indices import is_zero
from ntksym.rules.checks.model import WIDTHS, Phi, Slope, bias, preactivation, scale, variables_of, weight

SCOPE = "written out at widths 2, 3, 5 for $L \\le 2$, $\\phi$ abstract, derivatives by SymPy in either set of parameters"
_DEPTHS = (1, 2)


# -- the network in W and b --------------------------------------------------------------------------------------------


@functools.cache
def _symbol(name: str, layer: int, *at: int) -> sp.Symbol:
    return sp.Symbol("_".join([f"{name}{layer}", *map(str, at)]), real=True)


@functools.cache
def _standard(layer: int, label: sp.Symbol) -> sp.Matrix:
    """h^layer of the network written as z W + b."""
    below = layer - 1
    z = variables_of("z", 0, label) if below == 0 else _standard(below, label).applyfunc(Phi)
    weights = sp.Matrix(WIDTHS[below], WIDTHS[layer], lambda r, c: _symbol("W", layer, r + 1, c + 1))
    return z * weights + sp.Matrix(1, WIDTHS[layer], lambda _, c: _symbol("b", layer, c + 1))


@functools.cache
def _all_standard(layer: int) -> tuple[sp.Symbol, ...]:
    """Every W and b of the layers up to ``layer``."""
    found = []
    for level in range(1, layer + 1):
        found += [_symbol("W", level, r, c) for r in range(1, WIDTHS[level - 1] + 1) for c in range(1, WIDTHS[level] + 1)]
        found += [_symbol("b", level, c) for c in range(1, WIDTHS[level] + 1)]
    return tuple(found)


@functools.cache
def _in_omega() -> dict[sp.Symbol, sp.Expr]:
    """W and b read off the network in omega and beta: slopes and constants of its affine maps."""
    places: dict[sp.Symbol, sp.Expr] = {}
    label = notation.x1
    for level in range(1, len(WIDTHS)):
        below = variables_of("z", level - 1, label)
        row = preactivation(level, label, level - 1, "z")
        for c in range(WIDTHS[level]):
            for r in range(WIDTHS[level - 1]):
                places[_symbol("W", level, r + 1, c + 1)] = sp.diff(row[c], below[r])
            places[_symbol("b", level, c + 1)] = row[c].xreplace(dict.fromkeys(below, sp.S.Zero))
    return places


def _named(expression: sp.Expr, label: sp.Symbol) -> sp.Expr:
    """Phi(h) and phi'(h) of every neuron as symbols, whichever parameters h is written in."""
    for layer in range(len(WIDTHS) - 1, 0, -1):
        for rows in (preactivation(layer, label), _standard(layer, label)):
            places = {kind(h): _symbol(f"{letter}_{label}_", layer, k) for k, h in enumerate(rows, 1) for kind, letter in ((Phi, "P"), (Slope, "D"))}
            expression = expression.xreplace(places)
    return expression


@functools.cache
def _derivative(layer: int, k: int, label: sp.Symbol, by: sp.Symbol, standard: bool) -> sp.Expr:
    """Of h^layer_k by one parameter, in omega and beta."""
    row = (_standard if standard else preactivation)(layer, label)
    return _named(sp.diff(row[k - 1], by), label).xreplace(_in_omega())


# -- a statement at small widths ---------------------------------------------------------------------------------------


def _ranges(entry: Entry) -> tuple[sp.Expr, ...]:
    level = entry.layer
    table = {
        **dict.fromkeys(("omega", "Wstd"), (level - 1, level)),
        **dict.fromkeys(("beta", "bstd", "h", "z"), (level,)),
        "Thetastd": (level, level),
    }
    if entry.name not in table or len(entry.indices) != len(table[entry.name]):
        raise CheckError(f"cannot write out {entry}", where="parameterizations")
    return table[entry.name]


def _level(expression: Any, places: Mapping[sp.Symbol, int]) -> int:
    found = int(sp.sympify(expression, strict=True).xreplace({k: sp.Integer(v) for k, v in places.items()}))
    if not 0 <= found < len(WIDTHS):
        raise IndexError(found)
    return found


def _value(expression: Any, places: Mapping[sp.Symbol, int]) -> sp.Expr:
    """At the layers and indices of ``places``, in the symbols of the model."""
    if isinstance(expression, sp.Sum):
        limits = tuple(expression.limits)
        (variable, low, high), rest = limits[-1], limits[:-1]  # the last limit is the outermost
        last = WIDTHS[_level(high.layer, places)] if isinstance(high, Width) else _level(high, places)
        body = sp.Sum(expression.function, *rest) if rest else expression.function
        return sp.Add(*(_value(body, {**places, variable: at}) for at in range(int(low), last + 1)))
    if isinstance(expression, Width):
        return scale(_level(expression.layer, places)) ** -2
    if isinstance(expression, Partial):
        of, by = expression.of, expression.by
        if of.name != "h":
            raise CheckError(f"cannot write out {expression}", where="parameterizations")
        layer, at = _level(by.layer, places), tuple(places[i] for i in by.indices)
        _ranges(by)
        symbols = {"omega": weight, "beta": bias, "Wstd": functools.partial(_symbol, "W"), "bstd": functools.partial(_symbol, "b")}
        return _derivative(_level(of.layer, places), places[of.indices[0]], of.inputs[0], symbols[by.name](layer, *at), by.name.endswith("std"))
    if isinstance(expression, Entry):
        return _entry(expression, places)
    if isinstance(expression, sp.Add | sp.Mul | sp.Pow):
        return expression.func(*(_value(part, places) for part in expression.args))
    if isinstance(expression, sp.Symbol | sp.Rational):
        return expression
    raise CheckError(f"cannot write out a {type(expression).__name__}", where="parameterizations", why="it is not in the table of nodes the model knows")


def _entry(entry: Entry, places: Mapping[sp.Symbol, int]) -> sp.Expr:
    _ranges(entry)
    layer, at = _level(entry.layer, places), tuple(places[i] for i in entry.indices)
    match entry.name:
        case "omega":
            return weight(layer, *at)
        case "beta":
            return bias(layer, *at)
        case "Wstd" | "bstd":
            return _in_omega()[_symbol(entry.name[0], layer, *at)]
        case "h":
            return _named(preactivation(layer, entry.inputs[0])[at[0] - 1], entry.inputs[0])
        case "z" if layer == 0:
            return variables_of("z", 0, entry.inputs[0])[at[0] - 1]
        case "z":
            return _symbol(f"P_{entry.inputs[0]}_", layer, at[0])
    first, second = entry.inputs
    pairs = ((_derivative(layer, at[0], first, p, True), _derivative(layer, at[1], second, p, True)) for p in _all_standard(layer))
    return sp.Add(*(one * two for one, two in pairs))


def _environments(equation: sp.Eq) -> Iterator[dict[sp.Symbol, int]]:
    free = sorted((e for e in equation.atoms(Entry) if e.indices), key=str)
    for depth in _DEPTHS:
        for layer in range(1, depth + 2) if notation.layer in equation.free_symbols else (None,):
            places = {notation.depth: depth} | ({} if layer is None else {notation.layer: layer})
            try:
                ranges = {i: WIDTHS[_level(r, places)] for e in free for i, r in zip(e.indices, _ranges(e), strict=True) if i in equation.free_symbols}
                top = [_level(e.layer, places) for e in free if e.layer.free_symbols <= set(places)]
            except (IndexError, TypeError):
                continue
            if any(level > depth + 1 for level in top):
                continue
            for values in itertools.product(*(sorted({1, last}) for last in ranges.values())):
                yield places | dict(zip(ranges, values, strict=True))


def _written_out(claim: sp.Eq) -> Verdict:
    environments = list(_environments(claim))
    if not environments:
        return false("no small network has these layers")
    for places in environments:
        if sp.expand(_value(claim.lhs, places) - _value(claim.rhs, places)) != 0:
            where = ", ".join(f"{k} = {v}" for k, v in sorted(places.items(), key=str))
            return false(f"the two sides differ at widths {WIDTHS} with {where}")
    return proved(SCOPE)


# -- the rules ---------------------------------------------------------------------------------------------------------


def standard_parameters(premises: tuple[Statement, ...], conclusion: Statement, *, parameter: str) -> Verdict:
    """W is the slope of the layer's map, b its constant."""
    claim = conclusion.claim
    if claim.lhs.name != {"omega": "Wstd", "beta": "bstd"}[parameter] or claim.lhs.layer != notation.layer or claim.rhs.has(sp.Sum):
        return false("this is no definition of the parameter asked for, at every layer")
    return _written_out(claim)


def _defined(definition: sp.Eq, entry: Entry) -> sp.Expr:
    """What a definition puts in the place of an entry of its left side's tensor."""
    names = dict(zip(definition.lhs.indices, entry.indices, strict=True))
    return definition.rhs.xreplace({notation.layer: entry.layer}).xreplace(names)


def same_network(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The definitions put back give the layer in the NTK parameterization."""
    forward, *definitions = (premise.claim for premise in premises)
    claim = conclusion.claim
    places = {e: _defined(d, e) for d in definitions for e in claim.rhs.atoms(Entry) if e.name == d.lhs.name}
    if claim.lhs != forward.lhs or claim.rhs.has(notation.sigma_w, notation.sigma_b) or not is_zero(claim.rhs.xreplace(places) - forward.rhs):
        return false("the definitions put back do not give the layer")
    return proved("all widths, by index algebra: the definitions put back give the layer") + _written_out(claim)


def derivative_by_standard(premises: tuple[Statement, ...], conclusion: Statement, *, output: sp.Expr) -> Verdict:
    """The derivative of the definition, times that of the output."""
    definition, claim = premises[0].claim, conclusion.claim
    if not any(a.key == "phi-differentiable" for a in conclusion.assumptions):
        return false("phi is differentiated without being assumed differentiable")
    inner = sp.diff(definition.rhs, claim.lhs.by) if isinstance(claim.lhs, Partial) else sp.S.NaN
    (new,) = claim.rhs.atoms(Partial)
    if claim.lhs.of != new.of or new.by != definition.lhs or claim.lhs.of.layer != output or not is_zero(_without_deltas(inner) * new - claim.rhs):
        return false("this is not the derivative of the definition times that of the output")
    return proved("all widths: the definition differentiated") + _written_out(claim)


def _without_deltas(expression: sp.Expr) -> sp.Expr:
    """Deltas of an index with itself are one already; any other means that two different parameters were mixed."""
    return sp.S.NaN if expression.has(sp.KroneckerDelta) else expression


def gram_by_standard(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The derivative put in on the right gives the left."""
    derivative, claim = premises[0].claim, conclusion.claim
    if derivative.lhs.by.name == "beta" and not any(a.key == "sigma-b-positive" for a in conclusion.assumptions):
        return false("it divides by sigma_b without saying so")
    if any(p.by.name == derivative.lhs.by.name for p in claim.lhs.atoms(Partial)):
        return false("the parameters of the NTK parameterization stand on the left")
    places = {}
    for node in claim.rhs.atoms(Partial):
        if node.by.args[:3] != derivative.lhs.by.args[:3] or node.of.args[:2] != derivative.lhs.of.args[:2]:
            return false(f"{node} is another derivative")
        names = dict(zip((*derivative.lhs.of.indices, *derivative.lhs.by.indices), (*node.of.indices, *node.by.indices), strict=True))
        places[node] = derivative.rhs.xreplace(names | dict(zip(derivative.lhs.of.inputs, node.of.inputs, strict=True)))
    if not is_zero(claim.lhs - claim.rhs.xreplace(places)):
        return false("the derivative put in on the right does not give the left")
    return proved("all widths, by index algebra: the derivative put in on the right gives the left") + _written_out(claim)


def standard_kernel(premises: tuple[Statement, ...], conclusion: Statement, *, output: sp.Expr) -> Verdict:
    """The sum over every W and b of the network, one after the other."""
    if conclusion.claim.lhs.layer != output:
        return false("it is the kernel of another layer")
    return _written_out(conclusion.claim)


def _inside(summed: sp.Sum) -> sp.Expr:
    """One layer of a sum over layers."""
    limits = tuple(summed.limits)
    return sp.Sum(summed.function, *limits[:-1]) if len(limits) > 1 else summed.function


def kernel_layer_by_layer(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Layer by layer the two sums agree by index algebra; and the sum over every W and b of the network is this."""
    definition, *grams = (premise.claim for premise in premises)
    claim = conclusion.claim
    if claim.lhs != definition.lhs:
        return false("it is the kernel of something else")
    before, after = ([term for term in sp.Add.make_args(side) if isinstance(term, sp.Sum)] for side in (definition.rhs, claim.rhs))
    if len(before) != len(sp.Add.make_args(definition.rhs)) or len(after) != len(sp.Add.make_args(claim.rhs)):
        return false("a term is no sum over layers")
    if {term.limits[-1] for term in (*before, *after)} != {sp.Tuple(notation.layer, 1, claim.lhs.layer)}:
        return false("a sum does not run over all layers")
    one_layer = [sp.Add(*(_inside(term) for term in side)) for side in (before, after)]
    changed = sp.Add(*(gram.lhs - gram.rhs for gram in grams))
    if not is_zero(one_layer[0] - one_layer[1] - changed):
        return false("the layers do not differ by what was put in")
    return proved("all widths and depths, by index algebra: layer by layer") + _written_out(claim)
