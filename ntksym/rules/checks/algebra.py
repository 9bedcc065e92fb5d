"""Checks of the algebra chapter."""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.nodes import Entry, Width
from ntksym.proof import Derivation, Statement, Status, Verdict, cited, false, proved, tested, unchecked
from ntksym.rules.checks.calculus import written_out


def at_layer(premises: tuple[Statement, ...], conclusion: Statement, *, layer: sp.Expr) -> Verdict:
    """Shifted back, it is the statement; and it holds written out."""
    shift = layer - notation.layer
    if notation.layer in layer.free_symbols:
        back = _map_layers(conclusion.claim, lambda level: level - shift if notation.layer in level.free_symbols else level)
        if back != premises[0].claim:
            return false(f"shifted back by {shift} it is {back}")
        return proved("shifted back it is the premise") + written_out(conclusion.claim)
    return written_out(conclusion.claim)


def _map_layers(expression: sp.Basic, change: object) -> sp.Basic:
    if isinstance(expression, Entry):
        return Entry(expression.args[0], change(expression.layer), expression.inputs, expression.indices)
    if isinstance(expression, Width):
        return Width(change(expression.layer))
    if not expression.args or isinstance(expression, sp.Lambda):
        return expression
    parts = [_map_layers(part, change) for part in expression.args]
    return sp.Eq(*parts, evaluate=False) if isinstance(expression, sp.Eq) else expression.func(*parts)


def name_by(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """Written out, with the model's own derivative behind the name."""
    if conclusion.claim.rhs != premises[0].claim.rhs:
        return false("the right side changed")
    return proved("the right side is untouched, the left is renamed") + written_out(conclusion.claim)


def collect(premises: tuple[Statement, ...], conclusion: Statement) -> Verdict:
    """The parts are those of the premises, no more and no fewer."""
    claims = {part for premise in premises for part in (premise.claim.args if isinstance(premise.claim, sp.Tuple) else (premise.claim,))}
    found = set(conclusion.claim.args)
    return proved("the parts are those of the premises") if found == claims else false(f"the parts differ: {sorted(map(str, found ^ claims))}")


def use_lemma(premises: tuple[Statement, ...], conclusion: Statement, *, derivation: Derivation) -> Verdict:
    """As good as the weakest step of the lemma."""
    if conclusion.claim != derivation.conclusion.claim:
        return false("the conclusion is not that of the lemma")
    count = len(tuple(derivation.all_steps()))
    match derivation.verdict:
        case Status.PROVED:
            return proved(f"all {count} steps of the lemma are proved")
        case Status.CITED:
            return cited("the lemma's own sources", f"{count} steps")
        case Status.TESTED:
            pieces = [e for step in derivation.all_steps() for e in step.verdict.evidence if step.verdict.status is Status.TESTED]
            weakest = min(pieces, key=lambda e: (e.digits, e.points))
            return tested(weakest.points, weakest.digits, f"weakest step of the lemma: {weakest.oracle}", weakest.seed)
    return unchecked("a step of the lemma is not checked")
