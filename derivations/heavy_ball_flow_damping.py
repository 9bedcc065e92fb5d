"""Damping of the flow of the heavy ball, in real form, and in the unit of time of Lee et al.

Claim. With s = eta (lam + r) and friction 1 - mu a mode is underdamped for s > (1 - mu)^2 / 4, critically damped where they are equal, overdamped below.  In
the time t' = sqrt(eta) t the equation is chi'' = -(1 - mu) / sqrt(eta) chi' - (lam + r) chi.

Source. Lee et al. 2019 (arXiv:1902.06720), App. on momentum.
"""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.theory.damping import heavy_ball_flow


def derive() -> Derivation:
    """From the solution of the flow."""
    return heavy_ball_flow()
