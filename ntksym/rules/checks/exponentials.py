r"""Averages over Gaussian channels with phi an exponential, for checkers.

Both sides of an identity that is linear in the function of u and in that of v hold for all functions if they hold for $e^{st}$ and $e^{rt}$: the span of
exponentials is dense in the square-integrable functions under a Gaussian law.  With exponentials every average is a moment generating function, of which
derivatives bring down further Gaussian factors.  Nothing is factored or contracted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Applied, Dual, Entry

X, Y = notation.x1, notation.x2


def base_and_order(function: sp.Lambda) -> tuple[sp.Lambda, int]:
    """Phi and k for the k-th derivative of phi, held unevaluated; (function, 0) for phi itself."""
    body, order = function.expr, 0
    while isinstance(body, sp.Derivative):
        order += sum(int(pair.args[1]) for pair in body.variable_count)
        body = body.expr
    return sp.Lambda(function.variables[0], body), order


def rate(function: sp.Lambda, side: sp.Symbol) -> tuple[sp.Symbol, sp.Expr]:
    """The exponent's symbol of the function behind ``function`` on one side, and the factor its derivatives bring down."""
    base, order = base_and_order(function)
    name = sp.Symbol(f"_rate_{base(notation.x)}_{side}", positive=True)
    return name, name**order


class Law:
    """Covariances and tangent kernels of the Gaussian entries, written down anew: what is one matrix, and what is a sum under a name."""

    def __init__(self, matrices: Mapping[int, int], masks: Mapping[int, sp.Expr], sums: Sequence[tuple[Entry, Any]], same: bool) -> None:
        self.matrices, self.masks, self.same = matrices, masks, same
        self.sums = [(str(entry.name), int(entry.layer), form) for entry, form in sums]

    def _entry(self, name: str, one: Entry, two: Entry) -> sp.Expr:
        if one.args[:2] == two.args[:2]:
            if one.name == "beta":
                return sp.S.One
            summed = any((letter, number) == (one.name, int(one.layer)) for letter, number, _ in self.sums)
            layer = sp.Symbol(f"{one.name}^{one.layer}") if summed else one.layer
            return Entry(name, layer, sorted((one.inputs[0], two.inputs[0]), key=lambda label: label == Y))
        for letter, number, form in reversed(self.sums):  # the last one made comes apart first
            for sum_, other in ((one, two), (two, one)):
                if (letter, number) == (sum_.name, int(sum_.layer)):
                    label = {X: sum_.inputs[0]}
                    return sum((coefficient.xreplace(label) * self._entry(name, entry.xreplace(label), other) for entry, coefficient in form), sp.S.Zero)
        if "beta" in (one.name, two.name) or self.matrices[int(one.layer)] != self.matrices[int(two.layer)]:
            return sp.S.Zero
        (k, first), (m, second) = sorted(((int(e.layer), e.inputs[0]) for e in (one, two)), key=lambda pair: -pair[0])
        return Entry(name, k, (first, second), (m,))

    def covariance(self, one: Entry, two: Entry) -> sp.Expr:
        return self._entry("K", one, two)

    def tangent(self, one: Entry, two: Entry) -> sp.Expr:
        return self._entry("Theta", one, two)


def _random(expression: sp.Basic) -> list[Entry]:
    return sorted((e for e in expression.atoms(Entry) if e.name in ("h", "s", "beta")), key=sp.default_sort_key)


def average(first: sp.Expr, second: sp.Expr, law: Law) -> sp.Expr:
    """E of first(x) second(x'), phi on either side an exponential of its own rate."""
    total = sp.S.Zero
    second = second.xreplace({X: Y})
    for left in sp.Add.make_args(_opened(first)):
        for right in sp.Add.make_args(_opened(second)):
            total += _term(left, right, law)
    return total.xreplace({Y: X}) if law.same else total


def _opened(expression: sp.Expr) -> sp.Expr:
    """Multiplied out, activations kept whole."""
    names = {node: sp.Dummy() for node in sorted(expression.atoms(Applied), key=str)}
    return sp.expand(expression.xreplace(names)).xreplace({v: k for k, v in names.items()})


def _term(left: sp.Expr, right: sp.Expr, law: Law) -> sp.Expr:
    """One product by its moment generating function: Gaussian factors are derivatives at zero of exp(sum of small multiples)."""
    exponent: dict[Entry, sp.Expr] = {}
    constant, small, inputs, masks = sp.S.One, [], 0, set()
    for side, product in ((X, left), (Y, right)):
        for factor in sp.Mul.make_args(product):
            base, power = factor.as_base_exp()
            if isinstance(base, Applied):
                for _ in range(int(power)):
                    name, brought = rate(base.function, side)
                    constant *= brought
                    for e in _random(base.argument):
                        slope = sp.diff(base.argument.xreplace({e: sp.Symbol("_t")}), sp.Symbol("_t"))
                        exponent[e] = exponent.get(e, sp.S.Zero) + name * slope
            elif isinstance(base, Entry) and base.name in ("h", "s", "beta"):
                for _ in range(int(power)):
                    tiny = sp.Symbol(f"_small{len(small)}")
                    small.append(tiny)
                    exponent[base] = exponent.get(base, sp.S.Zero) + tiny
            elif isinstance(base, Entry) and base.name == "xi":
                masks.add((int(base.layer), X if law.same else side))
            elif isinstance(base, Entry) and base.name == "z":
                inputs += int(power)
            else:
                constant *= factor
    for number, _ in masks:
        constant *= law.masks[number]
    variance = sp.Add(*(a * b * law.covariance(e, f) for e, a in exponent.items() for f, b in exponent.items()))
    value = sp.exp(sp.expand(variance) / 2)
    for tiny in small:
        value = sp.diff(value, tiny)
    value = value.xreplace({tiny: sp.S.Zero for tiny in small})
    if inputs and value != 0:
        if inputs != 2 or small or exponent:
            raise CheckError("the input beside something random", where="average with exponentials")
        value = notation.s11 if law.same else notation.s12
    return constant * value


def tangent(first: sp.Expr, second: sp.Expr, law: Law) -> sp.Expr:
    """sum_ij E[d_i first d_j second] Theta_ij, the slopes taken one entry at a time by a small shift."""
    other = second.xreplace({X: Y})
    total = sp.S.Zero
    for e in _random(first):
        for f in _random(other):
            weight = law.tangent(e, f)
            if weight == 0:
                continue
            left, right = _shifted(first, e), _shifted(other, f)
            product = sp.S.Zero
            for one in sp.Add.make_args(_opened(left)):
                for two in sp.Add.make_args(_opened(right)):
                    product += _term(one, two, law)
            total += weight * product
    return total.xreplace({Y: X}) if law.same else total


def _shifted(expression: sp.Expr, entry: Entry) -> sp.Expr:
    """d/dt of the expression with entry + t in place of entry, by the product rule on its terms."""
    found = sp.S.Zero
    for term in sp.Add.make_args(_opened(expression)):
        factors = [base for factor in sp.Mul.make_args(term) for base in _repeated(factor)]
        for k, factor in enumerate(factors):
            slope = _slope(factor, entry)
            if slope != 0:
                found += sp.Mul(*factors[:k], slope, *factors[k + 1 :])
    return found


def _repeated(factor: sp.Expr) -> list[sp.Expr]:
    base, power = factor.as_base_exp()
    return [base] * int(power) if isinstance(base, Entry | Applied) and power.is_Integer and power > 0 else [factor]


def _slope(factor: sp.Expr, entry: Entry) -> sp.Expr:
    if factor == entry:
        return sp.S.One
    if not isinstance(factor, Applied) or not factor.has(entry):
        return sp.S.Zero
    step = sp.Symbol("_t")
    inner = sp.diff(factor.argument.xreplace({entry: step}), step)
    variable = notation.x
    slope = sp.Lambda(variable, sp.Derivative(factor.function(variable), variable, evaluate=False))
    return Applied(slope, factor.argument) * inner


def with_exponentials(expression: sp.Expr) -> sp.Expr:
    """Duals in the answer with exponentials for the functions: the first slot stands at x, the second at x'."""
    return expression.replace(lambda node: isinstance(node, Dual), lambda node: _dual(node))


def _dual(node: Dual) -> sp.Expr:
    a, c, b = node.q
    first, second = sp.Symbol("_one"), sp.Symbol("_two")
    slots = []
    for function, side, tiny in ((node.f, X, first), (node.g, Y, second)):
        if function.expr == 1:
            if (a if side == X else b) != 1 or c != 0:
                raise CheckError(f"the constant in {node} has a variance or a covariance", where="average with exponentials")
            slots.append((sp.S.Zero, sp.S.One, False))
        elif function.expr == function.variables[0]:
            slots.append((tiny, sp.S.One, True))
        else:
            name, brought = rate(function, side)
            slots.append((name, brought, False))
    (s, left, _), (r, right, _) = slots
    value = sp.exp(sp.expand(s**2 * a + 2 * s * r * c + r**2 * b) / 2)
    for (_, _, is_identity), tiny in zip(slots, (first, second), strict=True):
        if is_identity:
            value = sp.diff(value, tiny).xreplace({tiny: sp.S.Zero})
    return left * right * value
