"""A chain-rule graph as JSON and back: nodes, edges and their expressions under the closed table of heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import sympy as sp

from ntksym.errors import SerializationError
from ntksym.nodes import Entry
from ntksym.serialize import from_json, register

_KINDS = ("input", "tensor", "parameter", "mask")


@register
@dataclass(frozen=True)
class Segment:
    """Nodes of the graph that stand for ``repeat`` copies, the layer index l running from 1.

    ``into`` is the node the first copy reads, ``output`` the last one's result.
    """

    nodes: tuple[str, ...]
    repeat: sp.Expr
    into: str
    output: str


@register
@dataclass(frozen=True)
class GraphNode:
    """One node: ``value`` None but for tensors, ``trainable`` None but for parameters."""

    name: str
    kind: str
    entry: Entry
    shape: tuple[sp.Expr, ...]
    value: sp.Expr | None = None
    trainable: bool | None = None


@register
@dataclass(frozen=True)
class GraphEdge:
    """One edge; those of equal ends stand in their order."""

    tail: str
    head: str
    jacobian: sp.Expr | None
    of: Entry | None
    by: Entry | None


@register
@dataclass(frozen=True)
class Record:
    """All that a chain-rule graph says, as tuples: two graphs are equal if these are."""

    json_head: ClassVar[str] = "ChainGraph"
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    output: str
    segments: tuple[Segment, ...]
    outputs: tuple[tuple[str, str], ...]


def record(graph: Any, output: str, segments: tuple[Segment, ...], outputs: tuple[tuple[str, str], ...]) -> Record:
    """The record of a networkx graph with the attributes of a chain-rule graph."""
    nodes = tuple(GraphNode(name, **data) for name, data in graph.nodes(data=True))
    edges = tuple(GraphEdge(tail, head, **data) for tail, head, data in graph.edges(data=True))
    return Record(nodes, edges, output, segments, outputs)


def read(text: str) -> Record:
    """The record that ``text`` holds; SerializationError for text that ``ChainGraph.to_json`` does not write."""
    found = from_json(text)
    if not isinstance(found, Record):
        raise _refused(f"the text holds a {type(found).__name__}", "it is no chain-rule graph")
    known: set[str] = set()
    if not _all(found.nodes, GraphNode) or not _all(found.edges, GraphEdge) or not _all(found.segments, Segment) or not isinstance(found.outputs, tuple):
        raise _refused("the graph", "its parts are no nodes, edges, segments and outputs")
    for node in found.nodes:
        _check_node(node, known)
        known.add(node.name)
    place = {node.name: k for k, node in enumerate(found.nodes)}
    for edge in found.edges:
        if not all(isinstance(end, str) and end in known for end in (edge.tail, edge.head)):
            raise _refused(f"the edge {edge.tail!r} to {edge.head!r}", "a node of that name is missing")
        if place[edge.tail] >= place[edge.head]:
            raise _refused(f"the edge {edge.tail} to {edge.head}", "nodes stand parents first, so that there is no cycle")
        if not all(part is None or isinstance(part, kind) for part, kind in ((edge.jacobian, sp.Expr), (edge.of, Entry), (edge.by, Entry))):
            raise _refused(f"the edge {edge.tail} to {edge.head}", "its Jacobian is no expression, or not of an entry by an entry")
    ends = [node for pair in found.outputs if _is_pair(pair) for node in pair[1:]]
    inside = [name for segment in found.segments for name in (*_names(segment.nodes), segment.into, segment.output)]
    if found.output not in known or len(ends) != len(found.outputs) or not {*ends, *inside} <= known:
        raise _refused("the outputs or segments", "they name a node that is missing")
    return found


def _check_node(node: GraphNode, known: set[str]) -> None:
    if not isinstance(node.name, str) or not node.name or node.name in known:
        raise _refused(f"the node {node.name!r}", "names are text, each used once")
    if node.kind not in _KINDS or not isinstance(node.entry, Entry) or not _all(node.shape, sp.Expr):
        raise _refused(f"the node {node.name}", f"it needs a kind ({', '.join(_KINDS)}), an entry and a shape")
    if isinstance(node.value, sp.Expr) != (node.kind == "tensor") or isinstance(node.trainable, bool) != (node.kind == "parameter"):
        raise _refused(f"the node {node.name}", "a tensor has a value, a parameter is trainable or not, and nothing else has either")


def _names(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (None,)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, kind) for part in value)


def _refused(what: str, why: str) -> SerializationError:
    return SerializationError(what, where="ChainGraph.from_json", why=why, fix="give what ChainGraph.to_json of this version wrote")
