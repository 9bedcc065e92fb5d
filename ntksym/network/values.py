"""Reading the numbers of a layer: exact, checked, and refused by name where they cannot be meant."""

from __future__ import annotations

import math
import numbers
from typing import Any

import sympy as sp

from ntksym.errors import NetworkError


def exact(value: Any, name: str, where: str, why: str = "it is a standard deviation") -> sp.Expr:
    """``value`` as an exact number (the shortest decimal of a float, as a fraction) or a real SymPy expression; NetworkError otherwise.

    ``why`` says what the number is for.
    """
    if isinstance(value, sp.Expr):
        if value.is_extended_real is False or value.is_finite is False or value.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
            raise NetworkError(f"{name}={value} is no finite real number", where=where, why=why, fix="give a real number")
        return sp.Rational(repr(float(value))) if isinstance(value, sp.Float) else value
    if isinstance(value, bool | str | bytes) or value is None:
        raise NetworkError(f"{name}={value!r} is no number", where=where, why=why, fix="give a real number")
    try:
        number = float(value)
    except Exception as error:
        raise NetworkError(
            f"{name} is a {type(value).__name__} without a value",
            where=where,
            why="the numbers given here are only the defaults of the generated keywords",
            fix=f"leave it out here and pass it as a keyword, k(x1, x2, {name}=...), where it may be traced, batched and differentiated",
        ) from error
    if not math.isfinite(number):
        raise NetworkError(f"{name}={value!r} is not finite", where=where, why=why, fix="give a finite number")
    return sp.Rational(repr(number))


def weight_deviation(value: Any, where: str) -> sp.Expr:
    """A standard deviation of weights: positive."""
    number = exact(value, "sigma_w", where)
    if number.is_positive is False:
        raise NetworkError(
            f"sigma_w={value} is not positive",
            where=where,
            why="it is the standard deviation of the weights; without weights no input reaches the output",
            fix="give sigma_w > 0",
        )
    return number


def bias_deviation(value: Any, where: str) -> sp.Expr:
    """A standard deviation of biases: zero (structural: no bias terms) or positive."""
    number = exact(value, "sigma_b", where)
    if number.is_negative:
        raise NetworkError(
            f"sigma_b={value} is negative", where=where, why="it is the standard deviation of the biases", fix="give sigma_b >= 0; 0 means no biases"
        )
    return number


def width(value: Any, where: str) -> int | None:
    """A number of neurons, or None where the network leaves it open."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < 1:
        raise NetworkError(f"width {value!r} is no positive integer", where=where, why="a width counts neurons", fix="give an integer from 1 on, or None")
    return int(value)


def parameterization(value: Any, where: str) -> str:
    """In which coordinates a layer is trained: "ntk" or "standard"."""
    if value not in ("ntk", "standard"):
        known = ", which is not supported yet" if value in ("mup", "mean_field") else ""
        raise NetworkError(
            f"parameterization {value!r}{known}",
            where=where,
            why="gradients are taken in (w, beta) of h = sigma_w/sqrt(fan_in) z w + sigma_b beta, or in the products (standard)",
            fix="use 'ntk' or 'standard'",
        )
    return str(value)
