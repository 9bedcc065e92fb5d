"""Named rules, one function each, one file per chapter.  Importing this package registers them all."""

from ntksym.rules import algebra, calculus, limits, recursion, tangent, wiring

__all__ = ["algebra", "calculus", "limits", "recursion", "tangent", "wiring"]
