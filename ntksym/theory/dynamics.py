"""From the loss to the motion of the outputs, and from the linearized network to its solution mode by mode."""

from __future__ import annotations

import functools

import sympy as sp

from ntksym.notation import X, x1
from ntksym.proof import Derivation
from ntksym.rules import algebra, dynamics, ensembles, flows

TITLES = {
    "gradient_flow": "gradient flow",
    "gradient_descent": "gradient descent",
    "momentum": "gradient descent with momentum",
    "momentum_flow": "gradient flow with momentum",
}


@functools.lru_cache(maxsize=1)
def output_dynamics() -> Derivation:
    """Gradient flow of a network, seen at its outputs: df_t/dt = -eta Theta-hat_t grad L, on training and on test inputs."""
    d = Derivation("Gradient flow seen at the outputs")
    d = d.by(dynamics.squared_loss)
    d = d.by(dynamics.loss_gradient, d.last)
    residual = d.last
    d = d.by(dynamics.parameter_gradient)
    gradient = d.last
    d = d.by(dynamics.training_dynamics, dynamics="gradient_descent")
    descent = d.last
    d = d.by(dynamics.training_dynamics, dynamics="gradient_flow")
    d = d.by(dynamics.put_in, d.last, gradient)
    parameters, motions, kernels = d.last, [], []
    for at in (X, x1):
        d = d.by(dynamics.output_velocity, at=at)
        d = d.by(dynamics.put_in, d.last, parameters)
        velocity = d.last
        d = d.by(dynamics.tangent_kernel_matrix, first=at, second=X)
        kernels.append(d.last)
        d = d.by(dynamics.under_its_name, velocity, d.last)
        motions.append(d.last)
    d = d.by(dynamics.kernel_layer_sum, kernels[0])
    layers = d.last
    d = d.by(dynamics.energy, motions[0], gradient)
    return d.by(algebra.collect, residual, descent, parameters, *motions, layers, d.last)


@functools.lru_cache(maxsize=1)
def linearized_dynamics() -> Derivation:
    """The linearized network under gradient flow: the laws of w_t and of f^lin_t, for any loss."""
    d = Derivation("Gradient flow of the linearized network").by(dynamics.training_dynamics, dynamics="gradient_flow")
    d = d.by(flows.linearized_dynamics, d.last, dynamics="gradient_flow", with_ridge=False)
    weights, laws = d.last, []
    for at in (X, x1):
        d = d.by(dynamics.linearization, at=at)
        d = d.by(flows.velocity_of_linearization, d.last)
        d = d.by(dynamics.put_in, d.last, weights)
        law = d.last
        d = d.by(dynamics.tangent_kernel_matrix, first=at, second=X, time=sp.S.Zero)
        d = d.by(dynamics.under_its_name, law, d.last)
        laws.append(d.last)
    return d.by(algebra.collect, weights, *laws)


@functools.lru_cache(maxsize=len(TITLES))
def linearized_solution(kind: str) -> Derivation:
    """The linearized network under the squared loss and a ridge, trained by the dynamics ``kind``: its Flow."""
    d = Derivation(f"Linearized training by {TITLES[kind]}, squared loss").by(dynamics.training_dynamics, dynamics=kind)
    d = d.by(flows.linearized_dynamics, d.last, dynamics=kind)
    d = d.by(flows.dual_coefficients, d.last, dynamics=kind)
    dual = d.last
    d = d.by(flows.part_of, dual, number=0)
    weights = d.last
    d = d.by(flows.part_of, dual, number=1)
    law, outputs = d.last, []
    for at in (X, x1):
        d = d.by(dynamics.linearization, at=at)
        d = d.by(dynamics.put_in, d.last, weights)
        moved = d.last
        d = d.by(dynamics.tangent_kernel_matrix, first=at, second=X, time=sp.S.Zero)
        d = d.by(dynamics.under_its_name, moved, d.last)
        outputs.append(d.last)
    d = d.by(dynamics.squared_loss, name="flin")
    d = d.by(dynamics.loss_gradient, d.last)
    d = d.by(dynamics.put_in, law, d.last, outputs[0])
    law = d.last
    d = d.by(flows.stability, law, dynamics=kind)
    stable = d.last
    d = d.by(flows.solve_by_modes, law, dynamics=kind)
    solution, equations = d.last, []
    for number in (weights, *outputs):
        d = d.by(dynamics.put_in, number, solution)
        equations.append(d.last)
    return d.by(flows.flow, law, solution, stable, *equations, dynamics=kind)


@functools.lru_cache(maxsize=len(TITLES))
def ensemble_law(kind: str = "gradient_flow") -> Derivation:
    """The law of the outputs of infinitely wide networks after training by the dynamics ``kind``, over the draw of the initial parameters."""
    d = Derivation(f"Infinitely wide networks after {TITLES[kind]}, squared loss").by(algebra.use_lemma, derivation=linearized_solution(kind))
    d = d.by(ensembles.flow_at_infinite_width, d.last)
    return d.by(ensembles.ensemble_law, d.last)


def trained_network(title: str, kernel: Derivation, kind: str, law: bool) -> Derivation:
    """The same for one network, whose limit kernel ``kernel`` derives: the flow of its outputs or, where ``law``, their law over the draw."""
    d = Derivation(title).by(algebra.use_lemma, derivation=kernel)
    d = d.by(algebra.use_lemma, derivation=linearized_solution(kind))
    d = d.by(ensembles.flow_at_infinite_width, d.last, d.last - 1)
    return d.by(ensembles.ensemble_law, d.last) if law else d
