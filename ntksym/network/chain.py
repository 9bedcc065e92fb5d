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
from ntksym.network.dense import Dense
from ntksym.network.network import Network, Repeat
from ntksym.network.pointwise import Pointwise
from ntksym.nodes import Entry, Width

# Coordinates: a runs over the layer below, i over the layer above; (b, j) are those of the parameter or tensor differentiated by.
SOURCE, ROW = (sp.Symbol(letter, integer=True, positive=True) for letter in "ab")
TARGET, COLUMN = (sp.Symbol(letter, integer=True, positive=True) for letter in "ij")


@dataclass(frozen=True)
class Segment:
    """Nodes of the graph that stand for ``repeat`` copies, the layer index l running from 1.

    ``into`` is the node the first copy reads, ``output`` the last one's result.
    """

    nodes: tuple[str, ...]
    repeat: sp.Expr
    into: str
    output: str


@dataclass(frozen=True, eq=False)
class ChainGraph:
    """``graph``: a networkx.MultiDiGraph.

    Node attributes: kind ("input", "tensor", "parameter"), entry (an Entry with its coordinates), shape, and for tensors ``value``: the entry in terms
    of its parents.
    Edge attributes: ``jacobian`` (of the head's entry by the tail's ``by``), ``of`` and ``by``.
    A hidden block repeated L times (L a symbol) stands once, at layer l, and is listed in ``segments``.
    """

    graph: nx.MultiDiGraph
    output: str
    segments: tuple[Segment, ...] = ()

    def parameters(self) -> tuple[str, ...]:
        """Names of the parameter nodes, from the input on."""
        return tuple(name for name, kind in self.graph.nodes(data="kind") if kind == "parameter")

    def tensors(self) -> tuple[str, ...]:
        """Names of the input and the tensors, from the input on."""
        return tuple(name for name, kind in self.graph.nodes(data="kind") if kind != "parameter")

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
        """Attributes of the edge from ``tail`` to ``head``."""
        if not self.graph.has_edge(tail, head):
            raise NetworkError(f"no edge from {tail} to {head}", where="ChainGraph.edge")
        return dict(self.graph.edges[tail, head, 0])

    def paths(self, parameter: str) -> tuple[tuple[str, ...], ...]:
        """Every path from a parameter to the output, as node names; the derivative is the sum over paths of the products of their edges.

        A repeated segment is passed as a whole: the path ends at the segment's last node, and ``segments`` says how often it repeats.
        """
        if self._node(parameter)["kind"] != "parameter":
            raise NetworkError(f"{parameter} is no parameter", where="ChainGraph.paths", fix=f"the parameters are {', '.join(self.parameters())}")
        return tuple(sorted(tuple(path) for path in nx.all_simple_paths(self.graph, parameter, self.output)))

    def _node(self, name: str) -> dict[str, Any]:
        if name not in self.graph:
            raise NetworkError(f"no node {name!r}", where="ChainGraph", fix=f"the nodes are {', '.join(self.graph)}")
        return self.graph.nodes[name]


@functools.lru_cache(maxsize=64)
def chain_graph(network: Network) -> ChainGraph:
    """The chain-rule graph of a network, at the input x."""
    graph = nx.MultiDiGraph()
    graph.add_node("x", kind="input", entry=Entry("z", 0, (notation.x1,), (SOURCE,)), shape=(Width(0),))
    current, level = "x", sp.S.Zero
    segments: list[Segment] = []
    for layer in network.layers:
        if isinstance(layer, Repeat):
            before, start = set(graph), current
            level = notation.layer
            copied = node_name("h", level)
            _add_tensor(graph, copied, Entry("h", level, (notation.x1,), (SOURCE,)), Entry("h", level, (notation.x1,), (SOURCE,)), Width(level))
            graph.add_edge(current, copied, jacobian=sp.KroneckerDelta(SOURCE, ROW), of=None, by=None)
            current = copied
            for inner in layer.layers:
                current, level = _add_layer(graph, inner, current, level)
            segments.append(Segment(tuple(n for n in graph if n not in before), layer.times, start, current))
        else:
            current, level = _add_layer(graph, layer, current, level)
    return ChainGraph(nx.freeze(graph), current, tuple(segments))


def node_name(tensor: str, level: sp.Expr) -> str:
    """The name of a node: "h^3", "omega^{l+1}"."""
    text = str(level).replace(" ", "")
    return f"{tensor}^{text}" if len(text) == 1 or level.is_Integer else f"{tensor}^{{{text}}}"


def _add_tensor(graph: nx.MultiDiGraph, name: str, entry: Entry, value: sp.Expr, width: sp.Expr) -> None:
    graph.add_node(name, kind="tensor", entry=entry, value=value, shape=(width,))


def _add_layer(graph: nx.MultiDiGraph, layer: Any, current: str, level: sp.Expr) -> tuple[str, sp.Expr]:
    return (_add_dense if isinstance(layer, Dense) else _add_pointwise)(graph, layer, current, level)


def _add_dense(graph: nx.MultiDiGraph, layer: Dense, current: str, level: sp.Expr) -> tuple[str, sp.Expr]:
    above = level + 1
    name, label = node_name("h", above), notation.x1
    entry = Entry("h", above, (label,), (TARGET,))
    jacobians = layer.jacobians(level, above, label, ROW, TARGET, ROW, COLUMN)
    parameters = [("omega", (SOURCE, TARGET), (ROW, COLUMN), (Width(level), Width(above)))]
    if layer.has_bias:
        parameters.append(("beta", (TARGET,), (COLUMN,), (Width(above),)))
    for kind, indices, _, shape in parameters:
        graph.add_node(node_name(kind, above), kind="parameter", entry=Entry(kind, above, (), indices), shape=shape)
    _add_tensor(graph, name, entry, layer.forward(level, above, label, SOURCE, TARGET), Width(above))
    graph.add_edge(current, name, jacobian=jacobians["z"], of=entry, by=Entry("z", level, (label,), (ROW,)))
    for kind, _, by, _ in parameters:
        graph.add_edge(node_name(kind, above), name, jacobian=jacobians[kind], of=entry, by=Entry(kind, above, (), by))
    return name, above


def _add_pointwise(graph: nx.MultiDiGraph, layer: Pointwise, current: str, level: sp.Expr) -> tuple[str, sp.Expr]:
    name, label = node_name("z", level), notation.x1
    entry = Entry("z", level, (label,), (SOURCE,))
    _add_tensor(graph, name, entry, layer.forward(level, label, SOURCE), Width(level))
    graph.add_edge(current, name, jacobian=layer.jacobian(level, label, SOURCE, ROW), of=entry, by=Entry("h", level, (label,), (ROW,)))
    return name, level
