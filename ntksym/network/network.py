"""A network: layers in order, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.network.dense import Dense
from ntksym.network.pointwise import Pointwise
from ntksym.serialize import from_json, register, to_json


@register
@dataclass(frozen=True)
class Repeat:
    """``layers`` repeated ``times``, a positive integer symbol: the general theorem's hidden layers.  A known number of times is written out instead."""

    layers: tuple[Any, ...]
    times: sp.Symbol

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not isinstance(self.times, sp.Symbol) or not (self.times.is_integer and self.times.is_positive):
            raise NetworkError(f"times={self.times!r} is no positive integer symbol", where="Repeat", fix="use Symbol('L', integer=True, positive=True)")


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
    """Layers from the input on: a Dense, then Pointwise and Dense in turn, a Dense last.

    Equal layers make equal networks.  NetworkError for a layer that is not supported, or an order that has no recursion.
    """

    layers: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, list | tuple):
            raise NetworkError(
                f"layers is a {type(self.layers).__name__}", where="Network", fix="give a list: Network([Dense(...), Pointwise('relu'), Dense(...)])"
            )
        object.__setattr__(self, "layers", tuple(self.layers))
        for position, layer in enumerate(self.layers, 1):
            _require_supported(layer, position)
        _require_order(self.layers)

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
    def depth(self) -> sp.Expr:
        """Number of hidden layers, L."""
        return sp.Add(*(segment.repeat for segment in self.segments()))

    @property
    def first(self) -> Dense:
        """The Dense at the input."""
        return self.layers[0]

    @property
    def denses(self) -> tuple[Dense, ...]:
        """Every Dense, from the input on; a repeated one stands once."""
        return (self.first, *(dense for segment in self.segments() for dense in segment.denses))

    @property
    def pointwises(self) -> tuple[Pointwise, ...]:
        """The Pointwise of every segment."""
        return tuple(segment.pointwise for segment in self.segments())

    def segments(self) -> tuple[Hidden, ...]:
        """The network after its first Dense as segments; equal neighbours (same Pointwise, same bias structure) are one."""
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


def _require_supported(layer: Any, position: int) -> None:
    if isinstance(layer, Repeat):
        for inner in layer.layers:
            _require_supported(inner, position)
        return
    if isinstance(layer, Dense | Pointwise):
        return
    name = layer if isinstance(layer, str) else layer.__name__ if isinstance(layer, type) else type(layer).__name__
    if layer in (Dense, Pointwise):
        raise NetworkError(f"layer {position} is the class {name}, not a layer", where="Network", fix=f"call it: {name}(...)")
    raise NetworkError(
        f"layer {position} is {name!r}",
        where="Network",
        why="no rule derives a kernel through such a layer yet",
        fix="use Dense and Pointwise; activations go in as Pointwise('relu')",
    )


def _kinds(layers: tuple[Any, ...]) -> list[tuple[int, Any]]:
    flat: list[tuple[int, Any]] = []
    for position, layer in enumerate(layers, 1):
        flat += [(position, inner) for inner in layer.layers] if isinstance(layer, Repeat) else [(position, layer)]
    return flat


def _require_order(layers: tuple[Any, ...]) -> None:
    flat = _kinds(layers)
    if not flat:
        raise NetworkError("the network has no layers", where="Network", fix="start with Dense(...)")
    for expected_dense, (position, layer) in zip((i % 2 == 0 for i in range(len(flat))), flat, strict=True):
        if isinstance(layer, Dense) == expected_dense:
            continue
        if expected_dense:
            raise NetworkError(
                f"layer {position} is a Pointwise where a Dense belongs",
                where="Network",
                why="an activation needs Gaussian pre-activations, which fresh weights make",
                fix="start with a Dense; write two activations in a row as one expression",
            )
        raise NetworkError(
            f"layer {position} is a Dense right after a Dense",
            where="Network",
            why="the recursion has one activation between two weight matrices",
            fix="put Pointwise('identity') between them",
        )
    if isinstance(flat[-1][1], Pointwise):
        raise NetworkError(
            f"layer {flat[-1][0]}, the last, is a Pointwise",
            where="Network",
            why="the kernel multiplies the identity over outputs only after fresh weights",
            fix="end with a Dense",
        )
