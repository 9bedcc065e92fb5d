"""The catalogue: a row is a name, phi as a SymPy expression, defaults of its parameters, aliases, a source and a sentence.

One file per family.  No dual is typed in here: duals are derived (:mod:`ntksym.gaussian`).  Values at a jump are immaterial to every
expectation.
"""

from __future__ import annotations

import functools

from ntksym.catalogue import (
    algebraic,
    bumps,
    error_functions,
    exponential_linear,
    exponentials,
    periodic,
    polynomials,
    rectifiers,
    sigmoids,
    thresholds,
)
from ntksym.catalogue.left_out import LEFT_OUT
from ntksym.catalogue.row import Activation, Family, default_texts
from ntksym.catalogue.row import real as real_symbol
from ntksym.catalogue.sequences import SEQUENCE_MOST, SEQUENCES, sequence_names

__all__ = ["LEFT_OUT", "SEQUENCES", "SEQUENCE_MOST", "Activation", "Family", "catalogue", "default_texts", "families", "real_symbol", "sequence_names"]


@functools.cache
def families() -> tuple[Family, ...]:
    """The families, in the order a reader sees them."""
    return (
        Family("rectifiers", "Rectifiers", "Polynomial pieces that meet at 0.", rectifiers.rows()),
        Family("thresholds", "Thresholds and cut-offs", "Polynomial pieces with kinks or jumps away from 0.", thresholds.rows()),
        Family("exponential-linear", "Exponential-linear units", "An exponential on one side of 0, a polynomial on the other.", exponential_linear.rows()),
        Family("error-functions", "Error functions", "The error function, the normal distribution function, and GELU.", error_functions.rows()),
        Family("sigmoids", "Sigmoids", "The logistic sigmoid, tanh, softplus, and what is built from them.", sigmoids.rows()),
        Family("periodic", "Periodic", "Sines and cosines.", periodic.rows()),
        Family("bumps", "Bumps", "Functions that fall off on both sides.", bumps.rows()),
        Family("polynomials", "Polynomials", "Powers and Hermite polynomials.", polynomials.rows()),
        Family("exponentials", "Exponentials", "Exponentials on the whole line.", exponentials.rows()),
        Family("algebraic", "Roots, arcs and logarithms", "Rational functions, roots, the arc tangent and logarithms.", algebraic.rows()),
    )


@functools.cache
def catalogue() -> tuple[Activation, ...]:
    """Every row, family by family."""
    return tuple(row for family in families() for row in family.rows)
