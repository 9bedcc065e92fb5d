"""The exact tangent kernel of a finite network of any wiring: proved for all widths, refuted when a term is changed."""

from __future__ import annotations

import pytest
import sympy as sp
from wirings import wirings

import ntksym
from ntksym import notation
from ntksym.errors import CheckError
from ntksym.network import Dense, Network, Pointwise
from ntksym.nodes import Entry
from ntksym.proof import Status
from ntksym.rules import tangent

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
