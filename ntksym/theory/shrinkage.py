"""Early stopping against a ridge, mode by mode."""

from __future__ import annotations

import functools

from ntksym.proof import Derivation
from ntksym.rules import algebra, shrinkage
from ntksym.theory.dynamics import linearized_solution


@functools.lru_cache(maxsize=1)
def early_stopping() -> Derivation:
    """Stopping at a time t learns of every mode what the ridge 1/(eta t) does, and at most 1.2985 times as much."""
    d = Derivation("Early stopping is almost a ridge").by(algebra.use_lemma, derivation=linearized_solution("gradient_flow"))
    flow = d.last
    d = d.by(shrinkage.early_factor, flow)
    early = d.last
    d = d.by(shrinkage.ridge_factor, flow)
    late = d.last
    d = d.by(shrinkage.early_is_more, early, late)
    below = d.last
    d = d.by(shrinkage.largest_ratio)
    ratio = d.last
    d = d.by(shrinkage.early_is_little_more, early, late, ratio)
    return d.by(algebra.collect, early, late, below, d.last, ratio)
