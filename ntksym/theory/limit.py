"""From the exact recursion to the limit: NNGP and NTK of the general network."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntksym import notation
from ntksym.forms import phi_derivative
from ntksym.network.chain import ChainGraph
from ntksym.proof import Derivation
from ntksym.rules import algebra, calculus, limits
from ntksym.theory.finite import finite_kernel


@dataclass(frozen=True)
class LimitSteps:
    """The steps of the NNGP limit, and the number of the theorem."""

    derivation: Derivation
    theorem: int


def nngp_limit(derivation: Derivation, forward: int, activation: int, function: sp.Lambda) -> LimitSteps:
    """The law of the pre-activations at every layer; ``forward`` and ``activation`` number the steps that define the layer."""
    d, level = derivation, notation.layer
    d = d.by(limits.gaussian_conditioning, forward)
    conditioned = d.last
    d = d.by(algebra.at_layer, forward, layer=sp.S.Zero)
    d = d.by(limits.gaussian_conditioning, d.last)
    d = d.by(limits.input_gram, d.last)
    base = d.last
    d = d.by(limits.nngp_hypothesis, layer=level)
    hypothesis = d.last
    d = d.by(limits.law_of_large_numbers, hypothesis, function=function)
    d = d.by(limits.conditioned_law_converges, conditioned, activation, d.last)
    d = d.by(limits.nngp_induction, hypothesis, base, d.last)
    return LimitSteps(d, d.last)


def nngp_steps(graph: ChainGraph, title: str) -> tuple[Derivation, int]:
    """The NNGP theorem for the general network, and the number of its last step."""
    (segment,) = graph.segments
    d = Derivation(title).by(calculus.forward_pass, equation=graph.value(segment.output))
    d = d.by(calculus.forward_pass, equation=graph.value(segment.nodes[1]))
    steps = nngp_limit(d, 1, 2, d.conclusion.claim.rhs.function)
    return steps.derivation, steps.theorem


def ntk_steps(graph: ChainGraph, title: str) -> tuple[Derivation, int, int]:
    """The NTK theorem for the general network, and the numbers of the NNGP and the NTK theorem in it."""
    finite = finite_kernel(Derivation(title), graph)
    function = finite.derivation.steps[finite.activation - 1].conclusion.claim.rhs.function
    nngp = nngp_limit(finite.derivation, finite.forward, finite.activation, function)
    d = nngp.derivation.by(limits.input_gram, finite.first)
    base = d.last
    d = d.by(limits.ntk_hypothesis, layer=notation.layer)
    hypothesis = d.last
    d = d.by(limits.law_at_every_layer, nngp.theorem)
    law = d.last
    d = d.by(limits.law_of_large_numbers, law, function=function)
    average = d.last
    d = d.by(limits.law_of_large_numbers, law, function=phi_derivative(function))
    slopes = d.last
    d = d.by(limits.fresh_weight_moments, finite.following)
    moments = d.last
    d = d.by(limits.fresh_weights, moments, hypothesis, slopes)
    fresh = d.last
    d = d.by(limits.off_diagonal_decay, moments, hypothesis, finite.following)
    decay = d.last
    d = d.by(limits.tangent_kernel_converges, finite.following, finite.activation, average, fresh, nngp.theorem)
    d = d.by(limits.ntk_induction, hypothesis, base, d.last, decay, nngp.theorem)
    return d, nngp.theorem, d.last
