"""The index algebra of the checkers against sums of random arrays, and against statements that are false."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from ntksym import notation
from ntksym.errors import CheckError
from ntksym.nodes import Entry, Width
from ntksym.rules.checks.indices import is_zero, normal_form
from ntksym.rules.checks.sparse import from_expression
from ntksym.rules.checks.wick import average, pairings, same_parameter
from ntksym.rules.contraction import add_up, product_of_sums, renamed

A, B, C, P, Q = sp.symbols("a b c i j", integer=True, positive=True)
N = Width(1)
delta = sp.KroneckerDelta


def z(index: sp.Symbol, label: sp.Symbol = notation.x1) -> Entry:
    return Entry("z", 1, (label,), (index,))


def w(row: sp.Symbol, column: sp.Symbol) -> Entry:
    return Entry("omega", 1, (), (row, column))


TRUE = [
    sp.Sum(delta(A, B) * z(A), (A, 1, N)) - z(B),
    sp.Sum(delta(A, B) * z(A) * z(B), (A, 1, N), (B, 1, N)) - sp.Sum(z(C) ** 2, (C, 1, N)),
    sp.Sum(z(A) * z(B) * w(A, B), (A, 1, N), (B, 1, N)) - sp.Sum(z(B) * z(A) * w(B, A), (A, 1, N), (B, 1, N)),
    sp.Sum(z(A), (A, 1, N)) ** 2 - sp.Sum(z(A) * z(B), (A, 1, N), (B, 1, N)),
    sp.Sum(sp.S.One * z(Q), (A, 1, N)) - N * z(Q),
    delta(P, Q) * z(P) - delta(P, Q) * z(Q),
    delta(P, Q) ** 2 * z(P) - delta(Q, P) * z(Q),
    sp.Sum(delta(A, P) * delta(A, Q), (A, 1, N)) - delta(P, Q),
    sp.Sum(delta(A, B) * delta(B, A), (A, 1, N), (B, 1, N)) - N,
    sp.Sum(w(A, P) * sp.Sum(w(A, B) * z(B), (B, 1, N)), (A, 1, N)) - sp.Sum(w(C, P) * w(C, A) * z(A), (A, 1, N), (C, 1, N)),
]
FALSE = [
    sp.Sum(z(A) * z(B) * w(A, B), (A, 1, N), (B, 1, N)) + sp.Sum(z(A) * z(B) * w(B, A), (A, 1, N), (B, 1, N)),
    sp.Sum(w(A, B) * w(A, B), (A, 1, N), (B, 1, N)) - sp.Sum(w(A, B) * w(B, A), (A, 1, N), (B, 1, N)),
    sp.Sum(z(A) ** 2, (A, 1, N)) - sp.Sum(z(A), (A, 1, N)) ** 2,
    delta(P, Q) * z(P) - z(P),
    sp.Sum(z(A), (A, 1, N)) - N * z(A),
    w(P, Q) - w(Q, P),
    z(P) - z(P, notation.x2),
]


@pytest.mark.parametrize("expression", TRUE, ids=str)
def test_equal_by_index_algebra(expression: sp.Expr) -> None:
    assert is_zero(expression)


@pytest.mark.parametrize("expression", FALSE, ids=str)
def test_different_by_index_algebra(expression: sp.Expr) -> None:
    assert not is_zero(expression)


def _numeric(expression: sp.Expr, arrays: dict[str, np.ndarray], size: int, at: dict[sp.Symbol, int]) -> float:
    """The expression summed out by loops over arrays."""
    if isinstance(expression, sp.Sum):
        total = 0.0
        for place in np.ndindex(*(size for _ in expression.limits)):
            total += _numeric(expression.function, arrays, size, at | {limit[0]: k for limit, k in zip(expression.limits, place, strict=True)})
        return total
    if isinstance(expression, sp.KroneckerDelta):
        return float(at[expression.args[0]] == at[expression.args[1]])
    if isinstance(expression, Entry):
        return float(arrays[expression.name + "".join(map(str, expression.inputs))][tuple(at[i] for i in expression.indices)])
    if isinstance(expression, Width):
        return float(size)
    if isinstance(expression, sp.Add):
        return sum(_numeric(part, arrays, size, at) for part in expression.args)
    if isinstance(expression, sp.Mul):
        return float(np.prod([_numeric(part, arrays, size, at) for part in expression.args]))
    if isinstance(expression, sp.Pow):
        return _numeric(expression.base, arrays, size, at) ** float(expression.exp)
    return float(expression)


@pytest.mark.parametrize("expression", TRUE + FALSE, ids=str)
def test_verdicts_agree_with_loops(expression: sp.Expr, rng: np.random.Generator) -> None:
    """What is zero by index algebra is zero for random arrays at three sizes; what is not is not."""
    worst = 0.0
    for size in (2, 3, 4):
        arrays = {"zx1": rng.normal(size=size), "zx2": rng.normal(size=size), "omega": rng.normal(size=(size, size))}
        for first, second in ((0, 0), (0, 1), (1, 0)):
            worst = max(worst, abs(_numeric(expression, arrays, size, {P: first, Q: second, A: 0, B: 0})))
    assert (worst < 1e-13) == is_zero(expression)


def test_rules_and_checkers_contract_alike(rng: np.random.Generator) -> None:
    """Two implementations that share no code, on products a rule makes."""
    left = add_up(delta(P, A) * w(A, Q) + z(A) * z(P), A, N)
    assert is_zero(left - w(P, Q) - z(P) * sp.Sum(z(B), (B, 1, N)))
    inner = sp.Sum(z(A) * w(A, P), (A, 1, N))
    assert is_zero(product_of_sums(inner, inner.xreplace({P: Q})) - inner * inner.xreplace({P: Q}))
    captured = renamed(sp.Sum(z(A) * w(A, P), (A, 1, N)), {P: A})
    assert is_zero(captured - sp.Sum(z(B) * w(B, A), (B, 1, N)))


def test_pairings_and_moments() -> None:
    assert [len(list(pairings([z(P)] * k))) for k in (0, 1, 2, 3, 4, 6)] == [1, 0, 1, 0, 3, 15]
    fourth = average(w(P, Q) ** 4, lambda e: e.name == "omega", same_parameter)
    assert is_zero(fourth - 3)
    quadratic = sp.Sum(w(A, P) * w(B, Q) * z(A) * z(B, notation.x2), (A, 1, N), (B, 1, N))
    mean = average(quadratic, lambda e: e.name == "omega", same_parameter)
    assert is_zero(mean - delta(P, Q) * sp.Sum(z(A) * z(A, notation.x2), (A, 1, N)))


def test_mixed_ranges_and_strange_sums_are_refused() -> None:
    with pytest.raises(CheckError, match="one range"):
        normal_form(sp.Sum(delta(A, B) * w(A, B), (A, 1, N), (B, 1, Width(2))))
    with pytest.raises(CheckError, match="run from 1"):
        normal_form(sp.Sum(z(A), (A, 0, N)))
    with pytest.raises(CheckError, match="no polynomial"):
        from_expression(sp.sin(notation.x))
