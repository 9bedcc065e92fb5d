"""Wrong moves on purpose: each is caught by the checker of its own step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy as sp

from ntksym.activations import activation
from ntksym.errors import CheckError
from ntksym.gaussian import dual
from ntksym.nodes import Delta, Expect
from ntksym.notation import q11, q12, q22, x
from ntksym.proof import Derivation, Statement, Step


def _steps(name: str, rule: str) -> list[tuple[Derivation, Step]]:
    found: list[tuple[Derivation, Step]] = []

    def walk(derivation: Derivation) -> None:
        for step in derivation.steps:
            if step.lemma is not None:
                walk(step.lemma)
            if step.rule.name == rule:
                found.append((derivation, step))

    walk(dual(activation(name).phi))
    return found


def _wrong(derivation: Derivation, step: Step, change: Callable[[sp.Basic], sp.Basic]) -> None:
    """Run the step again with a rule that concludes something else."""
    conclusion = Statement(change(step.conclusion.claim), step.conclusion.regime, step.conclusion.assumptions)
    assert conclusion.claim != step.conclusion.claim, "the change changed nothing"
    liar = replace(step.rule, apply=lambda *premises, **args: conclusion)
    before = replace(derivation, steps=derivation.steps[: step.number - 1])
    before.by(liar, *step.premises, **dict(step.args))


def _times(factor: sp.Expr) -> Callable[[sp.Basic], sp.Basic]:
    return lambda claim: sp.Eq(claim.args[0], factor * claim.args[1], evaluate=False)


RULES = {
    "decompose_into_atoms": "gelu",
    "split_into_pieces": "leaky_relu",
    "expand_bilinearly": "abs",
    "integrate_by_parts": "gelu",
    "condition_on_zero": "gelu",
    "half_space": "sign",
    "half_line": "shifted_relu",
    "quadrant_probability": "shifted_relu",
    "orthant_probability": "erf",
    "write_cdf_as_step": "erf",
    "tilt": "gelu",
    "instantiate": "gelu",
    "put_together": "relu",
    "swap_inputs": "abs",
    "use_moment": "relu",
    "univariate_moment": "relu",
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("factor", [-1, 2, 1 + q12], ids=str)
def test_a_wrong_factor_is_caught(rule: str, factor: sp.Expr) -> None:
    places = _steps(RULES[rule], rule)
    assert places
    for derivation, step in places[:3]:
        if step.conclusion.claim.args[1] == 0:
            continue
        with pytest.raises(CheckError):
            _wrong(derivation, step, _times(sp.sympify(factor)))


def test_a_dropped_delta_is_caught() -> None:
    derivation, step = next((d, s) for d, s in _steps("step", "differentiate_atoms") if s.conclusion.claim.rhs.has(Delta))
    with pytest.raises(CheckError, match="jump"):
        _wrong(derivation, step, lambda claim: sp.Eq(claim.lhs, claim.rhs.replace(Delta, lambda t: sp.S.Zero), evaluate=False))


def test_a_wrong_normal_form_is_caught() -> None:
    derivation, step = _steps("relu", "decompose_into_atoms")[0]
    with pytest.raises(CheckError):
        _wrong(derivation, step, lambda claim: sp.Eq(claim.lhs, claim.rhs + x**2, evaluate=False))


def test_swapped_inputs_are_caught() -> None:
    derivation, step = _steps("gelu", "tilt")[0]
    swapped = {q11: q22, q22: q11}
    with pytest.raises(CheckError):
        _wrong(derivation, step, lambda claim: sp.Eq(claim.lhs, claim.rhs.xreplace(swapped), evaluate=False))


def test_a_wrong_boundary_term_is_caught() -> None:
    derivation, step = next((d, s) for d, s in _steps("relu", "integrate_by_parts") if len(s.conclusion.claim.rhs.atoms(Expect)) == 2)
    terms = sp.Add.make_args(step.conclusion.claim.rhs)
    with pytest.raises(CheckError):
        _wrong(derivation, step, lambda claim: sp.Eq(claim.lhs, terms[0], evaluate=False))


@pytest.mark.parametrize("part", ["value", "derivative", "dvalue_dq11", "diagonal_value", "diagonal_derivative"])
def test_the_certificate_sees_every_part(part: str) -> None:
    derivation, step = _steps("gelu", "certify_dual")[0]
    with pytest.raises(CheckError):
        _wrong(derivation, step, lambda claim: replace(claim, **{part: getattr(claim, part) * sp.Rational(101, 100)}))


def test_an_error_shared_by_both_duals_is_caught() -> None:
    """V + f(q11, q22) with the same V': Price's identity alone is blind to it."""
    derivation, step = _steps("relu", "certify_dual")[0]
    with pytest.raises(CheckError):
        _wrong(derivation, step, lambda claim: replace(claim, value=claim.value + q11 * q22))
