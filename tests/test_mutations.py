"""Wrong rules are caught: a small draw over every rule; benchmarks/mutations.py draws as many as one likes."""

from __future__ import annotations

from collections import Counter

import mutation
import pytest
import sympy as sp
from wirings import wirings

import ntksym
from ntksym.activations import activation
from ntksym.gaussian import dual
from ntksym.nodes import CorrelationAngle, Dual
from ntksym.notation import K11, K12, K22, q11, q12, q22, x
from ntksym.proof import RULES, Derivation
from ntksym.theory import abc, abc_exponents

SEED = 21
WIRED = ("pre-activation LayerNorm", "dense net", "shared and added", "dropout", "standard parameterization", "frozen first layer")


@pytest.fixture(scope="module")
def derivations() -> list[Derivation]:
    """Real derivations that together use every rule."""
    names = ("relu", "step", "gelu", "gaussian", "sin", "shifted_relu", "Heaviside(x-1/2)*exp(-x)", "tanh")
    found: list[Derivation] = [dual(activation(name).phi) for name in names]
    found += [dual(activation("relu").phi, activation("erf").phi), ntksym.hermite_expansion("relu", 3)]
    found += [ntksym.derive(ntksym.fcn(2, "relu", sigma_b=0.1), target=target) for target in ("jacobian", "ntk")]
    found += [ntksym.derive(ntksym.Network([ntksym.Dense(1.0), ntksym.Pointwise("step", derivative="almost_everywhere"), ntksym.Dense(1.0)]))]
    found += [ntksym.derive(net, target) for name, net in wirings(8).items() if name in WIRED for target in ("ntk", "jacobian")]
    found += [*ntksym.derivations().values(), abc(2, *abc_exponents("mup", 2)), abc(1, *abc_exponents("standard", 1))]
    return found


def test_every_rule_is_used_and_its_mutants_are_caught(derivations: list[Derivation]) -> None:
    verdicts = list(mutation.mutants(derivations, SEED, per_rule=3))
    print(f"seed {SEED}:", Counter(v.outcome for v in verdicts))
    assert not [v for v in verdicts if v.outcome in ("replay", "survived")]
    assert {v.rule for v in verdicts} >= {name for name, rule in RULES.items() if rule.apply.__module__.startswith("ntksym.")}


def test_the_harness_sees_a_blind_check(derivations: list[Derivation]) -> None:
    """The harness itself must be able to fail: with a check that accepts anything, a wrong last conclusion is not refused."""
    last = mutation.Place(derivations[0], len(derivations[0]) - 1)
    wrong = mutation.replace(last.step.conclusion, claim=mutation.replace(last.step.conclusion.claim, value=q12))
    assert mutation.judge(last, "factor", wrong).outcome == "own check"
    blind = mutation.replace(last.step, rule=mutation.replace(last.step.rule, check=lambda *_, **__: last.step.verdict))
    steps = (*derivations[0].steps[:-1], blind)
    place = mutation.Place(mutation.replace(derivations[0], steps=steps), last.index)
    assert mutation.judge(place, "factor", wrong).outcome == "replay"


def test_equal_values_are_no_mutants() -> None:
    root = sp.sqrt(q11 * q22 - q12**2)
    assert mutation.same_value(sp.cos(CorrelationAngle(q11, q12, q22)), q12 / sp.sqrt(q11 * q22))
    assert mutation.same_value(sp.Piecewise((0, x < 0), (x, True)), sp.Max(0, x))
    assert not mutation.same_value(root, 2 * root)
    assert not mutation.same_value(sp.Abs(x), x)
    phi = sp.Function("phi")
    assert mutation._equivalent(Dual(phi, phi, K11, K12, K22), Dual(phi, phi, K22, K12, K11))
    assert not mutation._equivalent(Dual(phi, phi, K11, K12, K22), Dual(phi, phi, K11, K12, K11))
