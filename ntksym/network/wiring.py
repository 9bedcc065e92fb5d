"""The wiring of a network: which tensor is made from which, by what formula, with which parameters.  Layers write it down; everything else reads it.

Tensors are x (the input), h^k (made by the k-th layer with parameters), z^k (the k-th activation) and s^k (everything else that is put together from other
tensors).  Two layers that do the same to the same tensor are one node: u + u is 2u.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError
from ntksym.network.signal import HERE, Signal
from ntksym.nodes import Entry, Width

INPUT = "x"
_I = sp.Symbol("i", integer=True, positive=True)
AFFINE, MAP, CONCAT = "affine", "map", "concat"


@dataclass(frozen=True)
class Weights:
    """The parameters of one layer: ``slot`` is its place in the list ``params`` of a finite network, ``number`` that of omega and beta on the page."""

    slot: int
    number: int
    inputs: sp.Expr
    outputs: sp.Expr
    layer: Any
    frozen: bool
    has_weights: bool
    has_bias: bool


@dataclass(frozen=True)
class Node:
    """One tensor.

    ``op``: "input", "affine" (weights times a tensor), "map" (coordinate by coordinate) or "concat".  ``value`` in the entries of the parents, one term of
    which stands for each parent in order (``slots``); ``width``: a SymPy expression, ``size`` its number where the network declares it.
    """

    name: str
    op: str
    entry: Entry
    parents: tuple[str, ...]
    value: sp.Expr
    width: sp.Expr
    layer: Any = None
    where: str = ""
    slots: tuple[Entry, ...] = ()
    weights: int | None = None
    mask: Entry | None = None


@dataclass(frozen=True)
class Wiring:
    """Nodes in order (parents first), the parameters by slot, and the outputs: (head, node), the head's name empty where there is one output."""

    nodes: tuple[Node, ...]
    weights: tuple[Weights, ...]
    outputs: tuple[tuple[str, str], ...]
    sizes: tuple[tuple[sp.Expr, int], ...]

    def node(self, name: str) -> Node:
        """The node of this name."""
        return next(node for node in self.nodes if node.name == name)

    def size(self, width: sp.Expr) -> int | None:
        """The number a width stands for, or None where the network leaves it open."""
        known = width.xreplace({symbol: sp.Integer(number) for symbol, number in self.sizes})
        return int(known) if known.is_Integer else None


@dataclass
class Builder:
    """Takes down the wiring while the layers are placed one after the other."""

    nodes: dict[str, Node] = field(default_factory=dict)
    weights: list[Weights] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    _known: dict[Any, str] = field(default_factory=dict)
    _shared: dict[str, int] = field(default_factory=dict)
    _merged: dict[sp.Expr, sp.Expr] = field(default_factory=dict)
    _sizes: dict[sp.Expr, int] = field(default_factory=dict)
    _path: list[str] = field(default_factory=list)
    _affine: int = 0

    def __post_init__(self) -> None:
        entry = Entry("z", 0, (notation.x1,), (HERE,))
        self.nodes[INPUT] = Node(INPUT, "input", entry, (), entry, Width(0))

    # -- what layers call ------------------------------------------------------------------------------------------------

    def run(self, layers: tuple[Any, ...], source: str, branch: str = "") -> str:
        """Place ``layers`` one after the other behind ``source``; returns the last node (``source`` itself for no layers)."""
        for position, layer in enumerate(layers, 1):
            self._path.append(f"{branch}layer {position} ({type(layer).__name__})")
            source = layer.place(self, source)
            self._path.pop()
        return source

    def map(self, layer: Any, parents: tuple[str, ...], formula: Callable[..., sp.Expr], *, bias: bool = False, noise: bool = False) -> str:
        """A node computed coordinate by coordinate: ``formula`` gets a Signal per parent, then beta and the mask where asked for."""
        for parent in parents[1:]:
            self._join(self.nodes[parents[0]].width, self.nodes[parent].width, layer)
        key = (layer, parents)
        if key in self._known and not bias and not noise:
            return self._known[key]
        letter = "h" if bias else "z" if type(layer).__name__ == "Pointwise" else "s"
        number = self._next(letter)
        width = self.nodes[parents[0]].width
        slots = tuple(Entry(f"_{k}", number, (notation.x1,), (HERE,)) for k in range(len(parents)))
        extra: list[Entry] = []
        weights = None
        if bias:
            weights = len(self.weights)
            self.weights.append(Weights(weights, number, sp.S.Zero, width, layer, False, False, True))
            extra.append(Entry("beta", number, (), (HERE,)))
        mask = Entry("xi", number, (notation.x1,), (HERE,)) if noise else None
        if mask is not None:
            extra.append(mask)
        value = formula(*(Signal(slot, width) for slot in slots), *extra)
        return self._add(letter, number, MAP, parents, value, width, layer, slots, weights, mask, key)

    def concat(self, layer: Any, parents: tuple[str, ...]) -> str:
        """The channels of the parents, one after the other."""
        key = (layer, parents)
        if key in self._known:
            return self._known[key]
        width = sp.Add(*(self.nodes[parent].width for parent in parents))
        number = self._next("s")
        slots = tuple(Entry(f"_{k}", number, (notation.x1,), (HERE,)) for k in range(len(parents)))
        pieces, below = [], sp.S.Zero
        for slot, parent in zip(slots, parents, strict=True):
            pieces.append((Entry(*slot.args[:3], (HERE - below,)), HERE <= below + self.nodes[parent].width))
            below += self.nodes[parent].width
        value = sp.Piecewise(*pieces[:-1], (pieces[-1][0], True))
        return self._add("s", number, CONCAT, parents, value, width, layer, slots, None, None, key)

    def dense(self, layer: Any, source: str) -> str:
        """Weights (and biases) times a tensor; a layer that shares its weights with an earlier one shares its slot."""
        below = self.nodes[source]
        first = self._shared.get(layer.shared) if layer.shared is not None else None
        if first is not None:
            self._require_same(layer, self.weights[first], below)
            key = (layer.shared, layer.transposed, source)
            if key in self._known:
                return self._known[key]
        number = self._next("h")
        if first is None:
            if layer.transposed:
                raise NetworkError(
                    f"the weights {layer.shared!r} are used transposed before they are used",
                    where=self.place(),
                    fix="put the plain Dense first, or drop transposed",
                )
            first = len(self.weights)
            outputs = Width(number)
            if layer.width is not None:
                self._sizes[outputs] = layer.width
            self.weights.append(Weights(first, number, below.width, outputs, layer, layer.frozen, True, layer.has_bias))
            if layer.shared is not None:
                self._shared[layer.shared] = first
        weights = self.weights[first]
        width = weights.inputs if layer.transposed else weights.outputs
        slot = Entry("_0", number, (notation.x1,), (HERE,))
        value = layer.forward(slot, below.width, weights.number, _I)
        key = (layer.shared, layer.transposed, source) if layer.shared is not None else object()
        return self._add("h", number, AFFINE, (source,), value, width, layer, (slot,), first, None, key)

    def output(self, head: str, node: str) -> None:
        """Name an output of the network."""
        self.outputs.append((head, node))

    def place(self) -> str:
        """Where in the network we are, in words."""
        return "Network, " + ", ".join(self._path) if self._path else "Network"

    # -- bookkeeping -----------------------------------------------------------------------------------------------------

    def _next(self, letter: str) -> int:
        return 1 + sum(1 for node in self.nodes.values() if node.entry.name == letter and node.name != INPUT)

    def _add(
        self,
        letter: str,
        number: int,
        op: str,
        parents: tuple[str, ...],
        value: sp.Expr,
        width: sp.Expr,
        layer: Any,
        slots: Any,
        weights: Any,
        mask: Any,
        key: Any,
    ) -> str:
        name = node_name(letter, sp.Integer(number))
        index = _I if op == AFFINE else HERE
        entry = Entry(letter, number, (notation.x1,), (index,))
        self.nodes[name] = Node(name, op, entry, parents, value, width, layer, self.place(), slots, weights, mask)
        self._known[key] = name
        return name

    def _join(self, first: sp.Expr, second: sp.Expr, layer: Any) -> None:
        """Both widths are one; NetworkError where the network says otherwise."""
        one, two = self._resolved(first), self._resolved(second)
        if one == two:
            return
        sizes = tuple(self._size(width) for width in (one, two))
        if None not in sizes and sizes[0] != sizes[1]:
            raise NetworkError(
                f"branches of width {sizes[0]} and {sizes[1]}",
                where=self.place(),
                why=f"{type(layer).__name__} joins its branches coordinate by coordinate",
                fix="give the Dense at the end of each branch the same width, or use Concat",
            )
        named = [width for width in (two, one) if isinstance(width, Width) and width != Width(0)]
        if not named:
            named = [width for width in (two, one) if isinstance(width, Width)]
        if not named:
            raise NetworkError(
                f"branches of widths {one} and {two}",
                where=self.place(),
                why="both are sums of widths, which cannot be set equal",
                fix="put a Dense behind the concatenation",
            )
        gone = named[0]
        kept = one if gone == two else two
        if gone in self._sizes and isinstance(kept, Width):
            self._sizes.setdefault(kept, self._sizes[gone])
        self._merged[gone] = kept

    def _resolved(self, width: sp.Expr) -> sp.Expr:
        while True:
            found = width.xreplace(self._merged)
            if found == width:
                return found
            width = found

    def _size(self, width: sp.Expr) -> int | None:
        known = width.xreplace({symbol: sp.Integer(number) for symbol, number in self._sizes.items()})
        return int(known) if known.is_Integer else None

    def _require_same(self, layer: Any, weights: Weights, below: Node) -> None:
        """A shared matrix has one shape and one scale."""
        inputs, outputs = (weights.outputs, weights.inputs) if layer.transposed else (weights.inputs, weights.outputs)
        first = weights.layer
        for name in ("sigma_w", "sigma_b", "parameterization", "frozen"):
            if getattr(layer, name) != getattr(first, name) and not (layer.transposed and name == "sigma_b"):
                raise NetworkError(
                    f"{name} is {getattr(layer, name)} here and {getattr(first, name)} where {layer.shared!r} stands first",
                    where=self.place(),
                    why="shared weights are one layer",
                    fix="give both the same numbers, or another name",
                )
        declared = self._size(self._resolved(outputs))
        if layer.width is not None and declared is not None and layer.width != declared:
            raise NetworkError(
                f"the shared weights {layer.shared!r} have {declared} outputs, here {layer.width}",
                where=self.place(),
                why="they are one matrix",
                fix="give the same width",
            )
        got, wanted = (self._size(self._resolved(width)) for width in (below.width, inputs))
        if got is not None and wanted is not None and got != wanted:
            raise NetworkError(
                f"the shared weights {layer.shared!r} have {wanted} inputs, here {got}",
                where=self.place(),
                why="they are one matrix, and fit tensors of one width only",
                fix="put them behind tensors of the same width, or give them different names",
            )
        self._join(inputs, below.width, layer)

    def wiring(self) -> Wiring:
        """What was taken down, with widths that are equal under one name."""

        def put(expression: sp.Expr) -> sp.Expr:
            return self._resolved(expression)

        nodes = tuple(replace(node, value=put(node.value), width=put(node.width)) for node in self.nodes.values())
        weights = tuple(replace(entry, inputs=put(entry.inputs), outputs=put(entry.outputs)) for entry in self.weights)
        sizes: dict[sp.Expr, int] = {}
        for symbol, number in self._sizes.items():
            merged = put(symbol)
            if isinstance(merged, Width) and sizes.setdefault(merged, number) != number:
                raise NetworkError(
                    f"one width is declared {sizes[merged]} and {number}",
                    where="Network",
                    why="a sum or a shared matrix makes them one",
                    fix="declare one number",
                )
        for symbol, number in self._sizes.items():  # a width set equal to a concatenation
            merged = put(symbol)
            known = merged.xreplace({s: sp.Integer(n) for s, n in sizes.items()})
            if known.is_Integer and known != number:
                raise NetworkError(
                    f"widths {known} and {number} meet",
                    where="Network",
                    why="a sum joins its branches coordinate by coordinate",
                    fix="declare widths that agree",
                )
        return Wiring(nodes, weights, tuple(self.outputs), tuple(sorted(sizes.items(), key=str)))


def node_name(tensor: str, level: sp.Expr) -> str:
    """The name of a node: "h^3", "omega^{l+1}"."""
    text = str(level).replace(" ", "")
    return f"{tensor}^{text}" if len(text) == 1 or level.is_Integer else f"{tensor}^{{{text}}}"
