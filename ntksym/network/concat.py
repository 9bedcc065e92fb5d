"""Branches side by side."""

from __future__ import annotations

from dataclasses import dataclass

from ntksym.network.layer import Branching
from ntksym.network.wiring import Builder
from ntksym.serialize import register


@register
@dataclass(frozen=True)
class Concat(Branching):
    """The channels of every branch, one after the other, as in dense nets; an empty list of layers is the identity.

    In the limit the shares of the channels stay as declared; branches of open width count alike.
    """

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.concat(self, self.ends(wiring, source))
