"""Closed forms against 30-digit quadrature: a few rows of the table that benchmarks/dual_table.py prints for every activation."""

from __future__ import annotations

import pytest
import sympy as sp
from benchmarks import dual_table
from mpmath import mpf

from ntksym.activations import activation
from ntksym.forms import DualForm
from ntksym.gaussian import dual

POINTS = (dual_table.POINTS[2], dual_table.POINTS[3], dual_table.POINTS[4])


# Measured: 3e-31 (hermite3); the oracle's own two node sets agree to 34 digits.
@pytest.mark.parametrize("name", ["relu", "ab_relu", "sign", "relu^3", "cubic", "erf", "normal_cdf", "gelu", "x_sin_x", "scaled_exp", "scaled_gaussian"])
def test_closed_forms_agree_with_quadrature(name: str) -> None:
    form = dual(activation(name).phi).conclusion.claim
    assert isinstance(form, DualForm)
    value, slope, where = dual_table.errors(name, form, POINTS)
    assert value < mpf(10) ** -30 and slope < mpf(10) ** -30, where


def test_the_table_sees_a_wrong_digit() -> None:
    form = dual(activation("relu").phi).conclusion.claim
    off = DualForm(**{**vars(form), "value": form.value * (1 + sp.Rational(1, 10**24))})
    value, _, _ = dual_table.errors("relu", off, POINTS)
    assert value > mpf(10) ** -25
