"""Nodes of limits: what tends to what, laws, orders in the width."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean


class TendsTo(Boolean):
    """``lhs -> rhs`` as the widths listed grow without bound, in that order: ``TendsTo(lhs, rhs, widths)``."""

    def __new__(cls, lhs: Any, rhs: Any, widths: Any = ()) -> TendsTo:
        return Boolean.__new__(cls, sp.sympify(lhs, strict=True), sp.sympify(rhs, strict=True), sp.Tuple(*widths))

    @property
    def lhs(self) -> sp.Basic:
        return self.args[0]

    @property
    def rhs(self) -> sp.Basic:
        return self.args[1]

    @property
    def widths(self) -> sp.Tuple:
        return self.args[2]


class DistributedAs(Boolean):
    """``vector`` has the law given: ``DistributedAs(Tuple(variables), Gaussian)``."""

    def __new__(cls, vector: Any, law: Any) -> DistributedAs:
        return Boolean.__new__(cls, sp.sympify(vector, strict=True), law)


class Mean(sp.Expr):
    r"""$\mathbb E_{\omega}[g]$ over the Gaussian parameters named, all else held fixed: ``Mean(g, names)``; no names: over all parameters."""

    is_commutative = True
    is_real = True

    def __new__(cls, integrand: Any, over: Any = ()) -> Mean:
        return sp.Expr.__new__(cls, sp.sympify(integrand, strict=True), sp.Tuple(*over))

    @property
    def integrand(self) -> sp.Expr:
        return self.args[0]

    @property
    def over(self) -> sp.Tuple:
        return self.args[1]

    def _latex(self, printer: Any) -> str:
        over = "" if not self.over else "_{" + ",".join(printer.doprint(t) for t in self.over) + "}"
        return rf"\mathbb{{E}}{over}\left[{printer.doprint(self.integrand)}\right]"

    def _sympystr(self, printer: Any) -> str:
        over = "" if not self.over else "_" + ",".join(printer.doprint(t) for t in self.over)
        return f"E{over}[{printer.doprint(self.integrand)}]"


class OfOrder(Boolean):
    r"""$f = O(g)$ as the widths grow, under ``condition``: ``OfOrder(f, g, condition)``."""

    def __new__(cls, lhs: Any, rhs: Any, condition: Any = sp.true) -> OfOrder:
        return Boolean.__new__(cls, sp.sympify(lhs, strict=True), sp.sympify(rhs, strict=True), sp.sympify(condition, strict=True))

    @property
    def lhs(self) -> sp.Basic:
        return self.args[0]

    @property
    def rhs(self) -> sp.Basic:
        return self.args[1]

    @property
    def condition(self) -> sp.Basic:
        return self.args[2]

    def _latex(self, printer: Any) -> str:
        when = "" if self.condition == sp.true else rf"\quad ({printer.doprint(self.condition)})"
        return rf"{printer.doprint(self.lhs)} = O\left({printer.doprint(self.rhs)}\right){when}"

    def _sympystr(self, printer: Any) -> str:
        when = "" if self.condition == sp.true else f" ({printer.doprint(self.condition)})"
        return f"{printer.doprint(self.lhs)} = O({printer.doprint(self.rhs)}){when}"


class Given(sp.Basic):
    r"""$(\text{vector} \mid \text{given})$, for a conditional law: ``Given(vector, given)``."""

    def __new__(cls, vector: Any, given: Any) -> Given:
        return sp.Basic.__new__(cls, sp.Tuple(*vector), sp.Tuple(*given))

    @property
    def vector(self) -> sp.Tuple:
        return self.args[0]

    @property
    def given(self) -> sp.Tuple:
        return self.args[1]

    def _latex(self, printer: Any) -> str:
        return rf"\left. {printer.doprint(self.vector)} \,\right|\, {', '.join(printer.doprint(g) for g in self.given)}"

    def _sympystr(self, printer: Any) -> str:
        return f"{printer.doprint(self.vector)} | {', '.join(printer.doprint(g) for g in self.given)}"


class Dots(sp.Expr):
    r"""$\dots$ in a list of widths that has no fixed length: ``Dots()``."""

    is_commutative = True

    def _latex(self, printer: Any) -> str:
        return r"\dots"

    def _sympystr(self, printer: Any) -> str:
        return "..."


class ChannelLaw(Boolean):
    r"""What a channel of a tensor is in the limit, share by share: ``ChannelLaw(entry, parts, gaussian, weights)``.

    ``parts``: pairs (share of the channels, their value in independent Gaussian entries); ``gaussian``: whether every channel is a centred Gaussian, jointly
    with those of other tensors; ``weights``: the parameters it depends on.
    """

    def __new__(cls, entry: Any, parts: Any, gaussian: Any, weights: Any) -> ChannelLaw:
        return Boolean.__new__(cls, entry, sp.Tuple(*(sp.Tuple(*part) for part in parts)), sp.sympify(gaussian, strict=True), sp.Tuple(*weights))

    @property
    def entry(self) -> sp.Expr:
        return self.args[0]

    @property
    def parts(self) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        return tuple((part.args[0], part.args[1]) for part in self.args[1].args)

    @property
    def gaussian(self) -> bool:
        return self.args[2] == sp.true

    @property
    def weights(self) -> tuple[sp.Expr, ...]:
        return tuple(self.args[3].args)
