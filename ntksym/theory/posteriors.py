"""Posteriors of infinitely wide networks: Gaussian conditioning, marginal likelihood, leave-one-out; and what a converged ensemble has in common with them."""

from __future__ import annotations

import functools

from ntksym.proof import Derivation
from ntksym.rules import algebra, dynamics, flows, posteriors

TITLES = {"K": "The NNGP posterior", "Theta": "The NTK posterior"}


@functools.lru_cache(maxsize=2)
def posterior(kernel: str = "K") -> Derivation:
    """Mean and covariance of the outputs given noisy targets, for any inputs and at the training inputs."""
    d, mean, covariance = _posterior(Derivation(TITLES[kernel]), kernel)
    d = d.by(posteriors.on_training_inputs, mean)
    fitted = d.last
    d = d.by(posteriors.on_training_inputs, covariance)
    return d.by(algebra.collect, mean, covariance, fitted, d.last)


def _posterior(d: Derivation, kernel: str) -> tuple[Derivation, int, int]:
    """The steps to the posterior, and the numbers of those that state its mean and covariance."""
    d = d.by(posteriors.prior, kernel=kernel)
    law = d.last
    d = d.by(posteriors.regression_weights, law)
    weights = d.last
    d = d.by(posteriors.conditional_law, law, weights)
    both = d.last
    d = d.by(flows.part_of, both, number=0)
    d = d.by(dynamics.put_in, d.last, weights)
    mean = d.last
    d = d.by(flows.part_of, both, number=1)
    d = d.by(dynamics.put_in, d.last, weights)
    return d, mean, d.last


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
    d, mean, covariance = _posterior(Derivation("Leave-one-out from one inverse"), "K")
    d = d.by(posteriors.without_one, mean, covariance)
    d = d.by(posteriors.block_inverse, d.last)
    return d.by(posteriors.leave_one_out, d.last)
