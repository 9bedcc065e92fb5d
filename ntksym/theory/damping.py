"""The heavy ball and its flow, mode by mode, in real form."""

from __future__ import annotations

import functools

from ntksym.proof import Derivation
from ntksym.rules import algebra, damping
from ntksym.theory.dynamics import linearized_solution


@functools.lru_cache(maxsize=2)
def _damped(kind: str) -> Derivation:
    """The cases of damping of a mode under "momentum" or "momentum_flow"."""
    continuous = kind == "momentum_flow"
    title = "Damping of the flow of the heavy ball" if continuous else "Damping of the heavy ball"
    d = Derivation(title).by(algebra.use_lemma, derivation=linearized_solution(kind))
    flow = d.last
    d = d.by(damping.mode_law, flow)
    law = d.last
    found = [law]
    for case in (damping.oscillating, damping.meeting, damping.creeping, *(() if continuous else (damping.alternating,))):
        d = d.by(case, law, flow)
        found.append(d.last)
    if continuous:
        d = d.by(damping.unit_of_lee, law)
        found.append(d.last)
    return d.by(algebra.collect, *found)


def heavy_ball() -> Derivation:
    """Steps of the heavy ball: oscillating, critical, creeping and alternating modes."""
    return _damped("momentum")


def heavy_ball_flow() -> Derivation:
    """The flow whose unit step is the heavy ball: under-, critically and overdamped modes; and the unit of time of Lee et al."""
    return _damped("momentum_flow")
