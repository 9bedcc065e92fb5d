"""A Statement: a claim, the regime in which it holds, the assumptions it rests on."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import sympy as sp

from ntksym.errors import RuleError


class Regime(Enum):
    """In what sense a claim holds.  ``=``, ``->`` and ``= ... + O(.)`` are different things."""

    EXACT = "exact"
    ALMOST_EVERYWHERE = "almost everywhere"
    LIMIT_SEQUENTIAL = "limit, sequential"
    LIMIT_JOINT = "limit, joint"
    ORDER_IN_WIDTH = "order in n"
    WITH_PROBABILITY = "with probability >= 1-delta"
    MODEL = "model"


# Joining two regimes.  EXACT is neutral and every regime joins itself; what is not listed raises.
# A law-level limit does not see null sets, so an almost-everywhere premise keeps the limit's regime.
_JOIN: dict[frozenset[Regime], Regime] = {
    frozenset((Regime.ALMOST_EVERYWHERE, Regime.LIMIT_SEQUENTIAL)): Regime.LIMIT_SEQUENTIAL,
    frozenset((Regime.ALMOST_EVERYWHERE, Regime.LIMIT_JOINT)): Regime.LIMIT_JOINT,
    frozenset((Regime.ALMOST_EVERYWHERE, Regime.WITH_PROBABILITY)): Regime.WITH_PROBABILITY,
    frozenset((Regime.ALMOST_EVERYWHERE, Regime.ORDER_IN_WIDTH)): Regime.ORDER_IN_WIDTH,
}


def join_regimes(regimes: Iterable[Regime]) -> Regime:
    """The regime of a conclusion drawn from premises in these regimes."""
    joined = Regime.EXACT
    for regime in regimes:
        if regime is joined or regime is Regime.EXACT:
            continue
        if joined is Regime.EXACT:
            joined = regime
            continue
        try:
            joined = _JOIN[frozenset((joined, regime))]
        except KeyError:
            raise RuleError(
                f"regimes {joined.value!r} and {regime.value!r} have no join",
                where="join of premises",
                why="a statement of one kind does not carry over to the other",
                fix="use a named rule that passes from one regime to the other",
            ) from None
    return joined


@dataclass(frozen=True, order=True)
class Assumption:
    """Something taken for granted, named.  ``text`` is a sentence (LaTeX between dollars); ``condition`` its SymPy form where it has one."""

    key: str
    text: str
    condition: sp.Basic | None = field(default=None, compare=False)


def union(groups: Iterable[Iterable[Assumption]]) -> tuple[Assumption, ...]:
    """Assumptions of all groups, each once, in the order of their keys."""
    found: dict[str, Assumption] = {}
    for group in groups:
        for assumption in group:
            earlier = found.setdefault(assumption.key, assumption)
            if earlier.text != assumption.text:
                raise RuleError(f"assumption {assumption.key!r} has two wordings: {earlier.text!r} and {assumption.text!r}", where="join of premises")
    return tuple(found[key] for key in sorted(found))


@dataclass(frozen=True)
class Statement:
    """``claim`` (a SymPy expression or a form of :mod:`ntksym.forms`) holds in ``regime`` under ``assumptions``."""

    claim: Any
    regime: Regime = Regime.EXACT
    assumptions: tuple[Assumption, ...] = ()
