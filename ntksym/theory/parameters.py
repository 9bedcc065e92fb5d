"""The keywords a network's recursion leaves open, and their defaults."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.activations import Activation
from ntksym.forms import Parameter
from ntksym.network import Layer, Network, Pointwise


def keywords(network: Network) -> tuple[Parameter, ...]:
    """sigma_w, sigma_b (unless no layer has biases) and the parameters of activations and other layers, with the network's numbers as defaults.

    A default that is the symbol itself means there is none.
    """
    found = [Parameter(notation.sigma_w, _default([d.sigma_w for d in network.denses], notation.sigma_w), True)]
    if any(dense.has_bias for dense in network.denses):
        found.append(Parameter(notation.sigma_b, _default([d.sigma_b for d in network.denses], notation.sigma_b), True))
    seen: dict[sp.Symbol, sp.Expr] = {}
    for pointwise in network.pointwises:
        defaults = dict(pointwise.phi.defaults)
        for symbol in pointwise.phi.parameters:
            seen.setdefault(symbol, defaults.get(symbol, symbol))
    for symbol in _formula_parameters(network):
        seen.setdefault(symbol, symbol)
    return (*found, *(Parameter(symbol, seen[symbol], False) for symbol in sorted(seen, key=str)))


def _formula_parameters(network: Network) -> set[sp.Symbol]:
    """Free symbols of a wiring's formulas that are no coordinates, inputs or deviations."""
    if network.is_chain:
        return set()
    theirs = {notation.sigma_w, notation.sigma_b, notation.x1, notation.x2}
    free = {symbol for node in network.wiring.nodes for symbol in node.value.free_symbols if isinstance(symbol, sp.Symbol)}
    return {symbol for symbol in free - theirs if not symbol.is_integer}


def _default(values: list[sp.Expr], symbol: sp.Symbol) -> sp.Expr | sp.Tuple:
    if any(value.free_symbols for value in values):
        return symbol
    return values[0] if len(set(values)) == 1 else sp.Tuple(*values)


def distinct(network: Network) -> Network:
    """The network with activation parameters renamed (alpha_1, alpha_2, ...) where one symbol would need two defaults."""
    clashes = _clashes(network)
    if not clashes:
        return network
    names: dict[tuple[sp.Symbol, sp.Expr], sp.Symbol] = {}
    return Network(_rewritten(network.layers, clashes, names))


def _rewritten(value: Any, clashes: set[sp.Symbol], names: dict[tuple[sp.Symbol, sp.Expr], sp.Symbol]) -> Any:
    """The same layers, those inside others included, with the Pointwise renamed."""
    if isinstance(value, Pointwise):
        return _renamed(value, clashes, names)
    if isinstance(value, tuple):
        return tuple(_rewritten(item, clashes, names) for item in value)
    if isinstance(value, Layer) and value.inner:
        changed = {f.name: _rewritten(getattr(value, f.name), clashes, names) for f in fields(value) if isinstance(getattr(value, f.name), tuple)}
        return replace(value, **changed)
    return value


def _clashes(network: Network) -> set[sp.Symbol]:
    values: dict[sp.Symbol, set[sp.Expr]] = {}
    for pointwise in network.pointwises:
        for symbol, default in pointwise.phi.defaults:
            values.setdefault(symbol, set()).add(default)
    return {symbol for symbol, found in values.items() if len(found) > 1}


def _renamed(layer: Pointwise, clashes: set[sp.Symbol], names: dict[tuple[sp.Symbol, sp.Expr], sp.Symbol]) -> Pointwise:
    places: dict[sp.Symbol, sp.Symbol] = {}
    for symbol, default in layer.phi.defaults:
        if symbol in clashes:
            taken = sum(1 for known, _ in names if known == symbol)
            fresh = names.setdefault((symbol, default), sp.Symbol(f"{symbol.name}_{taken + 1}", **symbol.assumptions0))
            places[symbol] = fresh
    if not places:
        return layer
    phi = layer.phi
    defaults = tuple((places.get(symbol, symbol), default) for symbol, default in phi.defaults)
    moved = Activation(phi.name, phi.phi.xreplace(places), defaults, phi.aliases, phi.source, phi.summary)
    return Pointwise(moved, layer.derivative)
