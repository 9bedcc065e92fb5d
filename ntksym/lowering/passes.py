"""Sharing: expressions become a list of named assignments, each common sub-expression once, with names that say what they are."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from ntksym.lowering.program import (
    Angle,
    Arctan2,
    Assign,
    Body,
    Corner,
    Det,
    Erf,
    Expm1,
    ExpSinh,
    Gap,
    Quotient,
    Reciprocal,
    Root,
    RootDet,
    ScaledCDF,
    ScaledErfi,
    ScaledQuadrant,
    Slope,
)

_READABLE = 72
_TERMS = 60  # a longer sum stands in several lines: Python reads a sum by recursion, term by term

# Heads that always get a line of their own, and the stem of the name they get.
_STEMS: tuple[tuple[type[sp.Basic], str], ...] = (
    (Det, "det"),
    (Root, "root"),
    (RootDet, "root"),
    (Reciprocal, "inverse"),
    (Angle, "angle"),
    (Slope, "slope"),
    (Arctan2, "angle"),
    (sp.exp, "exp"),
    (ExpSinh, "exp_sinh"),
    (Expm1, "expm1"),
    (Gap, "gap"),
    (Quotient, "mean"),
    (ScaledCDF, "cdf"),
    (ScaledErfi, "erfi"),
    (ScaledQuadrant, "quadrant"),
    (Corner, "corner"),
    (Erf, "erf"),
)


def share(results: tuple[sp.Expr, ...]) -> Body:
    """Assignments in order of need, and the results in terms of them.

    A common sub-expression is a number per pair of inputs, so ``sp.cse`` decides; determinants, roots, angles and exponentials are named even
    when used once, because they are what a reader looks for.
    """
    counter = (sp.Symbol(f"@{k}", real=True) for k in range(1_000_000))
    shared, reduced = sp.cse(results, symbols=counter, order="canonical", list=True)
    lines: list[tuple[sp.Symbol, sp.Expr]] = []
    seen: dict[sp.Expr, sp.Symbol] = {}
    fresh = (sp.Symbol(f"@@{k}", real=True) for k in range(1_000_000))
    for name, value in shared:
        kept = _extract(value, lines, seen, fresh, top=True)
        if kept in seen:
            lines.append((name, seen[kept]))
            continue
        lines.append((name, kept))
        if _stem(kept):
            seen[kept] = name
    finals = tuple(_extract(expression, lines, seen, fresh, top=False) for expression in reduced)
    return _short_lines(_named(lines, finals))


def _short_lines(body: Body) -> Body:
    """A sum inside another expression gets a line of its own where the whole would be too long to read."""
    lines: list[Assign] = []
    count = 0

    def named(value: sp.Expr) -> sp.Symbol:
        nonlocal count
        count += 1
        lines.append(Assign(f"sum{count}", value))
        return sp.Symbol(f"sum{count}", real=True)

    def split(expression: sp.Expr) -> sp.Expr:
        while _width(expression) > _READABLE:
            sums = [part for part in sp.preorder_traversal(expression) if part.is_Add and part is not expression]
            if not sums:
                break
            longest = max(sums, key=lambda part: (_width(part), str(part)))
            expression = expression.xreplace({longest: named(split(longest))})
        while expression.is_Add and len(expression.args) > _TERMS:
            terms = sorted(expression.args, key=sp.default_sort_key)
            expression = sp.Add(*(named(sp.Add(*terms[k : k + _TERMS])) for k in range(0, len(terms), _TERMS)))
        return expression

    for line in body.lines:
        lines.append(Assign(line.name, split(line.value), line.comment))
    results = tuple(split(result) for result in body.results)  # appends to lines
    return Body(tuple(lines), results)


def _width(expression: sp.Expr) -> int:
    """About how long the expression is as Python text."""
    text = str(expression)
    return len(text) + 2 * (text.count("*") - 2 * text.count("**") + text.count("/"))


def _stem(expression: sp.Basic) -> str | None:
    for head, stem in _STEMS:
        if isinstance(expression, head):
            return stem
    if isinstance(expression, sp.Pow) and expression.exp in (sp.S.Half, -sp.S.Half) and expression.base.free_symbols:
        return "root" if expression.exp == sp.S.Half else None
    return None


def _extract(expression: sp.Expr, lines: list[tuple[sp.Symbol, sp.Expr]], seen: dict[sp.Expr, sp.Symbol], fresh: Iterator[sp.Symbol], *, top: bool) -> sp.Expr:
    """``expression`` with every named head inside it replaced by a symbol whose line has been appended."""
    if not expression.args:
        return expression
    if isinstance(expression, sp.Pow) and expression.exp.is_Rational and expression.exp.q == 2 and expression.base.free_symbols and expression.exp != sp.S.Half:
        root = _extract(sp.sqrt(expression.base), lines, seen, fresh, top=False)
        return root ** (2 * expression.exp)
    rebuilt = expression.func(*(_extract(argument, lines, seen, fresh, top=False) for argument in expression.args))
    if top or _stem(rebuilt) is None:
        return rebuilt
    if rebuilt not in seen:
        symbol = next(fresh)
        seen[rebuilt] = symbol
        lines.append((symbol, rebuilt))
    return seen[rebuilt]


def _named(lines: list[tuple[sp.Symbol, sp.Expr]], finals: tuple[sp.Expr, ...]) -> Body:
    """Give the temporaries their names: one ``det``, ``angle``, ... where there is one, numbered where there are several; ``t1`` for the rest."""
    renamed: dict[sp.Symbol, sp.Expr] = {}
    stems = [_stem(value) or "t" for _, value in lines]
    totals = {stem: stems.count(stem) for stem in stems}
    counts: dict[str, int] = {}
    assigns: list[Assign] = []
    for (symbol, value), stem in zip(lines, stems, strict=True):
        value = value.xreplace(renamed)
        if value.is_Symbol or not value.free_symbols:  # a constant is clearer where it is used
            renamed[symbol] = value
            continue
        counts[stem] = counts.get(stem, 0) + 1
        name = stem if totals[stem] == 1 and stem != "t" else f"{stem}{counts[stem]}"
        if isinstance(value, Reciprocal) and value.args[0].is_Symbol:
            name = f"inverse_{value.args[0]}"
        made = sp.Symbol(name, real=True)
        renamed[symbol] = made
        assigns.append(Assign(name, value))
    return Body(tuple(assigns), tuple(final.xreplace(renamed) for final in finals))
