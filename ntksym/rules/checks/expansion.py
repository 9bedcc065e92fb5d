"""Exact statements written out for a small network of distinct widths, term by term.

A statement is read into a polynomial in x, the parameters, g_l = 1/sqrt(n_l), phi(h) and phi'(h); it holds if that polynomial is zero.
No index is contracted here.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Applied, Entry, Mean, Partial, Width
from ntksym.rules.checks.model import TOP, WIDTHS, bias, gram, parameter_derivative, parameters, scale, tensor_derivative, tensor_value, variables_of, weight
from ntksym.rules.checks.sparse import ONE, ZERO, Sparse, from_expression, number, total, variable

SCOPE = "written out at widths 2, 3, 5 for $L \\le 2$, $\\phi$ abstract, derivatives by SymPy"


def holds(claim: sp.Basic, opaque: tuple[str, ...] = ()) -> str | None:
    """None if the equations in ``claim`` hold at every small layer and index, else a witness.  Tensors named ``opaque`` stay variables."""
    problem = shape_problem(claim)
    if problem:
        return problem
    hidden = {entry: Entry("?" + entry.name, *entry.args[1:]) for entry in claim.atoms(Entry) if entry.name in opaque}
    for equation in claim.args if isinstance(claim, sp.Tuple) else (claim,):
        if not isinstance(equation, sp.Eq):
            raise CheckError(f"cannot write out {equation}", where="expansion", why="only equations can be")
        environments = list(_environments(equation))
        if not environments:
            raise CheckError(f"no small network has the layers of {equation}", where="expansion", why="a check over nothing proves nothing")
        for environment in environments:
            left, right = (evaluate(side.xreplace(hidden), environment) for side in equation.args)
            if not (left - right).is_zero:
                where = ", ".join(f"{k} = {v}" for k, v in sorted(environment.items(), key=str))
                return f"{equation} fails at widths {WIDTHS} with {where}"
    return None


def _environments(equation: sp.Eq) -> Iterator[dict[sp.Symbol, int]]:
    """Every layer and every value of the free indices (at most two per index, the first and the last)."""
    ranges = _free_ranges(equation)
    for layer in (1, 2):
        places = {notation.layer: layer, notation.depth: 2}
        try:
            limits = {index: _integer(width, places) for index, width in ranges.items()}
            if any(not 0 <= _integer(level, places) <= TOP for level in _levels(equation)):
                continue
        except (KeyError, IndexError):
            continue
        choices = [sorted({1, limits[index]}) for index in ranges]
        for values in itertools.product(*choices):
            yield places | dict(zip(ranges, values, strict=True))
        if notation.layer not in equation.free_symbols:
            return


def _levels(equation: sp.Eq) -> list[sp.Expr]:
    return [entry.layer for entry in sp.preorder_traversal(equation) if isinstance(entry, Entry | Width)]


def slots(entry: Entry) -> tuple[sp.Expr, ...]:
    """The widths the coordinates of an entry run over."""
    layer = entry.layer
    table: dict[str, tuple[sp.Expr, ...]] = {
        "h": (Width(layer),),
        "z": (Width(layer),),
        "omega": (Width(layer - 1), Width(layer)),
        "beta": (Width(layer),),
        "theta": (Entry("P", layer),),
        "Thetahat": (Width(layer), Width(layer)),
        "B": (Width(notation.depth + 1), Width(layer)),
    }
    return table.get(entry.name, ())


def shape_problem(claim: sp.Basic) -> str | None:
    """A summation index that runs to another width than the slot it stands in, or None."""
    for summed in sorted(claim.atoms(sp.Sum), key=str):
        ranges = {index: width for index, _, width in summed.limits}
        for entry in sorted((e for e in summed.function.atoms(Entry) if e.indices), key=str):
            for coordinate, slot in zip(entry.indices, slots(entry), strict=True):
                if ranges.get(coordinate, slot) != slot:
                    return f"{coordinate} runs to {ranges[coordinate]} but stands in a slot of {entry} of size {slot}"
    return None


def _free_ranges(equation: sp.Eq) -> dict[sp.Symbol, sp.Expr]:
    found: dict[sp.Symbol, sp.Expr] = {}
    for entry in sorted((e for e in equation.atoms(Entry) if e.indices), key=str):
        for index, width in zip(entry.indices, slots(entry), strict=True):
            if index in equation.free_symbols:
                found.setdefault(index, width)
    return found


def _integer(expression: sp.Expr, places: Mapping[sp.Symbol, int]) -> int:
    value = sp.sympify(expression, strict=True).xreplace({k: sp.Integer(v) for k, v in places.items()})
    if isinstance(value, Width):
        return WIDTHS[int(value.layer)]
    if isinstance(value, Entry) and value.name == "P":
        return len(parameters(int(value.layer)))
    return int(value)


def evaluate(expression: Any, places: Mapping[sp.Symbol, int]) -> Sparse:
    """The expression at the layers and indices of ``places``, as a polynomial of the model's symbols."""
    if isinstance(expression, sp.Sum):
        indices = [limit[0] for limit in expression.limits]
        ranges = [range(_integer(low, places), _integer(high, places) + 1) for _, low, high in expression.limits]
        return total([evaluate(expression.function, {**places, **dict(zip(indices, at, strict=True))}) for at in itertools.product(*ranges)])
    if isinstance(expression, sp.KroneckerDelta):
        first, second = (_integer(part, places) for part in expression.args)
        return number(int(first == second))
    if isinstance(expression, Entry):
        return _entry(expression, places)
    if isinstance(expression, Partial):
        return _partial(expression, places)
    if isinstance(expression, Applied):
        return _applied(expression, places)
    if isinstance(expression, Mean):
        return _mean(expression, places)
    if isinstance(expression, sp.Add):
        return total([evaluate(part, places) for part in expression.args])
    if isinstance(expression, sp.Mul):
        return _product(expression, places)
    if isinstance(expression, sp.Pow):
        if isinstance(expression.base, Width):
            return variable(scale(_integer(expression.base.layer, places)), int(-2 * expression.exp))
        return evaluate(expression.base, places).power(int(expression.exp))
    if isinstance(expression, sp.Symbol | sp.Rational):
        return from_expression(expression)
    raise CheckError(f"cannot write out a {type(expression).__name__}", where="expansion", why="it is not in the table of nodes the model knows")


def _product(expression: sp.Mul, places: Mapping[sp.Symbol, int]) -> Sparse:
    """Deltas first: most are zero."""
    result = ONE
    for part in sorted(expression.args, key=lambda part: not isinstance(part, sp.KroneckerDelta)):
        result = result * evaluate(part, places)
        if result.is_zero:
            return ZERO
    return result


def _applied(node: Applied, places: Mapping[sp.Symbol, int]) -> Sparse:
    h = node.argument
    if not isinstance(h, Entry) or h.name != "h":
        raise CheckError(f"cannot write out {node}", where="expansion")
    variable_, body = node.function.variables[0], node.function.expr
    is_slope = isinstance(body, sp.Derivative) and body.args[1:] == (sp.Tuple(variable_, 1),)
    inner = body.args[0] if is_slope else body
    if not isinstance(inner, AppliedUndef) or inner.args != (variable_,):
        raise CheckError(f"cannot write out {node.function}", where="expansion", why="phi stays abstract here")
    letter = "D" if is_slope else "P"
    return variable(f"{letter}{_integer(h.layer, places)}_{h.inputs[0]}_{_integer(h.indices[0], places)}")


def _entry(entry: Entry, places: Mapping[sp.Symbol, int]) -> Sparse:
    layer = _integer(entry.layer, places)
    at = tuple(_integer(index, places) for index in entry.indices)
    if entry.name.startswith("?"):
        return variable("_".join([entry.name, *(str(part) for part in (layer, *entry.inputs, *at))]))
    match entry.name:
        case "h":
            return tensor_value("h", layer, at[0], entry.inputs[0])
        case "z" if layer == 0:
            return variable(variables_of("z", 0, entry.inputs[0])[at[0] - 1])
        case "z":
            return tensor_value("z", layer, at[0], entry.inputs[0])
        case "omega":
            return variable(weight(layer, *at))
        case "beta":
            return variable(bias(layer, *at))
        case "B":
            return tensor_derivative(_integer(notation.depth, places) + 1, at[0], entry.inputs[0], "h", layer, at[1])
        case "Thetahat":
            first, second = entry.inputs
            return gram(layer, at[0], at[1], first, second)
    raise CheckError(f"cannot write out {entry}", where="expansion", why="the finite network has no such tensor")


def _partial(node: Partial, places: Mapping[sp.Symbol, int]) -> Sparse:
    layer, label = _integer(node.of.layer, places), node.of.inputs[0]
    index = _integer(node.of.indices[0], places)
    by, at = node.by, tuple(_integer(i, places) for i in node.by.indices)
    below = _integer(by.layer, places)
    if node.of.name == "z" and by.name == "h" and layer == below:
        return variable(f"D{layer}_{label}_{index}") if index == at[0] else ZERO
    if node.of.name != "h":
        raise CheckError(f"cannot write out {node}", where="expansion")
    match by.name:
        case "omega":
            return parameter_derivative(layer, index, label, weight(below, *at))
        case "beta":
            return parameter_derivative(layer, index, label, bias(below, *at))
        case "theta":
            return parameter_derivative(layer, index, label, parameters(below)[at[0] - 1])
        case "h" | "z":
            return tensor_derivative(layer, index, label, by.name, below, at[0])
    raise CheckError(f"cannot write out {node}", where="expansion")


def _mean(node: Mean, places: Mapping[sp.Symbol, int]) -> Sparse:
    """Average over standard normal parameters, monomial by monomial: E w^k = (k-1)!! for even k, else 0."""
    averaged = tuple(f"{'w' if entry.name == 'omega' else 'b'}{_integer(entry.layer, places)}_" for entry in node.over)
    found = []
    for symbols, coefficient in evaluate(node.integrand, places).terms.items():
        powers = Counter(name for name in symbols if name.startswith(averaged))
        if all(k % 2 == 0 for k in powers.values()):
            factor = math.prod(math.prod(range(k - 1, 0, -2)) for k in powers.values())
            found.append(Sparse({tuple(name for name in symbols if not name.startswith(averaged)): coefficient * factor}))
    return total(found)
