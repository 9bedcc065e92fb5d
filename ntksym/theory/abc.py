"""``abc(network, a, b, c)``: what a parameterization does as the width grows, by counting powers of n on the chain-rule graph."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy as sp

from ntksym.errors import NetworkError
from ntksym.network import Concat, Dense, Network, Pointwise, Residual, Scale, Sum, chain_graph, fcn
from ntksym.network.chain import ChainGraph
from ntksym.nodes import Entry, Width
from ntksym.proof import Derivation
from ntksym.rules import exponents
from ntksym.theory.jumps import has_jumps

PRESETS = ("standard", "ntk", "mup", "mean_field")
_COUNTED = (Dense, Pointwise, Sum, Residual, Scale, Concat)
_WHY_NOT = {
    "Bias": "a bias is a parameter with exponents of its own, which (a, b, c) does not list",
    "LayerNorm": "dividing by the size of a tensor undoes its power of n, and no rule counts that yet",
    "Product": "the size of a product of dependent branches is no sum of exponents that a rule counts yet",
    "Dropout": "masks are drawn anew at every update, and no rule counts that yet",
    "Heads": "stability is judged at one output",
}


class AbcExponents(NamedTuple):
    """The exponents of an abc-parameterization: a and b one per weight matrix from the input on, c that of the learning rate."""

    a: tuple[sp.Rational, ...]
    b: tuple[sp.Rational, ...]
    c: sp.Rational


def abc(network: Any, a: Sequence[Any], b: Sequence[Any], c: Any) -> Derivation:
    r"""Derive whether $W^l = n^{-a_l} w^l$, $w^l \sim \mathcal N(0, n^{-2b_l})$, learning rate $\eta\,n^{-c}$ is stable, trivial, kernel or feature learning.

    ``network``: a Network, or a number of hidden layers of a fully connected one; its own parameterization and sigmas play no part.  ``a``, ``b``: one
    exponent per Dense from the input on; ``c``: one number.  Exact: int, Fraction, SymPy Rational; a float is read as the decimal it prints.  The
    conclusion's claim is an :class:`ntksym.forms.AbcClass`.  NetworkError for exponents that are no rational numbers or do not fit the network, and for
    layers whose powers of n no rule counts.

    Source: Yang and Hu 2021 (arXiv:2011.14522).  Example: ``abc(3, *abc_exponents("mup", 3)).conclusion.claim.regime`` is "feature learning".
    """
    network = _read_network(network, "abc")
    graph = _graph(network)
    count = sum(1 for weights in network.wiring.weights if weights.has_weights)
    return _abc(network, graph, _exponents(a, count, "a"), _exponents(b, count, "b"), _rational(c, "c"))


def abc_exponents(name: str, network: Any) -> AbcExponents:
    """The exponents of a known parameterization: "standard" (c = 0), "ntk", "mup" or "mean_field" (one hidden layer), to be given to :func:`abc`.

    ``network``: as for :func:`abc`.  What counts is where a matrix stands: from the input to a hidden layer, between hidden layers, or from a hidden layer to
    the output.  NetworkError for another name, and for "mean_field" with matrices between hidden layers.

    Source: Yang and Hu 2021 (arXiv:2011.14522).  Example: ``abc_exponents("ntk", 1)`` has a = (0, 1/2), b = (0, 0), c = 0.
    """
    if name not in PRESETS:
        raise NetworkError(f"no parameterization {name!r}", where="abc_exponents", fix=f"use one of {', '.join(PRESETS)}, or give a, b and c to abc")
    network = _read_network(network, "abc_exponents")
    graph = _graph(network)
    places = _places(network, graph)
    if name == "mean_field" and (1, 1) in places:
        raise NetworkError(
            "mean-field scaling with matrices between hidden layers",
            where="abc_exponents",
            why="1/n in front of a sum of n centred terms sends every layer behind the first to zero as n^(-1/2)",
            fix="take one hidden layer, or 'mup', which is the mean-field scaling of deep networks",
        )
    table = _TABLE[name]
    rows = [table[place] for place in places]
    return AbcExponents(tuple(row[0] for row in rows), tuple(row[1] for row in rows), _C[name])


_O, _H, _I = sp.S.Zero, sp.Rational(1, 2), sp.S.One
# name -> {(power of n of the width below, above): (a, b)}
_TABLE: dict[str, dict[tuple[int, int], tuple[sp.Rational, sp.Rational]]] = {
    "standard": {(0, 1): (_O, _O), (1, 1): (_O, _H), (1, 0): (_O, _H)},
    "ntk": {(0, 1): (_O, _O), (1, 1): (_H, _O), (1, 0): (_H, _O)},
    "mup": {(0, 1): (-_H, _H), (1, 1): (_O, _H), (1, 0): (_H, _H)},
    "mean_field": {(0, 1): (_O, _O), (1, 0): (_I, _O)},
}
_C = {"standard": _O, "ntk": _O, "mup": _O, "mean_field": -_I}


@functools.lru_cache(maxsize=256)
def _abc(network: Network, graph: ChainGraph, a: tuple[sp.Rational, ...], b: tuple[sp.Rational, ...], c: sp.Rational) -> Derivation:
    equations = tuple(graph.value(name) for name in graph.tensors()[1:])
    frozen = tuple(graph.graph.nodes[name]["entry"] for name in graph.parameters() if not graph.graph.nodes[name]["trainable"])
    d = Derivation(_title(network, a, b, c)).by(exponents.counting_laws)
    laws = d.last
    d = d.by(exponents.abc_parameterization, equations=equations, growth=_growth(graph), a=a, b=b, c=c, frozen=frozen)
    parameterized = d.last
    d = d.by(exponents.count_values, parameterized, laws)
    values = d.last
    d = d.by(exponents.count_derivatives, parameterized, laws)
    derivatives = d.last
    d = d.by(exponents.count_updates, parameterized, values, derivatives, laws)
    return d.by(exponents.classify, parameterized, values, derivatives, d.last)


def _title(network: Network, a: tuple[sp.Rational, ...], b: tuple[sp.Rational, ...], c: sp.Rational) -> str:
    numbers = "; ".join(f"{name} = ({', '.join(map(str, part))})" for name, part in (("a", a), ("b", b)))
    kind = f"a fully connected network with {network.depth} hidden layer{'' if network.depth == 1 else 's'}" if network.is_chain else "a network"
    return f"abc-parameterization of {kind}, {numbers}; c = {c}"


# -- the network -------------------------------------------------------------------------------------------------------


def _read_network(given: Any, where: str) -> Network:
    if isinstance(given, Network):
        return given
    if isinstance(given, str):
        raise NetworkError(f"{given!r} is no network", where=where, fix="write abc(3, *abc_exponents('mup', 3)) for a known parameterization")
    return fcn(given, sp.Function("phi"))


def _graph(network: Network) -> ChainGraph:
    """The chain-rule graph, if every power of n on it is counted by a rule."""
    if not network.depth.is_Integer:
        raise NetworkError("a symbolic number of layers", where="abc", why="there is one pair of exponents per layer", fix="give a number of layers")
    wiring = network.wiring
    for node in wiring.nodes[1:]:
        name = type(node.layer).__name__
        if not isinstance(node.layer, _COUNTED):
            raise NetworkError(f"a layer {name}", where=node.where, why=_WHY_NOT.get(name, "no rule counts its powers of n yet"), fix="leave it out")
    if len(wiring.outputs) > 1:
        raise NetworkError(f"{len(wiring.outputs)} outputs", where="abc", why=_WHY_NOT["Heads"], fix="take the heads one by one")
    for weights in wiring.weights:
        if weights.has_bias:
            raise NetworkError(f"layer {weights.number} has biases", where="abc", why=_WHY_NOT["Bias"], fix="set sigma_b=0")
        if weights.layer.shared is not None:
            raise NetworkError(
                f"layer {weights.number} shares its weights",
                where="abc",
                why="a matrix met twice in the forward pass sums terms that are not independent, and no rule counts that yet",
                fix="give each Dense weights of its own",
            )
    for pointwise in network.pointwises:
        if has_jumps(pointwise):
            raise NetworkError(
                f"the activation {pointwise.phi.name} jumps", where="abc", why="its slope is no number of order one", fix="take a continuous activation"
            )
    graph = chain_graph(network)
    if 1 not in {power for _, power in _growth(graph)}:
        raise NetworkError(
            "no hidden width of its own", where="abc", why="every layer has the width of the input or of the output, so nothing grows", fix="add a hidden Dense"
        )
    return graph


def _growth(graph: ChainGraph) -> tuple[tuple[Entry, sp.Integer], ...]:
    """The width of every tensor as a power of n: 0 for the input's width and the output's, 1 for what holds another width."""
    nodes = graph.graph.nodes
    fixed = {Width(0), nodes[graph.output]["shape"][0]}
    found = []
    for name in graph.tensors():
        width = nodes[name]["shape"][0]
        grows = any(symbol not in fixed for symbol in width.atoms(Width))
        found.append((nodes[name]["entry"], sp.Integer(grows and name != graph.output)))
    return tuple(found)


def _places(network: Network, graph: ChainGraph) -> list[tuple[int, int]]:
    """Of every matrix: the powers of n of the widths below and above."""
    nodes = graph.graph.nodes
    power = {nodes[name]["entry"]: int(power) for name, (_, power) in zip(graph.tensors(), _growth(graph), strict=True)}
    found = []
    for name in graph.tensors()[1:]:
        if not any(nodes[parent]["kind"] == "parameter" for parent in graph.parents(name)):
            continue
        (below,) = [parent for parent in graph.parents(name) if nodes[parent]["kind"] != "parameter"]
        place = power[nodes[below]["entry"]], power[nodes[name]["entry"]]
        if place == (0, 0):
            raise NetworkError(f"the matrix into {name} joins the input to the output", where="abc_exponents", fix="give a, b and c to abc")
        found.append(place)
    return found


# -- the exponents -----------------------------------------------------------------------------------------------------


def _exponents(given: Any, count: int, name: str) -> tuple[sp.Rational, ...]:
    try:
        entries = [] if isinstance(given, str | bytes) else list(given)
    except TypeError:
        entries = []
    if len(entries) != count:
        raise NetworkError(
            f"{name} is {given!r}",
            where="abc",
            why=f"the network has {count} weight matrices, the last one to the output, and one exponent belongs to each",
            fix=f"give {count} numbers",
        )
    return tuple(_rational(entry, f"{name}_{k}") for k, entry in enumerate(entries, 1))


def _rational(given: Any, name: str) -> sp.Rational:
    """An exponent, exact."""
    value = given
    if isinstance(value, Fraction):
        value = sp.Rational(value.numerator, value.denominator)
    if isinstance(value, sp.Float):
        value = sp.Rational(repr(float(value)))
    if isinstance(value, sp.Rational) and value.is_finite:
        return value
    if isinstance(value, sp.Basic):
        symbols = ", ".join(sorted(map(str, value.free_symbols)))
        raise NetworkError(
            f"{name} = {value} holds the symbol {symbols}" if symbols else f"{name} = {value} is no rational number",
            where="abc",
            why="which size is the largest is decided by comparing exponents",
            fix="give rational numbers, for example Fraction(1, 2)",
        )
    try:
        number = float(value) if not isinstance(value, bool | str | bytes) else float("nan")
        exact = sp.Rational(int(value)) if hasattr(value, "__index__") and number == number else None
    except (TypeError, ValueError, OverflowError):
        number, exact = float("nan"), None
    if exact is not None:
        return exact
    if number != number or number in (float("inf"), float("-inf")):
        raise NetworkError(f"{name} = {given!r} is no rational number", where="abc", fix="give rational numbers, for example Fraction(1, 2)")
    return sp.Rational(repr(number))
