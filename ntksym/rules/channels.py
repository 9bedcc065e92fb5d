"""Averages of products of channel values: what the rules of a wiring compute with.  (The checkers have their own road.)

A channel of a tensor is a function of Gaussian entries h^k_a (made by weights), of biases beta^k_a, of masks xi^k_a and, linearly, of the input z^0_a.  The
first factor of a product stands at x, the second at x'; ``same`` says that both are one example.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.forms import phi_derivative
from ntksym.nodes import Applied, Dual, Entry

X, Y = notation.x1, notation.x2
ONE = sp.Lambda(notation.x, sp.S.One)
IDENTITY = sp.Lambda(notation.x, notation.x)

Pairs = tuple[tuple[int, Any], ...]
Sums = tuple[tuple[Entry, tuple[tuple[Entry, sp.Expr], ...]], ...]


@dataclass(frozen=True)
class Randomness:
    """Which entries are random and how they go together.

    ``matrices``: for every h^k the number of the weight matrix that makes it, equal numbers being one matrix; ``masks``: for every mask the probability
    that a channel is kept; ``sums``: Gaussian tensors that have a name of their own, as linear forms in earlier ones.
    """

    matrices: Mapping[int, int]
    masks: Mapping[int, sp.Expr]
    sums: Mapping[tuple[str, int], tuple[tuple[Entry, sp.Expr], ...]]

    @staticmethod
    def of(matrices: Pairs, masks: Pairs, sums: Sums) -> Randomness:
        """From the arguments of a rule."""
        forms = {(entry.name, int(entry.layer)): form for entry, form in sums}
        return Randomness({int(k): int(w) for k, w in matrices}, {int(k): keep for k, keep in masks}, forms)

    def covariance(self, first: Entry, second: Entry) -> sp.Expr:
        """Of two Gaussian entries in one channel."""
        return self._bilinear("K", first, second)

    def tangent(self, first: Entry, second: Entry) -> sp.Expr:
        """The limit of the tangent kernel between two Gaussian entries in one channel."""
        return self._bilinear("Theta", first, second)

    def _bilinear(self, name: str, first: Entry, second: Entry) -> sp.Expr:
        one, two = ((e.name, int(e.layer)) for e in (first, second))
        if one == two:
            return sp.S.One if first.name == "beta" else kernel(name, tag(first, self.sums), tag(second, self.sums), first.inputs[0], second.inputs[0])
        order = list(self.sums)
        later, other = (first, second) if two not in order or (one in order and order.index(one) > order.index(two)) else (second, first)
        form = self.sums.get((later.name, int(later.layer)))
        if form is not None:
            label = later.inputs[0]
            return sp.Add(*(at(coefficient, label) * self._bilinear(name, at(entry, label), other) for entry, coefficient in form))
        if "beta" in (first.name, second.name) or self.matrices[one[1]] != self.matrices[two[1]]:
            return sp.S.Zero
        return kernel(name, one[1], two[1], first.inputs[0], second.inputs[0])


def tag(entry: Entry, sums: Mapping[tuple[str, int], Any]) -> int | sp.Symbol:
    """How kernels name a tensor: by the number of an h that weights make, by its full name where it is a sum."""
    return named(entry) if (entry.name, int(entry.layer)) in sums else int(entry.layer)


def named(entry: Entry) -> sp.Symbol:
    """A tensor as the name of a layer: s_2."""
    return sp.Symbol(f"{entry.name}^{entry.layer}")


def kernel(name: str, k: int | sp.Symbol, m: int | sp.Symbol, first: sp.Symbol, second: sp.Symbol) -> Entry:
    """K or Theta between two tensors at two inputs; the larger number stands first, x before x' where the tensors are one."""
    if k == m:
        return Entry(name, k, (X, Y) if (first, second) == (Y, X) else (first, second))
    if k < m:
        k, m, first, second = m, k, second, first
    return Entry(name, k, (first, second), (m,))


def is_random(entry: Entry) -> bool:
    """Whether an entry varies from channel to channel (kernels do not)."""
    return entry.name in ("h", "s", "beta", "xi", "z")


def random_entries(expression: sp.Basic) -> tuple[Entry, ...]:
    """Entries that vary from channel to channel, sorted."""
    return tuple(sorted((e for e in expression.atoms(Entry) if is_random(e)), key=sp.default_sort_key))


def at(expression: sp.Expr, label: sp.Symbol) -> sp.Expr:
    """A channel's value at another input: entries and the kernels of that input with itself."""
    return expression.xreplace({X: label})


def slopes(expression: sp.Expr) -> dict[Entry, sp.Expr]:
    """The derivative by every Gaussian entry it depends on, phi' for the slope of phi."""
    entries = [e for e in random_entries(expression) if e.name in ("h", "s", "beta")]
    names = {e: sp.Dummy(e.name, real=True) for e in entries}
    opened = expression.xreplace(names)
    back = {name: e for e, name in names.items()}
    found = {}
    for e, name in names.items():
        slope = _diff(opened, name).xreplace(back)
        if slope != 0:
            found[e] = slope
    return found


def _diff(expression: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """SymPy's derivative, with phi' written as the derivative of phi in its own variable."""
    names = {node: sp.Dummy(f"f{k}", real=True) for k, node in enumerate(sorted(expression.atoms(Applied), key=sp.default_sort_key))}
    plain = expression.xreplace(names)
    total = plain.diff(by)
    for node, name in names.items():
        total += plain.diff(name) * Applied(phi_derivative(node.function), node.argument) * _diff(node.argument, by)
    return total.xreplace({name: node for node, name in names.items()})


def expectation(first: sp.Expr, second: sp.Expr, random: Randomness, *, same: bool) -> sp.Expr:
    """E of first (at x) times second (at x', or at x again where ``same``) in kernels, duals and means.  RuleError where it takes more than a pair."""
    product = expanded(first * at(second, Y))
    total = sp.Add(*(_term(term, random, same) for term in sp.Add.make_args(product)))
    return total.xreplace({Y: X}) if same else total


def expanded(expression: sp.Expr) -> sp.Expr:
    """Products multiplied out, phi(...) left alone."""
    names = {node: sp.Dummy(f"f{k}", real=True) for k, node in enumerate(sorted(expression.atoms(Applied), key=sp.default_sort_key))}
    return sp.expand(expression.xreplace(names)).xreplace({name: node for node, name in names.items()})


def _term(term: sp.Expr, random: Randomness, same: bool) -> sp.Expr:
    constant = sp.S.One
    gaussians: list[Entry] = []
    inputs: list[Entry] = []
    applied: list[Applied] = []
    masks: set[tuple[int, sp.Basic]] = set()
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if isinstance(base, Entry) and is_random(base):
            if not power.is_Integer or power < 0:
                raise RuleError(f"{factor} in one channel", where="average over channels", why="only powers of Gaussian entries have a moment here")
            if base.name == "xi":
                masks.add((int(base.layer), X if same else base.inputs[0]))
            else:
                (inputs if base.name == "z" else gaussians).extend([base] * int(power))
        elif isinstance(base, Applied):
            if not power.is_Integer or power < 0:
                raise RuleError(f"{factor} in one channel", where="average over channels")
            applied += [base] * int(power)
        elif random_entries(factor):
            raise RuleError(f"{factor} in one channel", where="average over channels", why="it is no product of Gaussian entries and activations")
        else:
            constant *= factor
    for number, _ in sorted(masks, key=str):
        constant *= random.masks[number]
    if inputs:
        rest = _product(gaussians, applied, random)
        if rest == 0:
            return sp.S.Zero
        if len(inputs) != 2 or gaussians or applied:
            raise RuleError(
                "the input times something random in one channel",
                where="average over channels",
                why="the coordinates of the input are no Gaussian channels; only sums with them have a kernel",
            )
        return constant * (notation.s11 if same else notation.s12)
    return constant * _product(gaussians, applied, random)


def _product(gaussians: list[Entry], applied: list[Applied], random: Randomness) -> sp.Expr:
    """E of Gaussian entries times activations: independent groups apart."""
    factors: list[sp.Expr] = [*gaussians, *applied]
    result = sp.S.One
    for group in _groups(factors, random):
        result *= _group([f for f in group if isinstance(f, Entry)], [f for f in group if isinstance(f, Applied)], random)
    return result


def linear(argument: sp.Expr) -> dict[Entry, sp.Expr]:
    """The coefficients of a linear form in Gaussian entries; RuleError for anything else."""
    entries = random_entries(argument)
    names = {e: sp.Dummy(e.name, real=True) for e in entries}
    form = argument.xreplace(names)
    found = {e: form.diff(name) for e, name in names.items()}
    rest = sp.expand(form - sp.Add(*(c * names[e] for e, c in found.items())))
    if any(c.free_symbols & set(names.values()) for c in found.values()) or rest != 0 or any(e.name not in ("h", "s", "beta") for e in entries):
        raise RuleError(
            f"{argument} is no linear form in Gaussian channels", where="average over channels", why="the dual of an activation is that of a Gaussian pair"
        )
    return found


def _form(factor: sp.Expr) -> dict[Entry, sp.Expr]:
    return {factor: sp.S.One} if isinstance(factor, Entry) else linear(factor.argument)


def form_covariance(first: Mapping[Entry, sp.Expr], second: Mapping[Entry, sp.Expr], random: Randomness) -> sp.Expr:
    """Covariance of two linear forms, with what its terms share in front: a normalized sum has variance 1."""
    return sp.factor_terms(sp.Add(*(a * b * random.covariance(e, f) for (e, a), (f, b) in itertools.product(first.items(), second.items()))))


def _groups(factors: list[sp.Expr], random: Randomness) -> list[list[sp.Expr]]:
    """Factors that are not independent, together."""
    groups: list[list[sp.Expr]] = []
    for factor in factors:
        touching = [g for g in groups if any(form_covariance(_form(factor), _form(other), random) != 0 for other in g)]
        joined = [f for g in touching for f in g] + [factor]
        groups = [g for g in groups if g not in touching] + [joined]
    return groups


def _group(gaussians: list[Entry], applied: list[Applied], random: Randomness) -> sp.Expr:
    if not applied:
        return _isserlis(gaussians, random)
    if len(applied) > 2 or (len(applied) == 2 and applied[0] == applied[1]):
        raise RuleError(
            f"the average of {' '.join(map(str, applied))}",
            where="average over channels",
            why="it takes the joint law of more than two dependent Gaussians, and no closed form is known here",
        )
    if len(applied) + len(gaussians) > 2 or (gaussians and len(applied) == 2):
        return _stein(gaussians, applied, random)
    first = applied[0]
    if len(applied) == 2:
        left, right = sorted(applied, key=lambda node: node.argument.has(Y))
        return _dual(left.function, right.function, linear(left.argument), linear(right.argument), random)
    if gaussians:
        (g,) = gaussians
        form = linear(first.argument)
        if not first.argument.has(Y) or g.inputs and g.inputs[0] == Y:
            return _dual(first.function, IDENTITY, form, {g: sp.S.One}, random)
        return _dual(IDENTITY, first.function, {g: sp.S.One}, form, random)
    form = linear(first.argument)
    variance = form_covariance(form, form, random)
    if first.argument.has(Y):
        return Dual(ONE, first.function, sp.S.One, sp.S.Zero, variance)
    return Dual(first.function, ONE, variance, sp.S.Zero, sp.S.One)


def _dual(f: sp.Lambda, g: sp.Lambda, first: Mapping[Entry, sp.Expr], second: Mapping[Entry, sp.Expr], random: Randomness) -> Dual:
    return Dual(f, g, form_covariance(first, first, random), form_covariance(first, second, random), form_covariance(second, second, random))


def _stein(gaussians: list[Entry], applied: list[Applied], random: Randomness) -> sp.Expr:
    """E[g F] = sum over the other factors of their covariance with g times E of F with that factor differentiated."""
    g, *rest = gaussians
    total = sp.S.Zero
    for k, other in enumerate(rest):
        covariance = random.covariance(g, other)
        if covariance != 0:
            total += covariance * _product(rest[:k] + rest[k + 1 :], applied, random)
    for k, node in enumerate(applied):
        covariance = form_covariance({g: sp.S.One}, linear(node.argument), random)
        if covariance != 0:
            slope = Applied(phi_derivative(node.function), node.argument)
            total += covariance * _product(rest, [*applied[:k], slope, *applied[k + 1 :]], random)
    return total


def _isserlis(entries: list[Entry], random: Randomness) -> sp.Expr:
    if not entries:
        return sp.S.One
    first, *rest = entries
    return sp.Add(*(random.covariance(first, other) * _isserlis(rest[:k] + rest[k + 1 :], random) for k, other in enumerate(rest)))


def tangent(first: sp.Expr, second: sp.Expr, random: Randomness, *, same: bool) -> sp.Expr:
    """sum_ij E[d_i first(x) d_j second(x')] Theta_ij."""
    total = sp.S.Zero
    left = slopes(first)
    right = {at(e, Y): at(slope, Y) for e, slope in slopes(second).items()}
    for (e, slope), (f, other) in itertools.product(left.items(), right.items()):
        weight = random.tangent(e, f)
        if weight != 0:
            average = sp.Add(*(_term(term, random, same) for term in sp.Add.make_args(expanded(slope * other))))
            total += weight * average
    return total.xreplace({Y: X}) if same else total
