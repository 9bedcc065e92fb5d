"""The chain-rule graph: tensors and parameters are nodes, local Jacobians stand on the edges.

The only file that imports networkx.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import networkx as nx
import sympy as sp

from ntksym import notation
from ntksym.errors import NetworkError
from ntksym.network import views
from ntksym.network.dense import Dense
from ntksym.network.differentiation import local_derivative
from ntksym.network.network import Network, Repeat
from ntksym.network.signal import HERE, Signal
from ntksym.network.stored import Record, Segment, read, record
from ntksym.network.wiring import AFFINE, CONCAT, INPUT, Node, Weights, Wiring, node_name
from ntksym.nodes import Entry, Width
from ntksym.report import mermaid, png, svg, tikz, tree
from ntksym.report.diagram import Diagram
from ntksym.serialize import to_json

# Coordinates: a runs over the layer below, i over the layer above; (b, j) are those of the parameter or tensor differentiated by.
SOURCE, ROW = (sp.Symbol(letter, integer=True, positive=True) for letter in "ab")
TARGET, COLUMN = (sp.Symbol(letter, integer=True, positive=True) for letter in "ij")


@dataclass(frozen=True, eq=False)
class ChainGraph:
    """``graph``: a networkx.MultiDiGraph.

    Node attributes: kind ("input", "tensor", "parameter", "mask"), entry (an Entry with its coordinates), shape, and for tensors ``value``: the entry in
    terms of its parents.  Parameters: ``trainable``.
    Edge attributes: ``jacobian`` (of the head's entry by the tail's ``by``), ``of`` and ``by``; a tensor that is used twice by one head has two edges.
    A hidden block repeated L times (L a symbol) stands once, at layer l, and is listed in ``segments``.
    """

    graph: nx.MultiDiGraph
    output: str
    segments: tuple[Segment, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()

    def parameters(self) -> tuple[str, ...]:
        """Names of the parameter nodes, from the input on."""
        return tuple(name for name, kind in self.graph.nodes(data="kind") if kind == "parameter")

    def tensors(self) -> tuple[str, ...]:
        """Names of the input and the tensors, from the input on."""
        return tuple(name for name, kind in self.graph.nodes(data="kind") if kind in ("input", "tensor"))

    def parents(self, name: str) -> tuple[str, ...]:
        """Names of the nodes ``name`` is computed from."""
        return tuple(self.graph.predecessors(name))

    def value(self, name: str) -> sp.Eq:
        """The defining equation of a tensor."""
        data = self._node(name)
        if "value" not in data:
            raise NetworkError(f"{name} is no computed tensor", where="ChainGraph.value", fix=f"the tensors are {', '.join(self.tensors()[1:])}")
        return sp.Eq(data["entry"], data["value"], evaluate=False)

    def edge(self, tail: str, head: str) -> dict[str, Any]:
        """Attributes of the edge from ``tail`` to ``head``; of the first where there are several."""
        if not self.graph.has_edge(tail, head):
            raise NetworkError(f"no edge from {tail} to {head}", where="ChainGraph.edge")
        return dict(self.graph.edges[tail, head, 0])

    def paths(self, parameter: str) -> tuple[tuple[str, ...], ...]:
        """Every path from a parameter to an output, as node names; the derivative is the sum over paths of the products of their edges.

        A repeated segment is passed as a whole: the path ends at the segment's last node, and ``segments`` says how often it repeats.
        """
        if self._node(parameter)["kind"] != "parameter":
            raise NetworkError(f"{parameter} is no parameter", where="ChainGraph.paths", fix=f"the parameters are {', '.join(self.parameters())}")
        ends = dict.fromkeys(node for _, node in self.outputs) or {self.output: None}
        return tuple(sorted({tuple(path) for end in ends for path in nx.all_simple_paths(self.graph, parameter, end)}))

    def diagram(self, path: str | None = None, *, jacobians: bool = True) -> Diagram:
        """The graph as a picture before any format; ``path``: a parameter, or theta^l, whose paths to the outputs are lit and written out."""
        return views.diagram(self, path, jacobians)

    def tree(self, path: str | None = None, *, jacobians: bool = True, width: int = 100, ascii: bool = False) -> str:
        """Text for a terminal, from the outputs back to the input."""
        return tree.render(self.diagram(path, jacobians=jacobians), width, ascii)

    def mermaid(self, path: str | None = None, *, jacobians: bool = True) -> str:
        """A Mermaid flowchart."""
        return mermaid.render(self.diagram(path, jacobians=jacobians))

    def tikz(self, path: str | None = None, *, jacobians: bool = True, fragment: bool = False) -> str:
        """A LaTeX document of one page with the picture; with ``fragment`` the tikzpicture alone."""
        return tikz.render(self.diagram(path, jacobians=jacobians), fragment)

    def svg(self, path: str | None = None, *, jacobians: bool = True) -> str:
        """One self-contained SVG, for light and dark pages."""
        return svg.render(self.diagram(path, jacobians=jacobians))

    def png(self, path: str | None = None, *, jacobians: bool = True, dpi: int = 192) -> bytes:
        """The bytes of a PNG file; OutputError without matplotlib (the extra "plot")."""
        return png.render(self.diagram(path, jacobians=jacobians), dpi)

    def _repr_svg_(self) -> str:
        return self.svg()

    def __str__(self) -> str:
        return self.tree()

    def __repr__(self) -> str:
        return f"<ChainGraph: {len(self.tensors())} tensors, {len(self.parameters())} parameters, {self.graph.number_of_edges()} local Jacobians>"

    def to_json(self, *, indent: int | None = None) -> str:
        """The graph as JSON text, the same bytes in every process."""
        return to_json(self._record, indent=indent)

    @staticmethod
    def from_json(text: str) -> ChainGraph:
        """The graph that ``text`` holds, equal to the one that was written; SerializationError for any other text."""
        return _of_record(read(text))

    @property
    def _record(self) -> Record:
        return record(self.graph, self.output, self.segments, self.outputs)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, ChainGraph) and self._record == other._record)

    def __hash__(self) -> int:
        return hash(self._record)

    def _node(self, name: str) -> dict[str, Any]:
        if name not in self.graph:
            raise NetworkError(f"no node {name!r}", where="ChainGraph", fix=f"the nodes are {', '.join(self.graph)}")
        return self.graph.nodes[name]


def _of_record(found: Record) -> ChainGraph:
    graph = nx.MultiDiGraph()
    for node in found.nodes:
        data = {"kind": node.kind, "entry": node.entry, "shape": node.shape, "value": node.value, "trainable": node.trainable}
        graph.add_node(node.name, **{name: value for name, value in data.items() if value is not None})
    for edge in found.edges:
        graph.add_edge(edge.tail, edge.head, jacobian=edge.jacobian, of=edge.of, by=edge.by)
    return ChainGraph(nx.freeze(graph), found.output, found.segments, found.outputs)


@functools.lru_cache(maxsize=64)
def chain_graph(network: Network) -> ChainGraph:
    """The chain-rule graph of a network, at the input x."""
    if not isinstance(network, Network):
        raise NetworkError(f"{network!r} is a {type(network).__name__}", where="chain_graph", fix="make a network first: fcn(3, 'relu')")
    if any(isinstance(layer, Repeat) for layer in network.layers):
        return _repeated(network)
    return _of_wiring(network.wiring)


def _of_wiring(wiring: Wiring) -> ChainGraph:
    graph = nx.MultiDiGraph()
    letters = _Letters(wiring)
    for node in wiring.nodes:
        if node.name == INPUT:
            graph.add_node(INPUT, kind="input", entry=letters.entry(node), shape=(Width(0),))
            continue
        weights = None if node.weights is None else wiring.weights[node.weights]
        parameters = [] if weights is None else _parameters(weights, node)
        for name, data, _ in parameters:
            if name not in graph:
                graph.add_node(name, **data)
        if node.mask is not None:
            graph.add_node(_mask_name(node), kind="mask", entry=node.mask, shape=(node.width,))
        entry = letters.entry(node)
        graph.add_node(node.name, kind="tensor", entry=entry, value=letters.value(node), shape=(node.width,))
        for slot, parent in enumerate(node.parents):
            by = letters.at(parent, ROW)
            graph.add_edge(parent, node.name, jacobian=letters.jacobian(node, slot, weights), of=entry, by=by)
        for name, _, by in parameters:
            graph.add_edge(name, node.name, jacobian=letters.by_parameter(node, weights, by), of=entry, by=by)
        if node.mask is not None:
            graph.add_edge(_mask_name(node), node.name, jacobian=None, of=entry, by=node.mask)
    return ChainGraph(nx.freeze(graph), wiring.outputs[-1][1], (), wiring.outputs)


def _mask_name(node: Node) -> str:
    assert node.mask is not None
    return node_name(node.mask.name, node.mask.layer)


def _parameters(weights: Weights, node: Node) -> list[tuple[str, dict[str, Any], Entry]]:
    """Name, attributes and the entry differentiated by, of every parameter of a layer."""
    found = []
    number = sp.Integer(weights.number)
    trainable = not weights.frozen
    if weights.has_weights:
        entry = Entry("omega", number, (), (SOURCE, TARGET))
        data = {"kind": "parameter", "entry": entry, "shape": (weights.inputs, weights.outputs), "trainable": trainable}
        found.append((node_name("omega", number), data, Entry("omega", number, (), (ROW, COLUMN))))
    if weights.has_bias and not (node.op == AFFINE and node.layer.transposed):
        index = TARGET if weights.has_weights else SOURCE
        data = {"kind": "parameter", "entry": Entry("beta", number, (), (index,)), "shape": (weights.outputs,), "trainable": trainable}
        found.append((node_name("beta", number), data, Entry("beta", number, (), (COLUMN,))))
    return found


class _Letters:
    """Entries of the nodes, by name: parents in place of the slots of a formula."""

    def __init__(self, wiring: Wiring) -> None:
        self.nodes = {node.name: node for node in wiring.nodes}

    def entry(self, node: Node) -> Entry:
        return self.at(node.name, TARGET if node.op == AFFINE else SOURCE)

    def at(self, name: str, coordinate: sp.Expr) -> Entry:
        entry = self.nodes[name].entry
        return Entry(*entry.args[:3], (coordinate,))

    def value(self, node: Node) -> sp.Expr:
        return self._put(node, node.value)

    def _put(self, node: Node, expression: sp.Expr) -> sp.Expr:
        """The slots of the formula replaced by the parents, at whatever coordinate they stand."""
        owners = {slot.args[:3]: parent for slot, parent in zip(node.slots, node.parents, strict=True)}
        places = {e: self.at(owners[e.args[:3]], e.indices[0]) for e in expression.atoms(Entry) if e.args[:3] in owners}
        return expression.xreplace(places)

    def jacobian(self, node: Node, slot: int, weights: Weights | None) -> sp.Expr:
        """Of the node's entry by its parent number ``slot`` at the coordinate ROW."""
        if node.op == AFFINE:
            assert weights is not None
            return self._put(node, node.layer.jacobians(node.slots[0], self.nodes[node.parents[0]].width, weights.number, TARGET, ROW, COLUMN)["z"])
        if node.op == CONCAT:
            offset = sp.Add(*(self.nodes[parent].width for parent in node.parents[:slot]))
            return sp.KroneckerDelta(SOURCE, ROW + offset)
        entry = node.slots[slot]
        return self._put(node, local_derivative(node.value, Entry(*entry.args[:3], (ROW,))))

    def by_parameter(self, node: Node, weights: Weights | None, by: Entry) -> sp.Expr:
        if node.op == AFFINE:
            assert weights is not None
            found = node.layer.jacobians(node.slots[0], self.nodes[node.parents[0]].width, weights.number, TARGET, ROW, COLUMN)
            return self._put(node, found[by.name])
        return self._put(node, local_derivative(node.value, by))


def _repeated(network: Network) -> ChainGraph:
    """A chain whose hidden block stands once, at layer l."""
    graph = nx.MultiDiGraph()
    graph.add_node(INPUT, kind="input", entry=Entry("z", 0, (notation.x1,), (SOURCE,)), shape=(Width(0),))
    current, level = INPUT, sp.S.Zero
    segments: list[Segment] = []
    for layer in network.layers:
        if not isinstance(layer, Repeat):
            current, level = _add_layer(graph, layer, current, level)
            continue
        before, start = set(graph), current
        level = notation.layer
        copied = node_name("h", level)
        entry = Entry("h", level, (notation.x1,), (SOURCE,))
        graph.add_node(copied, kind="tensor", entry=entry, value=entry, shape=(Width(level),))
        graph.add_edge(current, copied, jacobian=sp.KroneckerDelta(SOURCE, ROW), of=None, by=None)
        current = copied
        for inner in layer.layers:
            current, level = _add_layer(graph, inner, current, level)
        segments.append(Segment(tuple(n for n in graph if n not in before), layer.times, start, current))
    return ChainGraph(nx.freeze(graph), current, tuple(segments), (("", current),))


def _add_layer(graph: nx.MultiDiGraph, layer: Any, current: str, level: sp.Expr) -> tuple[str, sp.Expr]:
    return (_add_dense if isinstance(layer, Dense) else _add_pointwise)(graph, layer, current, level)


def _add_dense(graph: nx.MultiDiGraph, layer: Dense, current: str, level: sp.Expr) -> tuple[str, sp.Expr]:
    above = level + 1
    name, label = node_name("h", above), notation.x1
    entry, source = Entry("h", above, (label,), (TARGET,)), Entry("z", level, (label,))
    jacobians = layer.jacobians(source, Width(level), above, TARGET, ROW, COLUMN)
    parameters = [("omega", (SOURCE, TARGET), (ROW, COLUMN), (Width(level), Width(above)))]
    if layer.has_bias:
        parameters.append(("beta", (TARGET,), (COLUMN,), (Width(above),)))
    for kind, indices, _, shape in parameters:
        graph.add_node(node_name(kind, above), kind="parameter", entry=Entry(kind, above, (), indices), shape=shape, trainable=True)
    graph.add_node(name, kind="tensor", entry=entry, value=layer.forward(source, Width(level), above, TARGET), shape=(Width(above),))
    graph.add_edge(current, name, jacobian=jacobians["z"], of=entry, by=Entry("z", level, (label,), (ROW,)))
    for kind, _, by, _ in parameters:
        graph.add_edge(node_name(kind, above), name, jacobian=jacobians[kind], of=entry, by=Entry(kind, above, (), by))
    return name, above


def _add_pointwise(graph: nx.MultiDiGraph, layer: Any, current: str, level: sp.Expr) -> tuple[str, sp.Expr]:
    name, label = node_name("z", level), notation.x1
    entry, below = Entry("z", level, (label,), (SOURCE,)), Entry("h", level, (label,), (SOURCE,))
    value = layer.formula(Signal(below, Width(level))).xreplace({HERE: SOURCE})
    graph.add_node(name, kind="tensor", entry=entry, value=value, shape=(Width(level),))
    by = Entry("h", level, (label,), (ROW,))
    graph.add_edge(current, name, jacobian=local_derivative(value, by), of=entry, by=by)
    return name, level
