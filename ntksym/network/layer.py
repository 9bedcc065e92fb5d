"""What a layer is: something that puts nodes into the wiring of a network, and nothing else.

A layer that acts coordinate by coordinate says only its formula.  From that one expression come its local Jacobian, the law of its output at infinite
width and the code of the finite network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.network.signal import Signal
from ntksym.network.wiring import Builder


class Layer(ABC):
    """One layer, frozen and compared by its fields."""

    @abstractmethod
    def place(self, wiring: Builder, source: str) -> str:
        """Put the layer's nodes behind the node ``source``; returns the name of the node that is its output."""

    @property
    def inner(self) -> tuple[Any, ...]:
        """The layers inside, in construction order."""
        return ()


class Coordinatewise(Layer):
    """A layer whose output at a coordinate is ``formula`` of its input there and of the input's averages over channels."""

    @abstractmethod
    def formula(self, u: Signal) -> sp.Expr:
        """The output at the coordinate ``u.here``."""

    def place(self, wiring: Builder, source: str) -> str:
        return wiring.map(self, (source,), self.formula)


@dataclass(frozen=True)
class Branching(Layer):
    """A layer of several branches on the same tensor; an empty list of layers is the identity."""

    branches: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", read_branches(self.branches, type(self).__name__))

    @property
    def inner(self) -> tuple[Any, ...]:
        return tuple(layer for branch in self.branches for layer in branch)

    def ends(self, wiring: Builder, source: str) -> tuple[str, ...]:
        """Place every branch behind ``source``; returns their last nodes."""
        return tuple(wiring.run(branch, source, f"branch {k}, ") for k, branch in enumerate(self.branches, 1))


def walk(layers: tuple[Any, ...]) -> Iterator[Any]:
    """Every layer, those inside others after the one that holds them."""
    for layer in layers:
        yield layer
        yield from walk(layer.inner)


def read_layers(given: Any, where: str) -> tuple[Any, ...]:
    """``given`` as a tuple of layers, each one supported; NetworkError names the place of one that is not."""
    if not isinstance(given, list | tuple):
        raise NetworkError(f"layers is a {type(given).__name__}", where=where, fix=f"give a list: {where}([Dense(...), Pointwise('relu'), Dense(...)])")
    for position, layer in enumerate(given, 1):
        if isinstance(layer, Layer):
            continue
        if isinstance(layer, type) and issubclass(layer, Layer):
            raise NetworkError(f"layer {position} is the class {layer.__name__}, not a layer", where=where, fix=f"call it: {layer.__name__}(...)")
        _refuse(layer, position, where)
    return tuple(given)


_REASONS = {
    "MaxPool": "the maximum over sites is no function of one Gaussian channel, so its kernel has no closed recursion",
    "BatchNorm": "statistics over the batch couple the examples, so there is no kernel of two inputs",
}


def _refuse(layer: Any, position: int, where: str) -> None:
    name = layer if isinstance(layer, str) else layer.__name__ if isinstance(layer, type) else type(layer).__name__
    why = next((reason for known, reason in _REASONS.items() if name.lower().startswith(known.lower())), "no rule derives a kernel through such a layer yet")
    raise NetworkError(
        f"layer {position} is {name!r}",
        where=where,
        why=why,
        fix="use Dense, Pointwise, Residual, Sum, Concat, Product, Scale, Bias, LayerNorm, RMSNorm, Dropout or Heads; activations go in as Pointwise('relu')",
    )


def read_branches(given: Any, where: str, least: int = 2) -> tuple[tuple[Any, ...], ...]:
    """``given`` as branches, each a tuple of layers; an empty one is the identity."""
    if not isinstance(given, list | tuple) or not all(isinstance(branch, list | tuple | Layer) for branch in given):
        raise NetworkError(f"branches is {given!r}", where=where, fix=f"give a list of lists of layers: {where}([[Dense()], []]); [] is the identity")
    branches = tuple(read_layers((branch,) if isinstance(branch, Layer) else branch, where) for branch in given)
    if len(branches) < least:
        plural = "" if len(branches) == 1 else "es"
        raise NetworkError(
            f"{len(branches)} branch{plural}", where=where, why=f"it joins {least} or more", fix="leave it out, or add a branch; [] is the identity"
        )
    return branches
