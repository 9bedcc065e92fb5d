"""Named rules, one function each, one file per chapter.  Importing this package registers them all."""

from ntksym.rules import algebra, calculus, dynamics, ensembles, exponents, flows, limits, parameterizations, recursion, tangent, wiring

__all__ = ["algebra", "calculus", "dynamics", "ensembles", "exponents", "flows", "limits", "parameterizations", "recursion", "tangent", "wiring"]
