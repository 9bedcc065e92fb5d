"""Named rules, one function each, one file per chapter.  Importing this package registers them all."""

from ntksym.rules import (
    algebra,
    calculus,
    converged,
    cross_entropy,
    dynamics,
    exponents,
    flows,
    limits,
    losses,
    parameterizations,
    posteriors,
    recursion,
    tangent,
    wiring,
)

__all__ = [
    "algebra",
    "calculus",
    "converged",
    "cross_entropy",
    "dynamics",
    "exponents",
    "flows",
    "limits",
    "losses",
    "parameterizations",
    "posteriors",
    "recursion",
    "tangent",
    "wiring",
]
