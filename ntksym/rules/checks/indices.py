r"""Index algebra for checkers: sums over neurons of products of tensor entries and Kronecker deltas, brought to one normal form.

A polynomial is a mapping from monomials to coefficients.  A monomial is a set of bound indices (each with its range) and a bag of factors.  The normal form
contracts every delta that carries a bound index, evaluates a sum over an index nothing depends on to the width, uses a delta of two free indices to make them
one, and names the bound indices canonically (the smallest spelling over all orders of names).  Two expressions that are equal by these laws have the same
normal form, for all widths.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import sympy as sp

from ntksym.errors import CheckError
from ntksym.nodes import Entry

Bound = tuple[tuple[sp.Symbol, sp.Expr], ...]
Monomial = tuple[Bound, tuple[sp.Expr, ...]]
Polynomial = dict[Monomial, sp.Expr]

_MOST_BOUND = 6


def is_zero(expression: sp.Expr) -> bool:
    """Whether the expression is identically zero by index algebra, for all widths."""
    return not normal_form(expression)


def normal_form(expression: sp.Expr) -> Polynomial:
    """The normal form; {} is zero."""
    total: Polynomial = {}
    for (bound, factors), coefficient in terms(expression):
        key, extra = _canonical(bound, factors)
        _accumulate(total, key, coefficient * extra)
    return {key: value for key, value in total.items() if value != 0}


def terms(expression: sp.Expr) -> list[tuple[Monomial, sp.Expr]]:
    """The expression multiplied out: monomials with fresh bound indices, and their coefficients; deltas are not contracted yet."""
    fresh = itertools.count()
    return _terms(sp.sympify(expression, strict=True), lambda: sp.Symbol(f"_{next(fresh)}", integer=True, positive=True))


def _accumulate(total: Polynomial, key: Monomial, coefficient: sp.Expr) -> None:
    total[key] = sp.expand(total.get(key, sp.S.Zero) + coefficient)


def _terms(expression: sp.Expr, fresh: Callable[[], sp.Symbol]) -> list[tuple[Monomial, sp.Expr]]:
    if isinstance(expression, sp.Add):
        return [term for part in expression.args for term in _terms(part, fresh)]
    if isinstance(expression, sp.Mul):
        product: list[tuple[Monomial, sp.Expr]] = [(((), ()), sp.S.One)]
        for part in expression.args:
            product = [_times(left, right) for left in product for right in _terms(part, fresh)]
        return product
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0 and _has_indices(expression.base):
        return _terms(sp.Mul(*[expression.base] * int(expression.exp), evaluate=False), fresh)
    if isinstance(expression, sp.Sum):
        if any(limit[1] != 1 for limit in expression.limits):
            raise CheckError(f"a sum over {expression.limits}", where="index algebra", why="indices run from 1 to a width")
        names = {limit[0]: fresh() for limit in expression.limits}
        mine = tuple((names[limit[0]], limit[2]) for limit in expression.limits)
        inner = _terms(expression.function.xreplace(names), fresh)
        return [(((*mine, *bound), factors), coefficient) for (bound, factors), coefficient in inner]
    if _has_indices(expression):
        return [(((), (_inner_names(expression),)), sp.S.One)]
    return [(((), ()), expression)]


def _inner_names(expression: sp.Expr) -> sp.Expr:
    """A factor that is kept whole, such as the root of an average: the index of a sum inside it, which nothing outside sees, under one name."""
    inner = sp.Symbol("_inner", integer=True, positive=True)
    sums = [node for node in expression.atoms(sp.Sum) if len(node.limits) == 1 and not node.function.has(sp.Sum)]
    return expression.xreplace({node: node.func(node.function.xreplace({node.limits[0][0]: inner}), (inner, *node.limits[0][1:])) for node in sums})


def _times(left: tuple[Monomial, sp.Expr], right: tuple[Monomial, sp.Expr]) -> tuple[Monomial, sp.Expr]:
    (bound1, factors1), c1 = left
    (bound2, factors2), c2 = right
    return ((*bound1, *bound2), (*factors1, *factors2)), c1 * c2


def _has_indices(expression: sp.Expr) -> bool:
    return isinstance(expression, sp.KroneckerDelta) or expression.has(Entry, sp.KroneckerDelta, sp.Sum)


def _canonical(bound: Bound, factors: tuple[sp.Expr, ...]) -> tuple[Monomial, sp.Expr]:
    ranges = dict(bound)
    rest, deltas = _contract(ranges, list(factors))
    coefficient = sp.S.One
    used = sp.Tuple(*rest, *deltas).free_symbols if rest or deltas else set()
    for index in [i for i in ranges if i not in used]:
        coefficient *= ranges.pop(index)
    deltas = _close(deltas)
    merge = {pair[1]: pair[0] for pair in deltas}
    rest = [factor.xreplace(merge) for factor in rest]
    best = min(_spellings(ranges, rest), key=str)
    names, spelled = best
    free = tuple(sp.KroneckerDelta(*pair) for pair in deltas)
    return (names, (*free, *spelled)), coefficient


def _contract(ranges: dict[sp.Symbol, sp.Expr], factors: list[sp.Expr]) -> tuple[list[sp.Expr], list[tuple[sp.Expr, sp.Expr]]]:
    """Use up every delta that carries a bound index; the others come back as pairs of free indices."""
    pending = list(factors)
    free: list[tuple[sp.Expr, sp.Expr]] = []
    while True:
        position = next((k for k, f in enumerate(pending) if isinstance(f, sp.KroneckerDelta)), None)
        if position is None:
            return pending, free
        first, second = pending.pop(position).args
        index, other = (first, second) if first in ranges else (second, first)
        if index not in ranges:
            free.append((first, second))
            continue
        if other in ranges and ranges[other] != ranges[index]:
            raise CheckError(f"delta of indices over {ranges[index]} and {ranges[other]}", where="index algebra", why="a delta joins indices of one range")
        del ranges[index]
        pending = [g for f in pending if (g := f.xreplace({index: other})) != 1]  # a delta of an index with itself is 1
        free = [(a.xreplace({index: other}), b.xreplace({index: other})) for a, b in free]


def _close(pairs: list[tuple[sp.Expr, sp.Expr]]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Deltas of free indices as (representative, other), transitively closed and sorted."""
    groups: list[set[sp.Expr]] = []
    for pair in pairs:
        joined = set(pair)
        apart = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined]
    found = []
    for group in groups:
        members = sorted(group, key=str)
        found += [(members[0], member) for member in members[1:]]
    return sorted(found, key=str)


def _spellings(ranges: Mapping[sp.Symbol, sp.Expr], factors: list[sp.Expr]) -> list[tuple[Bound, tuple[sp.Expr, ...]]]:
    """The monomial under every naming of its bound indices."""
    indices = list(ranges)
    if len(indices) > _MOST_BOUND:
        raise CheckError(f"{len(indices)} bound indices in one product", where="index algebra", why="the search over names would take too long")
    found = []
    for order in itertools.permutations(indices):
        names = {index: sp.Symbol(f"_{k}", integer=True, positive=True) for k, index in enumerate(order)}
        spelled = tuple(sorted((factor.xreplace(names) for factor in factors), key=str))
        found.append((tuple((names[index], ranges[index]) for index in order), spelled))
    return found
