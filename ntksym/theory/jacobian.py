"""The Jacobian of a network, layer by layer, off the chain-rule graph."""

from __future__ import annotations

from dataclasses import dataclass

from ntksym import notation
from ntksym.network.chain import ChainGraph
from ntksym.nodes import Entry
from ntksym.proof import Derivation
from ntksym.rules import algebra, calculus


@dataclass(frozen=True)
class LayerSteps:
    """Numbers of the steps about one layer of the general network, in ``derivation``."""

    derivation: Derivation
    forward: int
    activation: int
    own: tuple[tuple[str, int], ...]
    through: int


def layer_steps(derivation: Derivation, graph: ChainGraph) -> LayerSteps:
    """From h^l to h^{l+1}: the maps, their local Jacobians, and the Jacobian through the layer; ``graph`` has one repeated segment."""
    (segment,) = graph.segments
    into, activated, output = segment.nodes[0], segment.nodes[1], segment.output
    d = derivation.by(calculus.forward_pass, equation=graph.value(output))
    forward = d.last
    d = d.by(calculus.forward_pass, equation=graph.value(activated))
    activation = d.last
    own: list[tuple[str, int]] = []
    for parent in graph.parents(output):
        edge = graph.edge(parent, output)
        d = d.by(calculus.local_jacobian, forward, by=edge["by"], jacobian=edge["jacobian"])
        own.append((edge["by"].name, d.last))
    edge = graph.edge(into, activated)
    d = d.by(calculus.local_jacobian, activation, by=edge["by"], jacobian=edge["jacobian"])
    d = d.by(calculus.chain_rule, dict(own)["z"], d.last)
    return LayerSteps(d, forward, activation, tuple(pair for pair in own if pair[0] != "z"), d.last)


def jacobian(graph: ChainGraph) -> Derivation:
    """The backward recursion of B^l = df/dh^l and the derivative by every weight and bias, for any widths and depth."""
    steps = layer_steps(Derivation("Jacobian of a fully connected network"), graph)
    d, level, output = steps.derivation, notation.layer, notation.depth + 1
    d = d.by(calculus.name_jacobian, output=output, layer=output)
    start = d.last
    d = d.by(calculus.name_jacobian, output=output, layer=level)
    name = d.last
    d = d.by(algebra.at_layer, name, layer=level + 1)
    above = d.last
    d = d.by(calculus.chain_rule, above, steps.through)
    d = d.by(algebra.name_by, d.last, name)
    results = [start, d.last]
    for _, number in steps.own:
        d = d.by(calculus.chain_rule, above, number)
        results.append(d.last)
    return d.by(algebra.collect, *results)


def parameter_entries(graph: ChainGraph) -> tuple[Entry, ...]:
    """The parameter nodes with an edge into the repeated layer's output."""
    (segment,) = graph.segments
    return tuple(graph.graph.nodes[p]["entry"] for p in graph.parents(segment.output) if graph.graph.nodes[p]["kind"] == "parameter")
