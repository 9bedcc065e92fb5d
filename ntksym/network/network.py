"""A network: layers in order, checked; a chain of equal segments, or a wiring."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.network.bias import Bias
from ntksym.network.dense import Dense
from ntksym.network.heads import Heads
from ntksym.network.layer import Layer, read_layers, walk
from ntksym.network.pointwise import Pointwise
from ntksym.network.wiring import INPUT, Builder, Wiring
from ntksym.serialize import from_json, register, to_json


@register
@dataclass(frozen=True)
class Repeat(Layer):
    """``layers`` repeated ``times``, a positive integer symbol: the general theorem's hidden layers.  A known number of times is written out instead."""

    layers: tuple[Any, ...]
    times: sp.Symbol

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", read_layers(self.layers, "Repeat"))
        if not isinstance(self.times, sp.Symbol) or not (self.times.is_integer and self.times.is_positive):
            raise NetworkError(f"times={self.times!r} is no positive integer symbol", where="Repeat", fix="use Symbol('L', integer=True, positive=True)")
        if len(self.layers) != 2 or not isinstance(self.layers[0], Pointwise) or not isinstance(self.layers[1], Dense) or not self.layers[1].is_plain:
            raise NetworkError(
                "the repeated layers are no Pointwise and Dense", where="Repeat", why="the general theorem is about those", fix="write other layers out"
            )

    @property
    def inner(self) -> tuple[Any, ...]:
        return self.layers

    def place(self, wiring: Builder, source: str) -> str:
        raise NetworkError(
            f"{self.times} layers",
            where=wiring.place(),
            why="a symbolic number of layers is derived for Dense, Repeat((Pointwise, Dense)) only",
            fix="give a number of layers",
        )


@dataclass(frozen=True)
class Hidden:
    """``repeat`` equal segments Pointwise, Dense.  ``denses`` lists the Dense of each repetition (one entry if ``repeat`` is a symbol)."""

    repeat: sp.Expr
    pointwise: Pointwise
    denses: tuple[Dense, ...]

    @property
    def has_bias(self) -> bool:
        return self.denses[0].has_bias


@register
@dataclass(frozen=True)
class Network:
    """Layers from the input on.  A Dense, then Pointwise and Dense in turn, is a chain; anything else is a wiring.  Equal layers make equal networks.

    NetworkError for a layer that is not supported, branches that do not fit together, shared weights of two shapes, heads that are not at the end.
    """

    layers: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", read_layers(self.layers, "Network"))
        if not self.layers:
            raise NetworkError("the network has no layers", where="Network", fix="start with Dense(...)")
        for layer in walk(self.layers):
            if isinstance(layer, Heads) and layer is not self.layers[-1]:
                raise NetworkError("Heads that are not the last layer", where="Network", why="they are the outputs", fix="put them last; inside, use Concat")
        if not self.is_chain:
            wiring_of(self)  # what does not fit together is said now

    def to_json(self, *, indent: int | None = None) -> str:
        """The network as JSON text, the same bytes in every process."""
        return to_json(self, indent=indent)

    @staticmethod
    def from_json(text: str) -> Network:
        """The network that ``text`` holds, checked as when it was made; SerializationError or NetworkError for any other text."""
        found = from_json(text)
        if not isinstance(found, Network):
            raise NetworkError(f"the text holds a {type(found).__name__}", where="Network.from_json", fix="give what Network.to_json wrote")
        return found

    @property
    def is_chain(self) -> bool:
        """Whether it is Dense, Pointwise, ..., Dense, each with weights of its own trained in the NTK parameterization: what the general theorem is about."""
        flat: list[Any] = [inner for layer in self.layers for inner in (layer.inner if isinstance(layer, Repeat) else (layer,))]
        if len(flat) % 2 == 0:
            return False
        return all(isinstance(layer, Pointwise) if k % 2 else isinstance(layer, Dense) and layer.is_plain for k, layer in enumerate(flat))

    @property
    def wiring(self) -> Wiring:
        """Nodes, parameters, outputs."""
        return wiring_of(self)

    @property
    def depth(self) -> sp.Expr:
        """Number of hidden layers of a chain, L; of a wiring, the layers with weights less one."""
        if self.is_chain:
            return sp.Add(*(segment.repeat for segment in self.segments()))
        return sp.Integer(sum(1 for node in self.wiring.nodes if node.weights is not None) - 1)

    @property
    def first(self) -> Dense:
        """The Dense at the input of a chain."""
        return self.layers[0]

    @property
    def denses(self) -> tuple[Dense | Bias, ...]:
        """Every layer with parameters in construction order: one entry of a per-layer keyword each.  A shared layer stands once, a repeated one too."""
        if self.is_chain:
            return (self.first, *(dense for segment in self.segments() for dense in segment.denses))
        return tuple(weights.layer for weights in self.wiring.weights)

    @property
    def pointwises(self) -> tuple[Pointwise, ...]:
        """The Pointwise of every segment of a chain; of a wiring, every one."""
        if self.is_chain:
            return tuple(segment.pointwise for segment in self.segments())
        return tuple(layer for layer in walk(self.layers) if isinstance(layer, Pointwise))

    def segments(self) -> tuple[Hidden, ...]:
        """A chain after its first Dense as segments; equal neighbours (same Pointwise, same bias structure) are one."""
        if not self.is_chain:
            raise NetworkError("the network is no chain", where="Network.segments", fix="read .wiring")
        found: list[Hidden] = []
        for repeat, pointwise, dense in _pairs(self.layers[1:]):
            last = found[-1] if found else None
            if last is not None and repeat == 1 and last.repeat.is_Integer and last.pointwise == pointwise and last.has_bias == dense.has_bias:
                found[-1] = Hidden(last.repeat + 1, pointwise, (*last.denses, dense))
            else:
                found.append(Hidden(repeat, pointwise, (dense,)))
        return tuple(found)


def _pairs(layers: tuple[Any, ...]) -> Iterator[tuple[sp.Expr, Pointwise, Dense]]:
    position = 0
    while position < len(layers):
        if isinstance(layers[position], Repeat):
            pointwise, dense = layers[position].layers
            yield layers[position].times, pointwise, dense
            position += 1
        else:
            yield sp.S.One, layers[position], layers[position + 1]
            position += 2


@functools.lru_cache(maxsize=256)
def wiring_of(network: Network) -> Wiring:
    """The wiring of a network with a known number of layers."""
    builder = Builder()
    last = builder.run(network.layers, INPUT)
    if not builder.outputs:
        builder.output("", last)
    return builder.wiring()
