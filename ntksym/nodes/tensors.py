"""Nodes of a finite network: widths, entries of tensors, phi at an entry, partial derivatives."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from ntksym.notation import MEANINGS, latex_name


def _layer_latex(printer: Any, layer: sp.Basic) -> str:
    return printer.doprint(layer.xreplace({s: sp.Symbol(latex_name(s) or str(s)) for s in layer.free_symbols})).replace(" ", "")


class Width(sp.Expr):
    r"""$n_\ell$, the width of layer ``layer``; layer 0 is the input: ``Width(layer)``."""

    is_commutative = True
    is_integer = True
    is_positive = True

    def __new__(cls, layer: Any) -> Width:
        return sp.Expr.__new__(cls, sp.sympify(layer, strict=True))

    @property
    def layer(self) -> sp.Expr:
        return self.args[0]

    def _latex(self, printer: Any) -> str:
        return f"n_{{{_layer_latex(printer, self.layer)}}}"

    def _sympystr(self, printer: Any) -> str:
        layer = printer.doprint(self.layer)
        return f"n_{layer}" if self.layer.is_Atom else f"n_({layer})"


class Entry(sp.Expr):
    r"""One entry of a tensor of the network, such as $h^{\ell}_i(x)$: ``Entry(name, layer, inputs, indices)``.

    ``name`` is a key of :mod:`ntksym.notation`; ``inputs`` the labels of the inputs it is evaluated at (none for a parameter); ``indices`` its coordinates.
    Differentiable: two entries of one tensor differentiate to a product of Kronecker deltas.
    """

    is_commutative = True
    is_real = True
    _diff_wrt = True
    precedence = PRECEDENCE["Pow"]  # so that a power puts parentheses around the superscript

    def __new__(cls, name: Any, layer: Any, inputs: Any = (), indices: Any = ()) -> Entry:
        label = sp.Symbol(name) if isinstance(name, str) else name
        return sp.Expr.__new__(cls, label, sp.sympify(layer, strict=True), sp.Tuple(*inputs), sp.Tuple(*indices))

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def layer(self) -> sp.Expr:
        return self.args[1]

    @property
    def inputs(self) -> sp.Tuple:
        return self.args[2]

    @property
    def indices(self) -> sp.Tuple:
        return self.args[3]

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return self.layer.free_symbols | self.inputs.free_symbols | self.indices.free_symbols

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        if not isinstance(symbol, Entry) or symbol.name != self.name or symbol.inputs != self.inputs:
            return sp.S.Zero
        pairs = zip((self.layer, *self.indices), (symbol.layer, *symbol.indices), strict=True)
        return sp.Mul(*(sp.KroneckerDelta(left, right) for left, right in pairs))

    def _latex(self, printer: Any) -> str:
        indices = "" if not self.indices else "_{" + ",".join(printer.doprint(i) for i in self.indices) + "}"
        inputs = "" if not self.inputs else "(" + ",".join(latex_name(s) or printer.doprint(s) for s in self.inputs) + ")"
        return f"{latex_name(self.name) or self.name}^{{{_layer_latex(printer, self.layer)}}}{indices}{inputs}"

    def _sympystr(self, printer: Any) -> str:
        inside = [printer.doprint(self.layer), *(printer.doprint(i) for i in self.indices)]
        inputs = "" if not self.inputs else "(" + ", ".join(MEANINGS[str(s)].text if str(s) in MEANINGS else str(s) for s in self.inputs) + ")"
        return f"{self.name}[{', '.join(inside)}]{inputs}"


class Applied(sp.Expr):
    r"""$\phi(t)$, not evaluated: ``Applied(phi, t)`` with phi a Lambda of one variable."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Func"]

    def __new__(cls, function: sp.Lambda, argument: Any) -> Applied:
        return sp.Expr.__new__(cls, function, sp.sympify(argument, strict=True))

    @property
    def function(self) -> sp.Lambda:
        return self.args[0]

    @property
    def argument(self) -> sp.Expr:
        return self.args[1]

    def _eval_derivative(self, symbol: sp.Basic) -> sp.Expr:
        variable = self.function.variables[0]
        slope = sp.Lambda(variable, sp.Derivative(self.function.expr, variable, evaluate=False))
        return Applied(slope, self.argument) * self.argument.diff(symbol)

    def _primes(self) -> str:
        return "'" if isinstance(self.function.expr, sp.Derivative) else ""

    def _latex(self, printer: Any) -> str:
        return rf"\phi{self._primes()}\left({printer.doprint(self.argument)}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"phi{self._primes()}({printer.doprint(self.argument)})"


class Partial(sp.Expr):
    r"""$\partial f / \partial t$, inert, for entries of the network's tensors: ``Partial(f, t)``."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Pow"]

    def __new__(cls, of: Any, by: Any) -> Partial:
        return sp.Expr.__new__(cls, of, by)

    @property
    def of(self) -> Entry:
        return self.args[0]

    @property
    def by(self) -> Entry:
        return self.args[1]

    def _latex(self, printer: Any) -> str:
        return rf"\frac{{\partial {printer.doprint(self.of)}}}{{\partial {printer.doprint(self.by)}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"d {printer.doprint(self.of)} / d {printer.doprint(self.by)}"
