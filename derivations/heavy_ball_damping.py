"""Damping of the heavy ball: what is left of a mode after t steps, in real form.

Claim. With s = eta (lam + r): for (1 + mu - s)^2 < 4 mu a mode oscillates with mu^(t/2) as envelope, for s = (1 -+ sqrt(mu))^2 it is rho^t (1 + (1 - rho) t),
rho = +- sqrt(mu), below it creeps, above it alternates in sign; each is the solution by roots, written with cos and cosh.

Source. Polyak 1964; the two roots in polar form.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.damping import heavy_ball


def derive() -> Derivation:
    """From the solution of the heavy ball."""
    return heavy_ball()
