"""What the rules of calculus do to index sums: shift a layer, evaluate at another input, rename, contract deltas.  (The checkers have their own.)"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import sympy as sp

from ntksym import notation
from ntksym.nodes import Applied, Entry, Width

_LETTERS = ("a", "b", "c", "d", "e", "f")


def index(letter: str) -> sp.Symbol:
    """A coordinate."""
    return sp.Symbol(letter, integer=True, positive=True)


def at_input(expression: sp.Basic, label: sp.Symbol, instead_of: sp.Symbol = notation.x1) -> sp.Basic:
    """The expression evaluated at another input."""
    return expression.xreplace({instead_of: label})


def renamed(expression: sp.Basic, names: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    """The expression with free coordinates renamed at once; bound ones that would be captured step aside."""
    clash = set(names) | set(names.values())
    return _apart(expression, clash).xreplace(dict(names))


def _apart(expression: sp.Basic, taken: Iterable[sp.Basic]) -> sp.Basic:
    """Bound indices renamed away from ``taken``."""
    avoid = set(taken)
    if isinstance(expression, sp.Sum):
        body, limits = _apart(expression.function, avoid), []
        for variable, low, high in expression.limits:
            if variable in avoid:
                used = avoid | body.free_symbols
                fresh = next(index(letter) for letter in _letters() if index(letter) not in used)
                body, variable = body.xreplace({variable: fresh}), fresh
            limits.append((variable, low, high))
        return sp.Sum(body, *limits)
    if not expression.args or isinstance(expression, Entry | Applied | Width):
        return expression
    return expression.func(*(_apart(part, avoid) for part in expression.args))


def _letters() -> Iterable[str]:
    return itertools.chain(_LETTERS, (f"a{k}" for k in itertools.count(1)))


def add_up(body: sp.Expr, variable: sp.Symbol, width: sp.Expr) -> sp.Expr:
    """sum_{variable=1}^{width} body, with deltas used up and what does not depend on the variable pulled out."""
    expanded = _multiplied_out(body)
    return sp.Add(*(_add_up_term(term, variable, width) for term in sp.Add.make_args(expanded)))


def _multiplied_out(body: sp.Expr) -> sp.Expr:
    """Products multiplied out; roots and quotients of averages are left alone."""
    kept = {p: sp.Dummy() for p in sorted(body.atoms(sp.Pow), key=sp.default_sort_key) if p.has(Entry) and not (p.exp.is_Integer and p.exp > 0)}
    return sp.expand(body.xreplace(kept)).xreplace({name: node for node, name in kept.items()})


def _add_up_term(term: sp.Expr, variable: sp.Symbol, width: sp.Expr) -> sp.Expr:
    factors = list(sp.Mul.make_args(term))
    for factor in factors:
        if isinstance(factor, sp.KroneckerDelta) and variable in factor.args:
            other = factor.args[0] if factor.args[1] == variable else factor.args[1]
            rest = sp.Mul(*(f for f in factors if f is not factor))
            return renamed(rest, {variable: other})
    inside = [f for f in factors if variable in f.free_symbols]
    outside = [f for f in factors if variable not in f.free_symbols]
    if not inside:
        return term * width
    return sp.Mul(*outside) * sp.Sum(sp.Mul(*inside), (variable, 1, width))


def product_of_sums(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """Left * right with the bound indices of the right factor kept apart from those of the left, sums in front."""
    bound = {limit[0] for s in left.atoms(sp.Sum) for limit in s.limits}
    return _pull_out(sp.expand(left), sp.expand(_apart(right, bound | left.free_symbols)))


def _pull_out(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    total = sp.S.Zero
    for first in sp.Add.make_args(left):
        for second in sp.Add.make_args(right):
            limits: list[sp.Tuple] = []
            factors: list[sp.Expr] = []
            for factor in (*sp.Mul.make_args(first), *sp.Mul.make_args(second)):
                if isinstance(factor, sp.Sum):
                    limits += factor.limits
                    factors += sp.Mul.make_args(factor.function)
                else:
                    factors.append(factor)
            bound = {variable for variable, _, _ in limits}
            inside = sp.Mul(*(f for f in factors if f.free_symbols & bound))
            for variable, low, high in limits:
                inside = sp.Sum(inside, (variable, low, high))
            total += sp.Mul(*(f for f in factors if not f.free_symbols & bound)) * inside
    return total
