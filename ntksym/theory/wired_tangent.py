"""The exact tangent kernel of a finite network of any wiring, for any widths: read off the graph backwards."""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.network import ChainGraph, Network, chain_graph
from ntksym.network.chain import COLUMN, ROW
from ntksym.nodes import Entry
from ntksym.proof import Derivation
from ntksym.rules import tangent, wiring
from ntksym.theory.wired import definition_of, own_deviation, shapes_of


def wired_jacobian(network: Network, title: str) -> Derivation:
    """Theta-hat as the sum over trained parameters of (sums of z.z' times B.B'), one term per pair of uses."""
    graph, made = chain_graph(network), network.wiring
    d = Derivation(title)
    definitions: dict[str, int] = {}
    for node in made.nodes[1:]:
        d = d.by(wiring.wire, equation=definition_of(graph, node), shapes=shapes_of(graph, node))
        definitions[node.name] = d.last
    widths = {node.name: node.width for node in made.nodes}
    backward: list[int] = []
    offset: sp.Expr = sp.S.Zero
    ends = [name for _, name in made.outputs]
    for name in ends:
        d = d.by(tangent.output_jacobian, tensor=_tensor(graph, name), offset=offset)
        backward.append(d.last)
        offset += widths[name]
    for node in reversed(made.nodes[1:]):
        heads = [head for head in dict.fromkeys(graph.graph.successors(node.name))]
        if not heads or node.name in ends:
            continue
        edges = []
        for head in heads:
            d = d.by(tangent.edge_jacobian, definitions[head], by=Entry(*_tensor(graph, node.name).args[:3], (ROW,)), jacobian=_total(graph, node.name, head))
            edges.append(d.last)
        d = d.by(tangent.backward, *edges, widths=tuple(widths[head] for head in heads))
        backward.append(d.last)
    trained, terms = [], []
    for name in graph.parameters():
        data = graph.graph.nodes[name]
        if not data["trainable"]:
            continue
        edges, heads = [], list(dict.fromkeys(graph.graph.successors(name)))
        for head in heads:
            by = Entry(*data["entry"].args[:3], (ROW, COLUMN) if len(data["shape"]) == 2 else (COLUMN,))
            jacobian = _total(graph, name, head)
            if made.node(head).op == "map":
                jacobian = jacobian.xreplace({notation.sigma_b: own_deviation(made.node(head))})
            d = d.by(tangent.edge_jacobian, definitions[head], by=by, jacobian=jacobian)
            edges.append(d.last)
        d = d.by(tangent.parameter_jacobian, *edges, widths=tuple(widths[head] for head in heads))
        standard = getattr(made.node(heads[0]).layer, "parameterization", "ntk") == "standard"
        d = d.by(tangent.layer_term, d.last, widths=data["shape"], standard=standard)
        name_of = {"omega": "W", "beta": "b"} if standard else {}
        trained.append(Entry(name_of.get(data["entry"].name, data["entry"].name), data["entry"].layer))
        terms.append(d.last)
    outputs = tuple(Entry(*_tensor(graph, name).args[:2]) for name in ends)
    shapes = tuple((Entry(*data["entry"].args[:2]), data["shape"]) for _, data in graph.graph.nodes(data=True))
    return d.by(tangent.tangent_kernel_of_wiring, *definitions.values(), *backward, *terms, trained=tuple(trained), outputs=outputs, shapes=shapes)


def _tensor(graph: ChainGraph, name: str) -> Entry:
    return graph.graph.nodes[name]["entry"]


def _total(graph: ChainGraph, tail: str, head: str) -> sp.Expr:
    """The Jacobians of all edges between two nodes."""
    return sp.Add(*(data["jacobian"] for data in graph.graph.get_edge_data(tail, head).values()))
