"""What the solved flow says mode by mode: residuals and time scales, the solution without an inverse, descent beside the flow."""

from __future__ import annotations

import functools

from ntksym.proof import Derivation
from ntksym.rules import algebra, spectra
from ntksym.theory.dynamics import linearized_solution

PARAMETERS, TRAINING, TEST = 0, 1, 2


@functools.lru_cache(maxsize=1)
def spectral_modes() -> Derivation:
    """Gradient flow by modes of the kernel matrix: time scales, and the training outputs as a mean of targets and start."""
    d = Derivation("Gradient flow mode by mode").by(algebra.use_lemma, derivation=linearized_solution("gradient_flow"))
    flow = d.last
    d = d.by(spectra.equation_of_flow, flow, number=TRAINING)
    now = d.last
    d = d.by(spectra.limit_of_flow, now, flow)
    d = d.by(spectra.distance_to_limit, now, d.last)
    d = d.by(spectra.on_eigenvector, d.last)
    mode = d.last
    d = d.by(spectra.time_scale, mode)
    scale = d.last
    d = d.by(spectra.without_ridge, now)
    d = d.by(spectra.residual_by_modes, d.last)
    residual = d.last
    d = d.by(spectra.decay_matrix, residual)
    name = d.last
    d = d.by(spectra.weighted_outputs, residual, name)
    return d.by(algebra.collect, mode, scale, name, d.last)


@functools.lru_cache(maxsize=1)
def without_inverse() -> Derivation:
    """Gradient flow's solution for kernels that may be singular: with phi_1 in the place of an inverse."""
    d = Derivation("Gradient flow without an inverse of the kernel").by(algebra.use_lemma, derivation=linearized_solution("gradient_flow"))
    flow = d.last
    d = d.by(spectra.phi_function)
    function, found = d.last, []
    for number in (PARAMETERS, TRAINING, TEST):
        d = d.by(spectra.equation_of_flow, flow, number=number)
        d = d.by(spectra.without_inverse, d.last, function)
        found.append(d.last)
    return d.by(algebra.collect, function, *found)


@functools.lru_cache(maxsize=1)
def flow_and_descent() -> Derivation:
    """Gradient descent beside gradient flow: the gap of each mode."""
    d, solved = Derivation("Gradient descent beside its flow"), []
    for kind in ("gradient_flow", "gradient_descent"):
        d = d.by(algebra.use_lemma, derivation=linearized_solution(kind))
        solved.append(d.last)
    d = d.by(spectra.one_step_gap, *solved)
    return d.by(spectra.gap_of_modes, *solved, d.last)
