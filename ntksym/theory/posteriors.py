"""Posteriors of infinitely wide networks: Gaussian conditioning, marginal likelihood, leave-one-out; and what a converged ensemble has in common with them."""

from __future__ import annotations

import functools

from ntksym.network import fcn
from ntksym.notation import x
from ntksym.proof import Derivation
from ntksym.rules import algebra, converged, dynamics, flows, posteriors
from ntksym.theory.derive import derive
from ntksym.theory.dynamics import linearized_solution

TITLES = {"K": "The NNGP posterior", "Theta": "The NTK posterior"}


@functools.lru_cache(maxsize=2)
def posterior(kernel: str = "K") -> Derivation:
    """Mean and covariance of the outputs given noisy targets, for any inputs and at the training inputs."""
    d, _, mean, covariance = _posterior(Derivation(TITLES[kernel]), kernel)
    d = d.by(posteriors.on_training_inputs, mean)
    fitted = d.last
    d = d.by(posteriors.on_training_inputs, covariance)
    claims = [mean, covariance, fitted, d.last]
    if kernel == "Theta":
        d, weights, law = _converged(d)
        d = d.by(converged.ridge_as_noise, law, weights, mean)
        claims.append(d.last)
    return d.by(algebra.collect, *claims)


def _posterior(d: Derivation, kernel: str, name: str = "regression") -> tuple[Derivation, int, int, int]:
    """The steps to the posterior, and the numbers of those that state its weights, mean and covariance."""
    d = d.by(posteriors.prior, kernel=kernel)
    law = d.last
    d = d.by(posteriors.regression_weights, law, name=name)
    weights = d.last
    d = d.by(posteriors.conditional_law, law, weights)
    both = d.last
    d = d.by(flows.part_of, both, number=0)
    d = d.by(dynamics.put_in, d.last, weights)
    mean = d.last
    d = d.by(flows.part_of, both, number=1)
    d = d.by(dynamics.put_in, d.last, weights)
    return d, weights, mean, d.last


def _converged(d: Derivation) -> tuple[Derivation, int, int]:
    """The steps to the law of converged networks, and the numbers of those that state their weights and that law."""
    d = d.by(algebra.use_lemma, derivation=linearized_solution("gradient_flow"))
    d = d.by(converged.converged_outputs, d.last)
    both = d.last
    d = d.by(flows.part_of, both, number=0)
    weights = d.last
    d = d.by(flows.part_of, both, number=1)
    return d.by(converged.law_of_converged, d.last), weights, d.last + 1


@functools.lru_cache(maxsize=1)
def ensemble_and_posterior() -> Derivation:
    """Converged networks beside the NNGP posterior: by how much they differ, and when they agree."""
    d, weights, law = _converged(Derivation("Converged networks and the NNGP posterior"))
    d, theirs, mean, covariance = _posterior(d, "K", "regressionK")
    d = d.by(converged.excess, law, covariance, theirs)
    surplus = d.last
    d = d.by(converged.equality, surplus, law, mean, theirs)
    agree = d.last
    d = d.by(converged.proportional_kernels, weights, theirs)
    return d.by(algebra.collect, weights, theirs, law, covariance, surplus, agree, d.last)


@functools.lru_cache(maxsize=1)
def ensemble_is_no_posterior() -> Derivation:
    """Two inputs and a network at which converged networks and the NNGP posterior differ, in rational numbers."""
    d = Derivation("Converged networks are no NNGP posterior: a witness").by(algebra.use_lemma, derivation=ensemble_and_posterior())
    parts = []
    for number in (0, 4, 5):
        d = d.by(flows.part_of, 1, number=number)
        parts.append(d.last)
    d = d.by(algebra.use_lemma, derivation=derive(fcn(1, x**2, sigma_b=0)))
    d = d.by(converged.kernels_at_two_inputs, d.last)
    d = d.by(converged.witness, d.last, *parts)
    return d.by(algebra.collect, d.last - 1, d.last)


@functools.lru_cache(maxsize=1)
def marginal_likelihood() -> Derivation:
    """The log marginal likelihood, and its derivatives in parameters of the kernel and in the noise."""
    d = Derivation("The marginal likelihood and its slope").by(posteriors.prior)
    d = d.by(posteriors.marginal_likelihood, d.last)
    value = d.last
    d = d.by(posteriors.evidence_slope, value)
    return d.by(algebra.collect, value, d.last)


@functools.lru_cache(maxsize=1)
def leave_one_out() -> Derivation:
    """Mean and variance of each target given all others, from one inverse."""
    d, _, mean, covariance = _posterior(Derivation("Leave-one-out from one inverse"), "K")
    d = d.by(posteriors.without_one, mean, covariance)
    d = d.by(posteriors.block_inverse, d.last)
    return d.by(posteriors.leave_one_out, d.last)
