"""The numbers of a training: learning rate, momentum, ridge, and the edge that descent must stay below."""

from __future__ import annotations

from typing import Any

from ntksym.errors import DataError, NetworkError
from ntksym.evaluate.flows.checks import checked_number
from ntksym.evaluate.flows.source import WITH_MOMENTUM
from ntksym.evaluate.parameters import concrete


def checked_rates(dynamics: str, learning_rate: Any, momentum: Any, ridge: Any, where: str) -> dict[str, Any]:
    """The three by name; NetworkError for a number out of range, or a momentum in a dynamics without one.  Tracers pass."""
    checked_number(learning_rate, "learning_rate", where, positive=True)
    checked_number(ridge, "ridge", where)
    checked_number(momentum, "momentum", where, below=1.0)
    if dynamics not in WITH_MOMENTUM and concrete(momentum) and float(momentum) != 0:
        raise NetworkError(f"momentum={momentum}", where=where, why=f"{dynamics} has none", fix='use dynamics="momentum" or "momentum_flow"')
    return {"learning_rate": learning_rate, "momentum": momentum, "ridge": ridge}


def require_below_edge(dynamics: str, top: Any, rates: dict[str, Any], where: str, *, named: str, why: str, fix: str) -> None:
    """DataError where the learning rate is not below 2 (1 + mu) / (top + r), mu being the heavy ball's.

    ``top``: the largest eigenvalue of the kernel times the largest curvature of the loss; ``named``: what the edge is called.  Tracers pass.
    """
    if not all(concrete(number) for number in (top, *rates.values())):
        return
    inertia = float(rates["momentum"]) if dynamics == "momentum" else 0.0
    edge = 2 * (1 + inertia) / (float(top) + float(rates["ridge"]))
    if not float(rates["learning_rate"]) < edge:
        raise DataError(f"learning_rate={float(rates['learning_rate']):.6g} is not below {named}{edge:.6g}", where=where, why=why, fix=fix)
