"""The short form of benchmarks/random_activations.py: random activations derived, or refused, and judged by a quadrature of their own."""

from __future__ import annotations

import grammar
import numpy as np
import pytest
from benchmarks import random_activations

SEED = 0
NUMBERS = tuple(range(12))
# What the long run once found: a lone number times a sum beside delta'; kinks far from the mass of the Gaussian; in code, heads of numbers.
FOUND = ((28, False), (39, False), (113, False), (376, True))


@pytest.mark.parametrize("number", NUMBERS)
def test_random_activation(number: int) -> None:
    """Reproduce with: python tests/benchmarks/random_activations.py --seed 0 --only NUMBER."""
    outcome = random_activations.judge(SEED, number, code=False)
    print(outcome)
    assert outcome.kind in {"closed", "numeric", "refused"}, outcome


@pytest.mark.parametrize(("number", "code"), FOUND)
def test_what_was_found_before(number: int, code: bool) -> None:
    outcome = random_activations.judge(SEED, number, code=code)
    assert outcome.kind in {"closed", "numeric"}, outcome


def test_the_quadrature_knows_relu_and_sign() -> None:
    """Cho and Saul 2009, Sheppard 1899: the oracle of the property test is itself judged."""
    x = grammar.Tree("affine", slope=grammar.Fraction(1))
    a, c, b = 0.8, -0.35, 1.1
    theta = np.arccos(c / np.sqrt(a * b))
    value, slope, scale = grammar.dual(grammar.Tree("max", (grammar.Tree("affine"), x)), a, c, b)
    assert abs(value - (np.sqrt(a * b - c * c) + (np.pi - theta) * c) / (2 * np.pi)) < 1e-13
    assert abs(slope - (np.pi - theta) / (2 * np.pi)) < 1e-13 and abs(scale - np.sqrt(a * b) / 2) < 1e-13
    value, slope, _ = grammar.dual(grammar.Tree("sign", (x,)), a, c, b)
    assert abs(value - (1 - 2 * theta / np.pi)) < 1e-13 and abs(slope - 2 / (np.pi * np.sqrt(a * b - c * c))) < 1e-12


def test_a_wrong_number_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = random_activations._number
    monkeypatch.setattr(random_activations, "_number", lambda *given: right(*given) * (1 + 1e-8))
    tree = grammar.activation(0, 3)
    assert tree.expr.has(grammar.X)
    assert random_activations.judge(0, 3, code=False).kind == "failed"
