"""The generated module of a dynamics: derived, lowered, printed and loaded once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ntksym._version import __version__
from ntksym.errors import NetworkError
from ntksym.lowering import flow_section, flow_source, load_source, lower_flow
from ntksym.theory.dynamics import TITLES, linearized_solution

DYNAMICS = tuple(TITLES)
DISCRETE = ("gradient_descent", "momentum")
WITH_MOMENTUM = ("momentum", "momentum_flow")


def checked_dynamics(dynamics: str, where: str) -> str:
    """The name of a dynamics; NetworkError for any other text."""
    if dynamics not in DYNAMICS:
        raise NetworkError(f"dynamics {dynamics!r}", where=where, why="these laws of training are derived", fix=f"use one of {', '.join(DYNAMICS)}")
    return dynamics


@functools.lru_cache(maxsize=len(DYNAMICS))
def training_source(dynamics: str) -> str:
    """The text of the module for this dynamics: ``factorize``, ``spectral_filter``, ``flow`` and ``ensemble``."""
    flow = linearized_solution(dynamics).conclusion.claim
    lines = (*(f"{equation.lhs} = {equation.rhs}" for equation in flow.equations), f"stable where {flow.stable}")
    return flow_source(flow_section(lower_flow(flow), law=True), f"Linearized training by {TITLES[dynamics]}, squared loss.", __version__, lines)


def training_module(dynamics: str) -> Mapping[str, Any]:
    """The namespace of :func:`training_source`."""
    return load_source(training_source(dynamics))
