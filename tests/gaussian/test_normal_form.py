"""Pieces against direct evaluation at points, thresholds and refusals included."""

from __future__ import annotations

import pytest
import sympy as sp

from ntksym.gaussian.normal_form import OutsideClassError, pieces
from ntksym.notation import x

ALPHA = sp.Symbol("alpha", real=True)

CASES = [
    (sp.Max(x, 0), (0,)),
    (sp.Abs(x - 1) + sp.Max(x, -2), (-2, 1)),
    (sp.Min(sp.Max(x, -1), 1), (-1, 1)),
    (sp.Max(x**2 - 1, 0, x), None),
    (sp.sign(x) * sp.Heaviside(x - 3), (3,)),
    (sp.Piecewise((x**2, x < -1), (sp.sin(x), x <= 2), (1, True)), (-1, 2)),
    (sp.Abs(sp.Max(x, 1) - 2), (1, 2)),
    (x * sp.Abs(x) + sp.erf(x), (0,)),
    (sp.Max(x, x), ()),
    (sp.Abs(x) ** 2, ()),
]


@pytest.mark.parametrize(("expr", "thresholds"), CASES, ids=[str(c[0]) for c in CASES])
def test_pieces_are_the_function(expr: sp.Expr, thresholds: tuple[int, ...] | None) -> None:
    split = pieces(expr, x)
    if thresholds is not None:
        assert split.thresholds == thresholds
    for k in range(-40, 41):
        point = sp.Rational(2 * k + 1, 14)  # never a threshold
        piece = next((e for e, t in zip(split.exprs, split.thresholds, strict=False) if point < t), split.exprs[-1])
        assert sp.N(piece.subs(x, point) - expr.subs(x, point), 20) == 0, point


def test_smooth_pieces_have_no_kink_functions() -> None:
    for expr, _ in CASES:
        assert not any(e.has(sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise) for e in pieces(expr, x).exprs)


@pytest.mark.parametrize(
    ("expr", "word"),
    [
        (sp.Max(x, sp.sin(x)), "no polynomial"),
        (sp.Max(x, ALPHA * x), "not decided"),
        (1 / (1 + x**2), "power"),
        (sp.sqrt(sp.Abs(x)), "power"),
        (sp.log(1 + sp.Abs(x)), "log"),
        (sp.Piecewise((x, x < ALPHA), (0, True)) + sp.Max(x, 0), "order"),
    ],
)
def test_what_cannot_be_split_is_named(expr: sp.Expr, word: str) -> None:
    with pytest.raises(OutsideClassError, match=word):
        pieces(expr, x)
