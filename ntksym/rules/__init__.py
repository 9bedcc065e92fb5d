"""Named rules, one function each, one file per chapter.  Importing this package registers them all."""

from ntksym.rules import algebra, calculus, damping, dynamics, exponents, flows, learning_rates, limits, minimum_norm, parameterizations, recursion, shrinkage, softmax, spectra, tangent, wiring

__all__ = ["algebra", "calculus", "damping", "dynamics", "exponents", "flows", "learning_rates", "limits", "minimum_norm", "parameterizations", "recursion", "shrinkage", "softmax", "spectra", "tangent", "wiring"]
