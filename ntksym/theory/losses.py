"""Training of the linearized network under losses without a closed form: one law on the training set; cross-entropy and what it keeps and drives."""

from __future__ import annotations

import functools

import sympy as sp

from ntksym.notation import X, x1
from ntksym.proof import Derivation
from ntksym.rules import algebra, cross_entropy, dynamics, flows, losses
from ntksym.theory.dynamics import TITLES


def _laws(d: Derivation, kind: str, *, with_ridge: bool = True, labels: tuple[sp.Symbol, ...] = (X, x1)) -> tuple[Derivation, dict[str, int]]:
    """The steps to the law of the dual coefficients for any loss, and to the outputs by them at these ``labels``; their numbers by name."""
    d = d.by(dynamics.training_dynamics, dynamics=kind)
    d = d.by(flows.linearized_dynamics, d.last, dynamics=kind, with_ridge=with_ridge)
    d = d.by(flows.dual_coefficients, d.last, dynamics=kind)
    at = {"all": d.last}
    for number, name in enumerate(("weights", "law", "start")):
        d = d.by(flows.part_of, at["all"], number=number)
        at[name] = d.last
    for label in labels:
        name = "fitted" if label == X else "test"
        d = d.by(dynamics.linearization, at=label)
        d = d.by(dynamics.put_in, d.last, at["weights"])
        moved = d.last
        d = d.by(dynamics.tangent_kernel_matrix, first=label, second=X, time=sp.S.Zero)
        d = d.by(dynamics.under_its_name, moved, d.last)
        at[name] = d.last
    d = d.by(losses.gradient_at_outputs)
    d = d.by(dynamics.put_in, at["law"], d.last)
    at["motion"] = d.last
    return d, at


def _closed(d: Derivation, at: dict[str, int]) -> tuple[Derivation, int]:
    """The law with the outputs put in: of the coefficients alone."""
    d = d.by(dynamics.put_in, at["motion"], at["fitted"])
    return d, d.last


@functools.lru_cache(maxsize=len(TITLES))
def general_loss(kind: str) -> Derivation:
    """Any differentiable loss and a ridge, trained by the dynamics ``kind``: one law on the training set gives all outputs, with no inverse."""
    d, at = _laws(Derivation(f"Linearized training by {TITLES[kind]}, any loss"), kind)
    d, closed = _closed(d, at)
    claims = [closed, at["start"], at["weights"], at["fitted"], at["test"]]
    if kind == "gradient_flow":
        d = d.by(losses.penalized_energy, at["motion"], at["fitted"])
        claims.append(d.last)
        d = d.by(losses.tangent_below)
        d = d.by(losses.monotone_gradient, d.last)
        monotone = d.last
        d = d.by(losses.distance_of_solutions, at["motion"], at["fitted"])
        distance = d.last
        d = d.by(losses.contraction, distance, monotone, at["fitted"])
        claims += [distance, d.last]
        d = d.by(losses.kernel_metric, distance, at["fitted"])
        claims.append(d.last)
    return d.by(algebra.collect, *claims)


def _softmax(d: Derivation) -> tuple[Derivation, dict[str, int]]:
    """The steps to loss and gradient of one example under cross-entropy."""
    d = d.by(cross_entropy.cross_entropy)
    definition = d.last
    d = d.by(cross_entropy.log_sum_exp, definition)
    loss = d.last
    return d.by(cross_entropy.softmax_gradient, loss, definition), {"definition": definition, "loss": loss, "gradient": d.last + 1}


@functools.lru_cache(maxsize=1)
def softmax_cross_entropy() -> Derivation:
    """One example under cross-entropy: gradient, Hessian and its bounds, the sum that vanishes, and why no outputs are a minimum."""
    d, at = _softmax(Derivation("Cross-entropy of a softmax"))
    d = d.by(cross_entropy.softmax_hessian, at["gradient"])
    hessian = d.last
    d = d.by(cross_entropy.hessian_bounds, hessian)
    bounds = d.last
    d = d.by(cross_entropy.gradient_sums_to_zero, at["gradient"])
    sums = d.last
    d = d.by(cross_entropy.never_stationary, at["gradient"])
    never = d.last
    d = d.by(cross_entropy.loss_needs_length, at["loss"])
    return d.by(algebra.collect, at["definition"], at["loss"], at["gradient"], hessian, bounds, sums, never, d.last)


@functools.lru_cache(maxsize=len(TITLES))
def conserved_logits(kind: str) -> Derivation:
    """Cross-entropy under the dynamics ``kind``, with a ridge or without: the mean of the outputs of an example does not move."""
    d, at = _laws(Derivation(f"Cross-entropy by {TITLES[kind]}: the mean of the outputs stays"), kind)
    d, closed = _closed(d, at)
    d, own = _softmax(d)
    d = d.by(cross_entropy.gradient_sums_to_zero, own["gradient"])
    d = d.by(cross_entropy.no_total_force, d.last)
    force = d.last
    d = d.by(cross_entropy.no_total_coefficient, at["motion"], force, at["start"], dynamics=kind)
    coefficients, claims = d.last, [closed, force, d.last]
    for label, name in ((X, "fitted"), (x1, "test")):
        d = d.by(cross_entropy.kernel_and_sums, at=label)
        d = d.by(cross_entropy.conserved_sum, at[name], d.last, coefficients)
        claims.append(d.last)
    return d.by(algebra.collect, *claims)


@functools.lru_cache(maxsize=1)
def escaping_logits() -> Derivation:
    """Gradient flow under cross-entropy without a ridge: the loss tends to zero, and the outputs grow without bound."""
    d, at = _laws(Derivation("Cross-entropy by gradient flow: outputs without bound"), "gradient_flow", with_ridge=False, labels=(X,))
    d = d.by(losses.tangent_below, other="reference")
    d = d.by(losses.loss_gap, at["motion"], at["fitted"], d.last, at["start"])
    gap = d.last
    d, own = _softmax(d)
    d = d.by(cross_entropy.softmax_hessian, own["gradient"])
    d = d.by(cross_entropy.hessian_bounds, d.last)
    d = d.by(cross_entropy.loss_vanishes, gap, own["loss"], d.last)
    vanishing = d.last
    d = d.by(cross_entropy.loss_needs_length, own["loss"])
    d = d.by(cross_entropy.outputs_escape, vanishing, d.last)
    return d.by(algebra.collect, vanishing, d.last)
