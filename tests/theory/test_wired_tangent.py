"""The exact tangent kernel of a finite network of any wiring: proved for all widths, refuted when a term is changed."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import sympy as sp
from wirings import wirings

import ntksym
from ntksym import notation
from ntksym.errors import CheckError
from ntksym.network import Concat, Dense, LayerNorm, Network, Pointwise, Residual
from ntksym.nodes import Entry, Width
from ntksym.proof import Status
from ntksym.rules import tangent
from ntksym.rules.checks.numbers import STEP, Numbers, key_of

NAMES = [name for name, net in wirings().items() if not net.is_chain]


@pytest.mark.parametrize("name", NAMES)
def test_every_wiring_is_proved_for_all_widths(name: str) -> None:
    d = ntksym.derive(wirings()[name], "jacobian")
    assert d.verdict is Status.PROVED
    last = d.steps[-1].verdict.evidence
    assert any(e.status is Status.TESTED and "complex steps" in e.oracle for e in last), "the whole is also judged on a network in numbers"
    assert d.replay() == d


def terms_of(network: Network) -> set[str]:
    """Names of the parameters that the kernel has a term of."""
    d = ntksym.derive(network, "jacobian")
    return {str(entry) for entry in dict(d.steps[-1].args)["trained"]}


def test_frozen_parameters_and_missing_biases_have_no_term() -> None:
    net = Network([Dense(frozen=True), Pointwise("erf"), Dense(1.0, 0.5), Pointwise("erf"), Dense()])
    assert terms_of(net) == {"omega[2]", "beta[2]", "omega[3]"}
    standard = Network([Dense(1.0, 0.5, parameterization="standard"), Pointwise("erf"), Dense()])
    assert terms_of(standard) == {"W[1]", "b[1]", "omega[2]"}


def test_a_matrix_used_twice_has_a_term_per_pair_of_uses() -> None:
    """Plain and plain: z.z' B.B'; plain and transposed: the two inner products are crossed."""
    net = Network([Dense(), Dense(shared="W"), Pointwise("erf"), Dense(shared="W", transposed=True), Dense()])
    d = ntksym.derive(net, "jacobian")
    (term,) = [step.conclusion.claim.rhs for step in d.steps if step.rule is tangent.layer_term and str(step.conclusion.claim.lhs.layer) == "omega^2"]
    assert len(sp.Add.make_args(term)) == 4
    crossed = [t for t in sp.Add.make_args(term) if any({"B", "h"} <= {e.name for e in s.atoms(Entry)} for s in t.atoms(sp.Sum))]
    assert len(crossed) == 2


def test_the_standard_terms_have_no_deviations() -> None:
    """W W-gradients: (z.z') (B.B') and B.B' alone, sigma_w and sigma_b being absorbed in W and b."""
    net = Network([Dense(1.5, 0.3, parameterization="standard"), Pointwise("erf"), Dense(1.5, 0.3, parameterization="standard")])
    parts = sp.Add.make_args(ntksym.derive(net, "jacobian").conclusion.claim.rhs)
    assert len(parts) == 4 and not any(part.has(notation.sigma_w, notation.sigma_b) for part in parts)


def test_a_wrong_jacobian_is_refuted() -> None:
    """What stands on an edge of the graph is checked against the definition of the tensor."""
    d = ntksym.derive(wirings()["gated product"], "jacobian")
    step = next(s for s in d.steps if s.rule is tangent.edge_jacobian)
    args = dict(step.args)
    with pytest.raises(CheckError):
        d.by(tangent.edge_jacobian, *step.premises, **{**args, "jacobian": 2 * args["jacobian"]})


def test_pages_of_a_tangent_kernel() -> None:
    d = ntksym.derive(wirings()["residual"], "jacobian")
    for page in (d.latex(), d.html(), d.markdown(), d.text()):
        assert "Tangent kernel" in page


PHI = "x + 2*x^2/7 + x^3/9"  # the polynomial by which the numbers of the checkers stand for the first activation


@pytest.mark.parametrize(
    "middle",
    [
        [Residual([Pointwise(PHI), Dense(1.3, 0.4, width=5)])],
        [Dense(1.3, 0.4, width=5, shared="W"), Pointwise(PHI), Dense(1.3, 0.4, width=5, shared="W"), LayerNorm()],
        [Concat([[], [Pointwise(PHI), Dense(1.3, 0.4, width=3)]])],
    ],
)
def test_the_derived_formula_is_what_the_code_computes(middle: list[object], rng: np.random.Generator) -> None:
    """The conclusion of the derivation, in numbers with backward Jacobians by complex steps, against empirical_ntk_fn at the same parameters."""
    net = Network([Dense(1.3, 0.4, width=5), *middle, Pointwise(PHI), Dense(1.3, 0.4, width=2)])
    d = ntksym.derive(net, "jacobian")
    last = d.steps[-1]
    claims = [d.steps[n - 1].conclusion.claim for n in last.premises]
    definitions = [c for c in claims if isinstance(c.lhs, Entry) and c.lhs.name not in ("B", "Thetahat")]
    numbers = Numbers(definitions, dict(last.args)["shapes"], 0)
    numbers.sizes.update({width: number for width, number in net.wiring.sizes} | {Width(0): 4})
    numbers.lengths = {(e.name, str(e.layer)): tuple(numbers.number(w) for w in shape) for e, shape in dict(last.args)["shapes"]}
    numbers.symbols.update(sigma_w=1.3, sigma_b=0.4)
    params = [(rng.normal(size=(numbers.number(w.inputs), numbers.number(w.outputs))), rng.normal(size=numbers.number(w.outputs))) for w in net.wiring.weights]
    for weights, (w, b) in zip(net.wiring.weights, params, strict=True):
        numbers.fixed[("omega", str(weights.number), ())], numbers.fixed[("beta", str(weights.number), ())] = w, b
    x = rng.normal(size=(2, 4))
    known: dict = {}
    for row, label in enumerate((notation.x1, notation.x2)):
        numbers.fixed[("z", "0", (str(label),))] = x[row]
    (end,) = [name for _, name in net.wiring.outputs]
    output = net.wiring.node(end).entry
    for label in (notation.x1, notation.x2):
        known |= numbers.forward(label)
        for claim in claims:
            if isinstance(claim.lhs, Entry) and claim.lhs.name == "B":
                letter, _, number = str(claim.lhs.layer).partition("^")
                key = (letter, number, (str(label),))
                moved = numbers.forward(label, shifted=(key, numbers.directions(key)))
                known[key_of(claim.lhs.xreplace({notation.x1: label}))] = (np.imag(moved[("h", str(output.layer), (str(label),))]) / STEP).T
    o, p = d.conclusion.claim.lhs.indices
    derived = [[numbers.value(d.conclusion.claim.rhs, {o: i, p: j}, known).real for j in (1, 2)] for i in (1, 2)]
    with jax.enable_x64(True):
        computed = ntksym.empirical_ntk_fn(net)([(jax.numpy.asarray(w), jax.numpy.asarray(b)) for w, b in params], x[:1], x[1:])
    np.testing.assert_allclose(np.asarray(computed)[0, 0], derived, rtol=1e-12)
