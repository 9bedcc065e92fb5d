"""Named rules, one function each, one file per chapter.  Importing this package registers them all."""

from ntksym.rules import algebra, calculus, exponents, limits, parameterizations, recursion, tangent, wiring

__all__ = ["algebra", "calculus", "exponents", "limits", "parameterizations", "recursion", "tangent", "wiring"]
