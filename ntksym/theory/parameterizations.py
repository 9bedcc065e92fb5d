"""The tangent kernel of a finite network in the standard parameterization, from the NTK parameterization's layer terms."""

from __future__ import annotations

from ntksym import notation
from ntksym.network.chain import ChainGraph
from ntksym.proof import Derivation
from ntksym.rules import algebra, calculus, parameterizations


def standard_kernel(graph: ChainGraph) -> Derivation:
    """Theta-hat of the standard parameterization, for any widths and depth; ``graph`` has one repeated segment, with biases."""
    (segment,) = graph.segments
    output = notation.depth + 1
    d = Derivation("Tangent kernel in the standard parameterization").by(calculus.forward_pass, equation=graph.value(segment.output))
    forward = d.last
    d = d.by(parameterizations.standard_parameters, parameter="omega")
    weights = d.last
    d = d.by(parameterizations.standard_parameters, parameter="beta")
    biases = d.last
    d = d.by(parameterizations.same_network, forward, weights, biases)
    same = d.last
    grams = []
    for definition in (weights, biases):
        d = d.by(parameterizations.derivative_by_standard, definition, output=output)
        d = d.by(parameterizations.gram_by_standard, d.last)
        grams.append(d.last)
    d = d.by(parameterizations.standard_kernel, output=output)
    d = d.by(parameterizations.kernel_layer_by_layer, d.last, *grams)
    return d.by(algebra.collect, weights, biases, same, d.last)
