"""A small finite network in numbers: every tensor from its definition, derivatives by a complex step.  Knows nothing of how a Jacobian is derived.

A complex step h gives f'(x) = Im f(x + ih)/h without cancellation for analytic f; activations are replaced by polynomials, which decides as much, for the
identities hold for every activation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Applied, Entry, Width
from ntksym.rules.checks.exponentials import base_and_order

X, Y = notation.x1, notation.x2
STEP = 1e-60
SIZES = (2, 3, 5, 4, 3, 2)
Array = Any
Key = tuple[Any, ...]


def key_of(entry: Entry) -> Key:
    """Name, layer and inputs of a tensor."""
    return (entry.name, str(entry.layer), tuple(map(str, entry.inputs)))


class Numbers:
    """Values of tensors and parameters as arrays; the leading axis runs over directions of differentiation."""

    def __init__(self, definitions: Sequence[sp.Eq], shapes: Sequence[tuple[Entry, tuple[sp.Expr, ...]]], seed: int) -> None:
        """``shapes``: the widths of the coordinates of every tensor, mask and parameter; each width gets a small number of its own."""
        self.definitions = definitions
        rng = np.random.default_rng(seed)
        widths = sorted({w for _, shape in shapes for width in shape for w in width.atoms(Width)}, key=lambda w: str(w.layer).zfill(4))
        self.sizes: dict[sp.Expr, int] = {w: SIZES[k % len(SIZES)] for k, w in enumerate(widths)}
        functions = sorted({base_and_order(a.function)[0] for d in definitions for a in d.rhs.atoms(Applied)}, key=sp.default_sort_key)
        t = notation.x
        self.functions = {f: sp.Lambda(t, t + sp.Rational(k + 2, 7) * t**2 + t**3 / (9 + k)) for k, f in enumerate(functions)}
        self.lengths = {(e.name, str(e.layer)): tuple(self.number(w) for w in shape) for e, shape in shapes}
        made = {(d.lhs.name, str(d.lhs.layer)) for d in definitions}
        self.fixed: dict[Key, Array] = {}
        for e in sorted({e for d in definitions for e in d.rhs.atoms(Entry)}, key=sp.default_sort_key):
            if (e.name, str(e.layer)) not in made:
                for label in (X, Y) if e.inputs else (X,):
                    key = key_of(e.xreplace({X: label}))
                    if key not in self.fixed:
                        self.fixed[key] = rng.normal(size=self.lengths[(e.name, str(e.layer))])
        free = {s for d in definitions for s in d.rhs.free_symbols if isinstance(s, sp.Symbol) and not s.is_integer}
        self.symbols = {s.name: float(rng.uniform(0.5, 1.5)) for s in sorted(free, key=str)}

    def number(self, width: sp.Expr) -> int:
        """A width in numbers."""
        return int(width.xreplace({w: sp.Integer(n) for w, n in self.sizes.items()}))

    def forward(self, label: sp.Symbol, moved: Mapping[Key, Array] | None = None, shifted: tuple[Key, Array] | None = None) -> dict[Key, Array]:
        """Every tensor at an input; ``moved`` replaces parameters, ``shifted`` adds to a tensor once it is computed."""
        values: dict[Key, Array] = {**self.fixed, **(moved or {})}
        for d in self.definitions:
            equation = d.xreplace({X: label})
            (i,) = equation.lhs.indices
            key = key_of(equation.lhs)
            (length,) = self.lengths[(d.lhs.name, str(d.lhs.layer))]
            row = [self.value(equation.rhs, {i: k + 1}, values) for k in range(length)]
            values[key] = np.stack(np.broadcast_arrays(*(np.asarray(entry, complex) for entry in row)), axis=-1)
            if shifted is not None and shifted[0] == key:
                values[key] = values[key] + shifted[1]
        return values

    def value(self, e: sp.Basic, at: Mapping[sp.Basic, int], values: Mapping[Key, Array]) -> Any:
        """An expression at coordinates, tensors looked up."""
        if isinstance(e, sp.Sum):
            total: Any = 0
            limits = [(v, self.number(high)) for v, _, high in e.limits]
            for place in itertools.product(*(range(1, n + 1) for _, n in limits)):
                total = total + self.value(e.function, {**at, **dict(zip((v for v, _ in limits), place, strict=True))}, values)
            return total
        if isinstance(e, Entry):
            places = tuple(self.index(i, at) - 1 for i in e.indices)
            return values[key_of(e)][(..., *places)]
        if isinstance(e, Applied):
            return self.applied(e.function)(self.value(e.argument, at, values))
        if isinstance(e, sp.Add):
            return sum(self.value(part, at, values) for part in e.args)
        if isinstance(e, sp.Mul):
            product: Any = 1
            for part in sorted(e.args, key=lambda part: not isinstance(part, sp.KroneckerDelta)):
                product = product * self.value(part, at, values)
                if np.ndim(product) == 0 and product == 0:
                    return 0
            return product
        if isinstance(e, sp.Pow):
            return self.value(e.base, at, values) ** float(e.exp)
        if isinstance(e, sp.KroneckerDelta):
            return int(self.index(e.args[0], at) == self.index(e.args[1], at))
        if isinstance(e, sp.Piecewise):
            for piece, condition in (pair.args for pair in e.args):
                if condition == sp.true or self.index(condition.lhs, at) <= self.index(condition.rhs, at):
                    return self.value(piece, at, values)
        if isinstance(e, Width):
            return float(self.number(e))
        if isinstance(e, sp.Number) or e.is_number:
            return float(e)
        if isinstance(e, sp.Symbol) and e.name in self.symbols:
            return self.symbols[e.name]
        raise CheckError(f"{e} has no number here", where="small network in numbers")

    def index(self, e: sp.Basic, at: Mapping[sp.Basic, int]) -> int:
        """A coordinate."""
        return int(sp.sympify(e, strict=True).xreplace({k: sp.Integer(v) for k, v in at.items()}).xreplace({w: sp.Integer(n) for w, n in self.sizes.items()}))

    def applied(self, function: sp.Lambda) -> Callable[[Any], Any]:
        """The polynomial that stands for a function or its derivative."""
        base, order = base_and_order(function)
        polynomial = self.functions[base]
        body = sp.diff(polynomial.expr, polynomial.variables[0], order)
        coefficients = [float(c) for c in sp.Poly(body, polynomial.variables[0]).all_coeffs()]
        return lambda z: np.polyval(coefficients, z)

    def directions(self, key: Key) -> Array:
        """One complex step along every coordinate of a parameter or tensor."""
        shape = self.lengths[key[:2]]
        count = int(np.prod(shape))
        return 1j * STEP * np.eye(count).reshape(count, *shape)
