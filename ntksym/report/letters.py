"""Which letter each activation of a derivation has on the page, and the replacement of its nodes by that letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from ntksym.nodes import Applied, Dual, Spectral
from ntksym.notation import x
from ntksym.report.glyphs import Call, Glyph

_LETTERS = ((r"\phi", "phi"), (r"\psi", "psi"), (r"\chi", "chi"))


def expressions_of(claim: Any) -> Iterator[sp.Basic]:
    """Every SymPy expression inside a claim, forms and tuples included."""
    if isinstance(claim, sp.Basic):
        yield claim
    elif is_dataclass(claim) and not isinstance(claim, type):
        for item in fields(claim):
            yield from expressions_of(getattr(claim, item.name))
    elif isinstance(claim, (tuple, list)):
        for item in claim:
            yield from expressions_of(item)


class Letters:
    """Letters for the functions met in a list of claims, in the order in which they are met."""

    def __init__(self, claims: Iterable[Any] = ()) -> None:
        self._order: list[sp.Basic] = []
        for claim in claims:
            for expression in expressions_of(claim):
                for node in _in_order(expression):
                    for function in _functions(node):
                        base, _ = base_and_order(function)
                        if base is not None and base not in self._order:
                            self._order.append(base)

    @property
    def functions(self) -> tuple[sp.Basic, ...]:
        """The functions that have a letter."""
        return tuple(self._order)

    def of(self, function: sp.Basic, order: int | None = None) -> Glyph | None:
        """The letter of a function or of its derivative; None where it has none."""
        base, found = base_and_order(function)
        primes = "'" * (found if order is None else order)
        if isinstance(base, UndefinedFunction):
            name = str(base)
            greek = dict((t, s) for s, t in _LETTERS)
            return Glyph(greek.get(name, rf"\mathrm{{{name}}}" if name.isalnum() else r"\phi") + primes, (name if name.isalnum() else "phi") + primes)
        if base not in self._order:
            return None
        position = [f for f in self._order if isinstance(f, sp.Lambda)].index(base)
        if position < len(_LETTERS):
            latex, text = _LETTERS[position]
        else:
            latex, text = rf"\phi_{{{position}}}", f"phi{position}"
        return Glyph(latex + primes, text + primes)

    def dual(self, node: Dual) -> sp.Basic:
        """V with the letters of its functions below; one argument where the three are equal."""
        constant = next((k for k, function in enumerate((node.f, node.g)) if is_constant_one(function)), None)
        if constant is not None:
            letter = self.of((node.g, node.f)[constant])
            return node if letter is None else Call(mean_letter(letter), node.q[2 if constant == 0 else 0])
        first, second = (self._of_pair(function, node) for function in (node.f, node.g))
        if first is None or second is None:
            return node
        return Call(dual_letter(first, second), *((node.q[0],) if node.q[0] == node.q[1] == node.q[2] else node.q))

    def _of_pair(self, function: sp.Basic, node: Dual) -> Glyph | None:
        """The letter; beside another function the identity is called so."""
        return Glyph(r"\mathrm{id}", "id") if node.f != node.g and _is_identity(function) else self.of(function)

    def spelled(self, expression: sp.Basic) -> sp.Basic:
        """The expression with Dual, Applied and bare Lambdas of known functions written by their letters."""
        if not isinstance(expression, sp.Basic):
            return expression
        mapping: dict[sp.Basic, sp.Basic] = {}
        for node in sorted(expression.atoms(Dual, Applied), key=lambda n: (n.count_ops(), sp.default_sort_key(n))):
            inside = node.xreplace(mapping) if mapping else node
            if isinstance(inside, Dual):
                mapping[node] = self.dual(inside)
            elif isinstance(inside, Applied):
                letter = self.of(inside.function)
                mapping[node] = inside if letter is None else Call(letter, inside.argument)
        return expression.xreplace(mapping)


def dual_letter(first: Glyph, second: Glyph | None = None) -> Glyph:
    """V_phi, or V_{phi, psi}."""
    if second is None or first == second:
        return Glyph(rf"V_{{{first.latex}}}", f"V_{first.text}")
    return Glyph(rf"V_{{{first.latex},{second.latex}}}", f"V_{{{first.text},{second.text}}}")


def mean_letter(letter: Glyph) -> Glyph:
    """M_phi: the mean of phi(u)."""
    return Glyph(rf"M_{{{letter.latex}}}", f"M_{letter.text}")


def is_constant_one(function: sp.Basic) -> bool:
    """Whether it is the function 1, which stands in a Dual for a mean."""
    return isinstance(function, sp.Lambda) and function.expr == 1


def _is_identity(function: sp.Basic) -> bool:
    return isinstance(function, sp.Lambda) and function.expr == function.variables[0]


def base_and_order(function: sp.Basic) -> tuple[sp.Basic | None, int]:
    """Phi and k for the k-th derivative of phi held as a Lambda; (function, 0) for phi itself."""
    if isinstance(function, UndefinedFunction):
        return function, 0
    if not isinstance(function, sp.Lambda):
        return None, 0
    body, order = function.expr, 0
    variable = function.variables[0]
    if isinstance(body, sp.Derivative) and len(body.variable_count) == 1 and body.variable_count[0][0] == variable and body.variable_count[0][1].is_Integer:
        order = int(body.variable_count[0][1])
        body = body.expr
    if isinstance(body, AppliedUndef) and body.args == (variable,):
        return body.func, order
    return (sp.Lambda(variable, body) if order else function), order


def _functions(node: sp.Basic) -> Iterator[sp.Basic]:
    if isinstance(node, Dual):
        pair = (node.f, node.g)
        yield from pair if node.f == node.g else (f for f in pair if not is_constant_one(f) and not _is_identity(f))
    elif isinstance(node, Applied):
        yield node.function
    elif isinstance(node, sp.Lambda) and not is_constant_one(node):
        yield node


def _in_order(expression: sp.Basic) -> Iterator[sp.Basic]:
    if not expression.has(Dual, Applied, sp.Lambda):
        return
    walk = sp.preorder_traversal(expression, keys=True)
    for node in walk:
        if isinstance(node, Spectral):
            walk.skip()  # a function of the kernel matrix is no activation
        yield node


def definition(letters: Letters, function: sp.Basic) -> tuple[Call, sp.Basic] | None:
    """(phi(x), its expression) for a function with a letter and a formula."""
    letter = letters.of(function)
    if letter is None or not isinstance(function, sp.Lambda):
        return None
    return Call(letter, x), function.expr.xreplace({function.variables[0]: x})
