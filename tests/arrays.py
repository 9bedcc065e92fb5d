"""Numbers in the place of arrays: an expression of arrays evaluated with NumPy, node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from ntksym.nodes import Component, GradientAt, LossAt, Norm, Spectral, Trace, Transposed

Numbers = Any


def value(
    expression: sp.Basic, places: Mapping[sp.Basic, Any], loss: Callable[[Numbers], float] | None = None, slope: Callable[[Numbers], Numbers] | None = None
) -> Numbers:
    """The matrix, or number, that ``expression`` is; ``places`` has arrays and symbols, ``loss`` and ``slope`` are functions of a column."""

    def of(node: sp.Basic) -> Numbers:
        if node in places:
            return places[node]
        if node.is_number:
            return float(node)
        if isinstance(node, Transposed):
            return of(node.array).T
        if isinstance(node, Spectral):
            values, vectors = np.linalg.eigh(of(node.matrix))
            variable = node.function.variables[0]
            filtered = [float(node.function.expr.xreplace({variable: sp.Float(v)}).xreplace(scalars).evalf()) for v in values]
            return vectors @ np.diag(filtered) @ vectors.T
        if isinstance(node, Trace):
            return float(np.trace(of(node.matrix)))
        if isinstance(node, Component):
            return of(node.tensor)[tuple(int(places[i]) for i in node.indices) + (() if len(node.indices) == 2 else (0,))]
        if isinstance(node, Norm):
            return float(np.linalg.norm(of(node.vector)))
        if isinstance(node, LossAt):
            assert loss is not None
            return loss(of(node.outputs))
        if isinstance(node, GradientAt):
            assert slope is not None
            return slope(of(node.outputs))
        if isinstance(node, sp.Add):
            parts = [of(part) for part in node.args]
            square = next((p.shape[0] for p in parts if np.ndim(p) == 2 and p.shape[0] == p.shape[1] > 1), None)
            return sum(p * np.eye(square) if square and np.ndim(p) == 0 else p for p in parts)
        if isinstance(node, sp.Mul):
            product: Numbers = 1.0
            for part in node.args:
                one = of(part)
                product = product @ one if np.ndim(product) == np.ndim(one) == 2 else product * one
            return product
        if isinstance(node, sp.Pow):
            return of(node.base) ** of(node.exp)
        if isinstance(node, (sp.exp, sp.log)):
            return getattr(np, type(node).__name__)(of(node.args[0]))
        raise TypeError(f"no numbers for {node}")

    scalars = {name: sp.Float(number) for name, number in places.items() if isinstance(name, sp.Symbol) and np.ndim(number) == 0}
    return of(expression)
