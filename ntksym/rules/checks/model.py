"""A small network of distinct widths 2, 3, 5, written out; its derivatives are SymPy's.

It is known only as products of matrices: h^{l+1} = sigma_w g_l z^l W^{l+1} + sigma_b beta^{l+1}, with g_l for 1/sqrt(n_l) and phi an abstract function.
"""

from __future__ import annotations

import functools

import sympy as sp

from ntksym import notation
from ntksym.rules.checks.sparse import Sparse, from_expression, number, total

WIDTHS = (2, 3, 5, 2)
LABELS = (notation.x1, notation.x2)
TOP = len(WIDTHS) - 1


class Slope(sp.Function):
    """phi'."""

    nargs = 1


class Phi(sp.Function):
    """phi, whose derivative is a function of its own."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Slope(self.args[0])


@functools.cache
def scale(layer: int) -> sp.Symbol:
    """1/sqrt(n_layer), as a symbol of its own."""
    return sp.Symbol(f"g{layer}", positive=True)


@functools.cache
def weight(layer: int, row: int, column: int) -> sp.Symbol:
    """The weight omega^layer_{row, column} of the model."""
    return sp.Symbol(f"w{layer}_{row}_{column}", real=True)


@functools.cache
def bias(layer: int, column: int) -> sp.Symbol:
    """The bias beta^layer_column of the model."""
    return sp.Symbol(f"b{layer}_{column}", real=True)


@functools.cache
def parameters(layer: int) -> tuple[sp.Symbol, ...]:
    """Every parameter of the layers up to ``layer``."""
    found: list[sp.Symbol] = []
    for level in range(1, layer + 1):
        below, above = WIDTHS[level - 1], WIDTHS[level]
        found += [weight(level, r, c) for r in range(1, below + 1) for c in range(1, above + 1)]
        found += [bias(level, c) for c in range(1, above + 1)]
    return tuple(found)


@functools.cache
def preactivation(layer: int, label: sp.Symbol, start: int = 0, of: str = "z") -> sp.Matrix:
    """h^layer as a row of the model, as a function of the tensor ``of`` at layer ``start`` (the input by default)."""
    below = layer - 1
    if below == start and of == "z":
        z = variables_of("z", start, label)
    elif below == start:
        z = variables_of("h", start, label).applyfunc(Phi)
    else:
        z = preactivation(below, label, start, of).applyfunc(Phi)
    weights = sp.Matrix(WIDTHS[below], WIDTHS[layer], lambda r, c: weight(layer, r + 1, c + 1))
    biases = sp.Matrix(1, WIDTHS[layer], lambda _, c: bias(layer, c + 1))
    return (notation.sigma_w * scale(below) * z * weights + notation.sigma_b * biases).applyfunc(sp.expand)


@functools.cache
def variables_of(tensor: str, layer: int, label: sp.Symbol) -> sp.Matrix:
    """The entries of a tensor as free variables."""
    return sp.Matrix(1, WIDTHS[layer], lambda _, c: sp.Symbol(f"{tensor}{layer}_{label}_{c + 1}", real=True))


@functools.cache
def _names(label: sp.Symbol) -> tuple[dict[sp.Expr, sp.Symbol], ...]:
    """Names for phi(h) and phi'(h) of every neuron, per layer, topmost first, so that a nested one is not torn apart."""
    found = []
    for layer in range(TOP, 0, -1):
        row = preactivation(layer, label)
        names: dict[sp.Expr, sp.Symbol] = {}
        for k in range(WIDTHS[layer]):
            names[Phi(row[k])] = sp.Symbol(f"P{layer}_{label}_{k + 1}", real=True)
            names[Slope(row[k])] = sp.Symbol(f"D{layer}_{label}_{k + 1}", real=True)
        found.append(names)
    return tuple(found)


def flat(expression: sp.Expr) -> Sparse:
    """The expression with phi(h) and phi'(h) of every neuron as symbols, multiplied out."""
    for label in LABELS:
        for names in _names(label):
            expression = expression.xreplace(names)
    return from_expression(expression)


@functools.cache
def tensor_value(tensor: str, layer: int, index: int, label: sp.Symbol) -> Sparse:
    """One entry of h or z of a layer."""
    h = preactivation(layer, label)[index - 1]
    return flat(h if tensor == "h" else Phi(h))


@functools.cache
def parameter_derivative(layer: int, index: int, label: sp.Symbol, parameter: sp.Symbol) -> Sparse:
    """The derivative of one entry of h by a weight or bias of the model, by SymPy."""
    return flat(sp.diff(preactivation(layer, label)[index - 1], parameter))


@functools.cache
def tensor_derivative(layer: int, index: int, label: sp.Symbol, tensor: str, at: int, column: int) -> Sparse:
    """The derivative of one entry of h by one of h or z further down, by SymPy."""
    variables = variables_of(tensor, at, label)
    if tensor == "h" and at == layer:
        return number(int(index == column))
    slope = sp.diff(preactivation(layer, label, at, tensor)[index - 1], variables[column - 1])
    if tensor == "h":
        actual = preactivation(at, label)
    else:
        actual = preactivation(at, label).applyfunc(Phi) if at else variables_of("z", 0, label)
    return flat(slope.xreplace(dict(zip(variables, actual, strict=True))))


@functools.cache
def gram(layer: int, i: int, j: int, first: sp.Symbol, second: sp.Symbol) -> Sparse:
    """The tangent kernel of a layer: the sum over every parameter of the layers up to it."""
    pairs = (parameter_derivative(layer, i, first, p) * parameter_derivative(layer, j, second, p) for p in parameters(layer))
    return total(list(pairs))
