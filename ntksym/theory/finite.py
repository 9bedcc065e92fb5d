"""The exact forward recursion of the tangent kernel of a finite network."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym import notation
from ntksym.network.chain import ChainGraph
from ntksym.nodes import Entry
from ntksym.proof import Derivation
from ntksym.rules import algebra, calculus
from ntksym.theory.jacobian import layer_steps, parameter_entries


@dataclass(frozen=True)
class FiniteSteps:
    """Numbers of the steps of the exact recursion: the layer map, the activation, the kernel of the first layer and that of the next."""

    derivation: Derivation
    forward: int
    activation: int
    first: int
    following: int


def finite_kernel(derivation: Derivation, graph: ChainGraph) -> FiniteSteps:
    """Theta-hat^{l+1} from Theta-hat^l, and Theta-hat^1, for any widths."""
    steps = layer_steps(derivation, graph)
    d, level = steps.derivation, notation.layer
    d = d.by(calculus.tangent_kernel, layer=level)
    definition = d.last
    own = parameter_entries(graph)
    d = d.by(calculus.sum_over_layers, layer=level + 1, own=own)
    split = d.last
    grams = []
    for _, number in steps.own:
        d = d.by(calculus.outer_product_gram, number)
        grams.append(d.last)
    theta = Entry("theta", level, (), (sp.Symbol("p", integer=True, positive=True),))
    d = d.by(calculus.total_derivative, steps.through, parameter=theta)
    d = d.by(calculus.gram_through_map, d.last, definition)
    d = d.by(algebra.substitute_terms, split, *grams, d.last)
    following = d.last
    d = d.by(calculus.sum_over_layers, layer=sp.S.One, own=own, below=False)
    bottom, at_bottom = d.last, []
    for number in grams:
        d = d.by(algebra.at_layer, number, layer=sp.S.Zero)
        at_bottom.append(d.last)
    d = d.by(algebra.substitute_terms, bottom, *at_bottom)
    return FiniteSteps(d, steps.forward, steps.activation, d.last, following)
