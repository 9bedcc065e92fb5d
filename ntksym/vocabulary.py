"""The closed table of names that a formula in text may use: nothing else can be called."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp


def _relu(z: sp.Expr) -> sp.Expr:
    return sp.Max(0, z)


def _normal_cdf(z: sp.Expr) -> sp.Expr:
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def _gelu(z: sp.Expr) -> sp.Expr:
    return z * (1 + sp.erf(z / sp.sqrt(2))) / 2


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-z))


def _softplus(z: sp.Expr) -> sp.Expr:
    return sp.log(1 + sp.exp(z))


# name -> (function, least and greatest number of arguments).  Closed: a name that is not here cannot be called.
FUNCTIONS: dict[str, tuple[Callable[..., sp.Expr], int, int]] = {
    "abs": (sp.Abs, 1, 1),
    "arcsinh": (sp.asinh, 1, 1),
    "arctan": (sp.atan, 1, 1),
    "asinh": (sp.asinh, 1, 1),
    "atan": (sp.atan, 1, 1),
    "cos": (sp.cos, 1, 1),
    "cosh": (sp.cosh, 1, 1),
    "erf": (sp.erf, 1, 1),
    "erfc": (sp.erfc, 1, 1),
    "exp": (sp.exp, 1, 1),
    "gelu": (_gelu, 1, 1),
    "heaviside": (sp.Heaviside, 1, 1),
    "ln": (sp.log, 1, 1),
    "log": (sp.log, 1, 1),
    "max": (sp.Max, 2, 16),
    "min": (sp.Min, 2, 16),
    "ndtr": (_normal_cdf, 1, 1),
    "normcdf": (_normal_cdf, 1, 1),
    "phi": (_normal_cdf, 1, 1),
    "relu": (_relu, 1, 1),
    "sigmoid": (_sigmoid, 1, 1),
    "sign": (sp.sign, 1, 1),
    "sin": (sp.sin, 1, 1),
    "sinh": (sp.sinh, 1, 1),
    "softplus": (_softplus, 1, 1),
    "sqrt": (sp.sqrt, 1, 1),
    "step": (sp.Heaviside, 1, 1),
    "tan": (sp.tan, 1, 1),
    "tanh": (sp.tanh, 1, 1),
}
# Other spellings of the same functions.
SPELLINGS = {"Phi": "phi", "Abs": "abs", "Max": "max", "Min": "min", "Heaviside": "heaviside", "maximum": "max", "minimum": "min"}
# Functions whose arguments hold conditions.
BRANCHING = ("piecewise", "where")
# Names that are numbers.
CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "e": sp.E}
