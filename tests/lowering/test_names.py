"""User's names in generated code."""

from __future__ import annotations

import keyword

import pytest
import sympy as sp

from ntksym.errors import LoweringError
from ntksym.lowering.names import identifier, is_free, parameter_names

AWKWARD = [
    "lambda",
    "class",
    "match",
    "jax",
    "jnp",
    "x1",
    "get",
    "sigma_w",
    "q12",
    "t3",
    "root",
    "inverse_q11",
    "list",
    "K11",
    "V",
    "dV_q11",
    "_det",
    "dual_relu",
    "kernel_fn",
    "N_DENSE",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_not_free_and_are_renamed(name: str) -> None:
    assert not is_free(name)
    made = identifier(name)
    assert made.isidentifier() and not keyword.iskeyword(made) and is_free(made)


@pytest.mark.parametrize("name", ["alpha", "beta", "a", "slope_left", "γ"])
def test_plain_names_stay(name: str) -> None:
    assert identifier(name) == name


@pytest.mark.parametrize("name", ["a b", "x-1", "3", "", "\\alpha", "a'", "a\nimport os"])
def test_what_is_no_identifier_becomes_one(name: str) -> None:
    assert identifier(name).isidentifier() and is_free(identifier(name))


def test_two_symbols_never_share_a_name() -> None:
    symbols = [sp.Symbol("a b"), sp.Symbol("a_b"), sp.Symbol("a-b"), sp.Symbol("lambda"), sp.Symbol("lambda_")]
    names = parameter_names(symbols, {})
    assert len(set(names.values())) == len(symbols)


def test_a_name_that_stays_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntksym.lowering.names.is_free", lambda name: False)
    with pytest.raises(LoweringError, match="rename it"):
        identifier("a")
