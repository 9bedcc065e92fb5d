"""Where training ends: the parameters of least norm that fit, and with a ridge the minimum of the ridge loss."""

from __future__ import annotations

import functools

from ntksym.proof import Derivation
from ntksym.rules import algebra, minimum_norm, spectra
from ntksym.theory.dynamics import linearized_solution
from ntksym.theory.spectra import PARAMETERS


@functools.lru_cache(maxsize=1)
def least_norm() -> Derivation:
    """Without a ridge gradient flow ends at the movement of least norm that fits the targets: the pseudo-inverse's."""
    d = Derivation("Where gradient flow ends: the solution of least norm").by(algebra.use_lemma, derivation=linearized_solution("gradient_flow"))
    flow = d.last
    d = d.by(spectra.equation_of_flow, flow, number=PARAMETERS)
    d = d.by(spectra.limit_of_flow, d.last, flow)
    d = d.by(spectra.without_ridge, d.last)
    end = d.last
    d = d.by(minimum_norm.fits_the_targets, end)
    fit = d.last
    d = d.by(minimum_norm.orthogonal_to_rivals, end, fit)
    d = d.by(minimum_norm.least_norm, d.last)
    least = d.last
    d = d.by(minimum_norm.pseudo_inverse)
    inverse = d.last
    d = d.by(minimum_norm.weights_by_pseudo_inverse, end, inverse)
    return d.by(algebra.collect, end, fit, least, inverse, d.last)


@functools.lru_cache(maxsize=1)
def ridge_minimum() -> Derivation:
    """With a ridge gradient flow ends at the minimum of the ridge loss."""
    d = Derivation("Where gradient flow ends with a ridge").by(algebra.use_lemma, derivation=linearized_solution("gradient_flow"))
    flow = d.last
    d = d.by(spectra.equation_of_flow, flow, number=PARAMETERS)
    d = d.by(spectra.limit_of_flow, d.last, flow)
    end = d.last
    d = d.by(minimum_norm.ridge_loss)
    loss = d.last
    d = d.by(minimum_norm.ridge_stationary, end, loss)
    stationary = d.last
    d = d.by(minimum_norm.ridge_minimum, end, loss, stationary)
    return d.by(algebra.collect, end, loss, stationary, d.last)
