"""Numbers for the parameters of an activation, checked against what its derivation assumes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from ntksym.errors import NetworkError
from ntksym.lowering.program import Keyword

_HOLDS = {
    "positive": lambda v: v > 0,
    "negative": lambda v: v < 0,
    "nonnegative": lambda v: v >= 0,
    "nonpositive": lambda v: v <= 0,
    "nonzero": lambda v: v != 0,
    "integer": lambda v: v == np.round(v),
}


def concrete(value: Any) -> bool:
    """Whether ``value`` holds numbers, not tracers."""
    return not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(value))


def check_domains(keywords: Iterable[Keyword], given: dict[str, Any], where: str) -> None:
    """NetworkError where a number lies outside what the derivation assumes of its parameter, or is no finite number; tracers pass."""
    for keyword in keywords:
        if keyword.name not in given or not concrete(given[keyword.name]):
            continue
        try:
            value = np.asarray(given[keyword.name], dtype=float)
        except (TypeError, ValueError):
            raise NetworkError(f"{keyword.name}={given[keyword.name]!r} is no number", where=where, fix="give a real number") from None
        if not np.isfinite(value).all():
            raise NetworkError(f"{keyword.name}={given[keyword.name]!r} is not finite", where=where, fix="give a real number")
        for word in keyword.domain.split():
            if not _HOLDS[word](value).all():
                raise NetworkError(
                    f"{keyword.name}={given[keyword.name]!r}",
                    where=where,
                    why=f"the derivation assumes that {keyword.name} is {word}, and its formula need not hold elsewhere",
                    fix=f"give a {word} number",
                )
