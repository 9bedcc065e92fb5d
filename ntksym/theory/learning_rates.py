"""Learning rates of linearized training: where it becomes unstable, what is fastest, what the loss's scale changes."""

from __future__ import annotations

import functools

from ntksym.proof import Derivation
from ntksym.rules import algebra, flows, learning_rates, softmax
from ntksym.rules import standard_rates as rules
from ntksym.theory import parameterizations
from ntksym.theory.dynamics import linearized_solution
from ntksym.theory.theorems import general_graph


@functools.lru_cache(maxsize=1)
def edges() -> Derivation:
    """The edge of stability of the heavy ball (of gradient descent for mu = 0), for any scale of the loss."""
    d = Derivation("The edge of stability").by(algebra.use_lemma, derivation=linearized_solution("momentum"))
    d = d.by(learning_rates.stability_edge, d.last)
    edge = d.last
    d = d.by(learning_rates.scaled_edge, edge)
    scaled = d.last
    d = d.by(learning_rates.edges_of_losses, scaled)
    return d.by(algebra.collect, edge, scaled, d.last)


@functools.lru_cache(maxsize=1)
def best_descent() -> Derivation:
    """The learning rate at which gradient descent contracts fastest."""
    d = Derivation("The fastest gradient descent").by(algebra.use_lemma, derivation=linearized_solution("gradient_descent"))
    flow = d.last
    d = d.by(learning_rates.stability_edge, flow)
    edge = d.last
    d = d.by(learning_rates.contraction_factor, flow)
    factor = d.last
    d = d.by(learning_rates.fastest_descent, factor)
    return d.by(algebra.collect, edge, factor, d.last)


@functools.lru_cache(maxsize=1)
def best_heavy_ball() -> Derivation:
    """The momentum and the learning rate at which the heavy ball contracts fastest."""
    d = Derivation("The fastest heavy ball").by(algebra.use_lemma, derivation=linearized_solution("momentum"))
    d = d.by(learning_rates.modes_within, d.last)
    within = d.last
    d = d.by(learning_rates.condition_bound, within)
    bound = d.last
    d = d.by(learning_rates.best_heavy_ball, within, bound)
    return d.by(algebra.collect, within, bound, d.last)


@functools.lru_cache(maxsize=1)
def cross_entropy() -> Derivation:
    """A learning rate at which every step lowers the cross-entropy of a linearized network."""
    d = Derivation("Learning rates for cross-entropy").by(softmax.softmax_outputs)
    outputs = d.last
    d = d.by(softmax.cross_entropy_hessian, outputs)
    hessian = d.last
    d = d.by(softmax.absolute_row_sum, outputs, hessian)
    rows = d.last
    d = d.by(softmax.hessian_norm, outputs, hessian, rows)
    norm = d.last
    d = d.by(softmax.loss_falls, norm)
    falls = d.last
    d = d.by(softmax.safe_rate, falls)
    return d.by(algebra.collect, hessian, rows, norm, falls, d.last)


@functools.lru_cache(maxsize=1)
def standard_rates() -> Derivation:
    """In the standard parameterization the kernel grows like the width: the learning rate is eta_0 / n."""
    kernel = parameterizations.standard_kernel(general_graph())
    d = Derivation("Learning rates in the standard parameterization").by(algebra.use_lemma, derivation=kernel)
    d = d.by(flows.part_of, d.last, number=3)
    d = d.by(rules.kernel_per_width, d.last)
    scaled = d.last
    d = d.by(rules.vanishing_weights, scaled)
    weights = d.last
    d = d.by(rules.rate_per_width, scaled)
    return d.by(algebra.collect, scaled, weights, d.last)
