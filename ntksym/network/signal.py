"""A tensor as the formula of a layer sees it."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ntksym.nodes import Entry

HERE, ACROSS = (sp.Symbol(letter, integer=True, positive=True) for letter in "ac")  # the own coordinate, and the one an average runs over


class Signal:
    """A tensor of the network as a formula sees it: its entry at the own coordinate, and averages over its channels."""

    def __init__(self, entry: Entry, width: sp.Expr) -> None:
        self._entry, self._width = entry, width

    @property
    def here(self) -> Entry:
        """The entry at the coordinate the formula is for."""
        return self.at(HERE)

    def at(self, coordinate: sp.Symbol) -> Entry:
        """The entry at a coordinate."""
        return Entry(self._entry.name, self._entry.layer, self._entry.inputs, (coordinate,))

    def mean(self, function: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
        """The average of ``function`` over all channels: a constant in the limit of infinite width."""
        return sp.Sum(function(self.at(ACROSS)), (ACROSS, 1, self._width)) / self._width
