"""From a network to its recursion: what it says, what it rests on, what is refused."""

from __future__ import annotations

import subprocess
import sys

import mpmath
import pytest
import sympy as sp

from ntksym import notation
from ntksym.activations import activation
from ntksym.errors import NetworkError
from ntksym.forms import OutsideClass, Recursion, phi_derivative
from ntksym.network import Dense, Network, Pointwise, fcn
from ntksym.nodes import CorrelationAngle, Dual
from ntksym.proof import Derivation, Regime, Status
from ntksym.theory import derive, theorems

GENERAL = fcn(notation.depth, sp.Function("phi"), sigma_w=notation.sigma_w, sigma_b=notation.sigma_b)


def test_the_general_theorem_says_what_the_field_knows() -> None:
    """Typed in here by hand, from Jacot et al. 2018, Thm. 1."""
    claim = derive(GENERAL).conclusion.claim
    phi = sp.Lambda(notation.x, sp.Function("phi", real=True)(notation.x))
    slope = phi_derivative(phi)
    base, (block,) = dict(claim.base), claim.blocks
    update = dict(block.update)
    w, b = notation.sigma_w**2, notation.sigma_b**2
    k11, k12, k22, theta = notation.K11, notation.K12, notation.K22, notation.Theta12
    assert base[k12] == base[theta] == w * notation.s12 + b and base[k11] == w * notation.s11 + b
    assert block.repeat == claim.depth == notation.depth
    assert update[k12] == w * Dual(phi, phi, k11, k12, k22) + b
    assert update[k22] == w * Dual(phi, phi, k22, k22, k22) + b
    assert sp.expand(update[theta] - update[k12] - w * theta * Dual(slope, slope, k11, k12, k22)) == 0
    assert claim.outputs == (("nngp", k12, k11), ("ntk", theta, notation.Theta11))


@pytest.mark.parametrize(
    ("target", "status", "regime"),
    [("jacobian", Status.PROVED, Regime.EXACT), ("nngp", Status.CITED, Regime.LIMIT_SEQUENTIAL), ("ntk", Status.CITED, Regime.LIMIT_SEQUENTIAL)],
)
def test_verdict_regime_and_assumptions_of_the_theorems(target: str, status: Status, regime: Regime) -> None:
    derivation = derive(GENERAL, target)
    assert derivation.verdict is status and derivation.conclusion.regime is regime
    keys = {assumption.key for assumption in derivation.assumptions}
    expected = {"jacobian": {"phi-differentiable"}, "nngp": {"initialization", "phi-regular"}, "ntk": {"initialization", "phi-differentiable", "phi-regular"}}
    assert keys == expected[target]
    exact = [step for step in derivation.steps if step.conclusion.regime is Regime.EXACT]
    assert exact and all(step.verdict.status is Status.PROVED for step in exact)
    assert derivation.replay() == derivation


def test_general_widths_and_small_ones_are_both_evidence() -> None:
    recursion = next(s for s in theorems.ntk_theorem().steps if s.rule.name == "substitute_terms")
    scopes = [piece.scope for piece in recursion.verdict.evidence]
    assert any(scope.startswith("all widths, by index algebra") for scope in scopes)
    assert any("widths 2, 3, 5" in scope for scope in scopes)


def test_hypotheses_do_not_outlive_the_induction() -> None:
    for derivation in (theorems.nngp_theorem(), theorems.ntk_theorem()):
        assert not any(assumption.key.startswith("induction") for assumption in derivation.assumptions)
        assert any(a.key.startswith("induction") for step in derivation.steps for a in step.conclusion.assumptions)


def test_the_joint_limit_is_a_statement_of_its_own() -> None:
    derivation = derive(fcn(2, "relu"))
    joint = [step for step in derivation.steps if step.conclusion.regime is Regime.LIMIT_JOINT]
    assert len(joint) == 1 and joint[0].verdict.status is Status.CITED
    assert all(joint[0].number not in step.premises for step in derivation.steps)
    assert derivation.conclusion.regime is Regime.LIMIT_SEQUENTIAL
    assert not any(step.conclusion.regime is Regime.LIMIT_JOINT for step in derive(fcn(2, "exp")).steps)


def test_hypotheses_on_phi_are_checked() -> None:
    seen = next(s for s in derive(fcn(1, "relu")).steps if s.rule.name == "specialise")
    assert any(r"$\phi$ bounded by a polynomial, $\phi'$ bounded" in str(piece) for piece in seen.verdict.evidence)
    assert "phi-moments" not in {a.key for a in derive(fcn(1, "exp")).assumptions}
    assert "phi-moments" in {a.key for a in derive(fcn(1, "exp(x^2/8)")).assumptions}
    assert "phi-regular" not in {a.key for a in derive(fcn(1, "relu")).assumptions}


def relu_by_hand(depth: int, s11: float, s12: float, s22: float, w: float, b: float) -> tuple[mpmath.mpf, mpmath.mpf]:
    """NNGP and NTK of relu from the literature (Cho and Saul 2009; Jacot et al. 2018), at 40 digits."""
    with mpmath.workdps(40):
        k11, k12, k22 = (mpmath.mpf(w) ** 2 * mpmath.mpf(s) + mpmath.mpf(b) ** 2 for s in (s11, s12, s22))
        theta = k12
        for _ in range(depth):
            root = mpmath.sqrt(k11 * k22)
            angle = mpmath.acos(k12 / root)
            value = root / (2 * mpmath.pi) * (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle))
            slope = (mpmath.pi - angle) / (2 * mpmath.pi)
            k11, k22 = (mpmath.mpf(w) ** 2 * k / 2 + mpmath.mpf(b) ** 2 for k in (k11, k22))
            k12 = mpmath.mpf(w) ** 2 * value + mpmath.mpf(b) ** 2
            theta = k12 + mpmath.mpf(w) ** 2 * slope * theta
        return k12, theta


@pytest.mark.parametrize("depth", [1, 3])
def test_relu_unrolled_against_the_literature(depth: int) -> None:
    claim = derive(fcn(depth, "relu", sigma_w=1.5, sigma_b=0.25)).conclusion.claim
    values = claim.unroll(depth + 1)
    numbers = {notation.s11: 0.75, notation.s12: -0.25, notation.s22: 1.25, notation.sigma_w: 1.5, notation.sigma_b: 0.25}
    exact = {symbol: sp.Rational(value) for symbol, value in numbers.items()}
    expected = relu_by_hand(depth, 0.75, -0.25, 1.25, 1.5, 0.25)
    for symbol, want in zip((notation.K12, notation.Theta12), expected, strict=True):
        with mpmath.workdps(40):
            got = sp.N(values[symbol].xreplace(exact).replace(CorrelationAngle, _angle), 40)
            assert abs(mpmath.mpf(str(got)) - want) < mpmath.mpf(10) ** -36


def _angle(a: sp.Expr, c: sp.Expr, b: sp.Expr) -> sp.Expr:
    return sp.acos(c / sp.sqrt(a * b))


def test_layers_that_do_not_exist_are_refused() -> None:
    claim = derive(Network([Dense(1), Pointwise("relu"), Dense(1), Pointwise("erf"), Dense(1), Pointwise("erf"), Dense(1)])).conclusion.claim
    assert set(claim.unroll(4)) == set(claim.state)
    for level in (0, 5):
        with pytest.raises(Exception, match="layer"):
            claim.unroll(level)


def test_different_layers_are_different_blocks() -> None:
    net = Network([Dense(1.5), Pointwise("relu"), Dense(1.5, 0.1), Pointwise("erf"), Dense(1.2, 0.1), Pointwise("erf"), Dense(1, 0.3)])
    claim = derive(net).conclusion.claim
    assert [(int(block.repeat), block.label) for block in claim.blocks] == [(1, "hidden layer 1"), (2, "hidden layers 2 to 3")]
    assert not dict(claim.base)[notation.K12].has(notation.sigma_b)
    assert [str(p.default) for p in claim.parameters] == ["(3/2, 3/2, 6/5, 1)", "(0, 1/10, 1/10, 3/10)"]
    assert [form.phi for form in claim.duals] == [activation("relu").phi, activation("erf").phi]


def test_parameters_with_two_defaults_are_told_apart() -> None:
    leaky = [Pointwise(activation("leaky_relu", alpha=value)) for value in (0.1, 0.2)]
    claim = derive(Network([Dense(), leaky[0], Dense(), leaky[1], Dense(), leaky[0], Dense()])).conclusion.claim
    assert {str(p.symbol): p.default for p in claim.parameters if not p.per_layer} == {"alpha_1": sp.Rational(1, 10), "alpha_2": sp.Rational(1, 5)}
    assert len(claim.duals) == 2


def test_without_biases_there_is_no_bias_anywhere() -> None:
    claim = derive(fcn(2, "relu")).conclusion.claim
    assert [p.symbol for p in claim.parameters] == [notation.sigma_w]
    assert not any(value.has(notation.sigma_b) for block in claim.blocks for _, value in block.update)


@pytest.mark.parametrize("depth", [2, notation.depth, sp.Symbol("D", integer=True, positive=True)])
def test_an_open_activation_stays_open(depth: object) -> None:
    claim = derive(fcn(depth, sp.Function("psi"), sigma_b=0.1)).conclusion.claim
    assert isinstance(claim, Recursion) and claim.depth == depth and claim.duals == ()
    assert "psi" in str(dict(claim.blocks[0].update)[notation.K12])
    mixed = derive(Network([Dense(), Pointwise(sp.Function("psi")), Dense(), Pointwise("relu"), Dense()])).conclusion.claim
    assert [form.phi for form in mixed.duals] == [activation("relu").phi]


def test_outside_the_class_v_stays_an_expectation_and_a_step_says_why() -> None:
    derivation = derive(fcn(2, "tanh"))
    claim = derivation.conclusion.claim
    assert isinstance(claim, Recursion)
    told = [step.conclusion.claim for step in derivation.all_steps() if isinstance(step.conclusion.claim, OutsideClass)]
    if not claim.duals:
        assert told and "tanh" in str(told[0].term)
        assert dict(claim.blocks[0].update)[notation.K12].has(Dual)


@pytest.mark.parametrize("spec", ["sign", "step", "x + sign(x)", "tanh(x) + sign(x)"])
def test_a_jump_needs_a_word_about_its_derivative(spec: str) -> None:
    with pytest.raises(NetworkError, match="almost_everywhere.*distributional"):
        derive(fcn(1, spec))
    assert derive(fcn(1, spec), "nngp").conclusion.claim.outputs == (("nngp", notation.K12, notation.K11),)


def test_almost_everywhere_and_distributional_differ() -> None:
    """For sign the first gives Theta = K (what autodiff trains), the second the derivative of V."""
    every = derive(fcn(1, Pointwise("sign", derivative="almost_everywhere")))
    update = dict(every.conclusion.claim.blocks[0].update)
    assert update[notation.Theta12] == update[notation.K12]
    assert "derivative-almost_everywhere" in {a.key for a in every.assumptions}
    weak = derive(fcn(1, Pointwise("sign", derivative="distributional"))).conclusion.claim
    assert notation.Theta12 in dict(weak.blocks[0].update)[notation.Theta12].free_symbols
    mixed = derive(fcn(1, Pointwise("x + sign(x)", derivative="almost_everywhere"))).conclusion.claim
    inside = weak.dual_of(Dual(mixed.duals[1].phi, mixed.duals[1].phi, notation.K11, notation.K12, notation.K22))
    assert mixed.duals[1].value == 1 and inside is None


def test_targets_and_networks_are_checked() -> None:
    assert derive(fcn(1, "relu"), "flow") is derive(fcn(1, "relu"), "linearized")
    assert derive(fcn(1, "relu"), "ensemble").conclusion.claim.flow == derive(fcn(1, "relu"), "flow").conclusion.claim
    with pytest.raises(NetworkError, match="use one of jacobian, nngp, ntk"):
        derive(fcn(1, "relu"), "hessian")
    with pytest.raises(NetworkError, match="make a network first"):
        derive("relu")  # type: ignore[arg-type]


def test_equal_networks_share_their_derivation() -> None:
    assert derive(fcn(2, "relu", sigma_b=0.1)) is derive(fcn(2, "relu", sigma_b=0.1))
    lemma = [step.lemma for step in derive(fcn(2, "relu", sigma_b=0.1)).steps][0]
    assert lemma is theorems.ntk_theorem()


def test_json_round_trip_and_replay() -> None:
    derivation = derive(fcn(2, "relu", sigma_b=0.1))
    stored = Derivation.from_json(derivation.to_json())
    assert stored.verdict is Status.UNCHECKED
    assert stored.replay() == derivation


def test_the_same_bytes_under_every_hash_seed() -> None:
    code = (
        "import hashlib, sympy as sp\n"
        "from ntksym.network import *\n"
        "from ntksym.theory import derive\n"
        "d = derive(Network([Dense(1.5), Pointwise('relu'), Dense(1.5, 0.1), Pointwise('erf'), Dense(1)]))\n"
        "print(hashlib.sha256(d.to_json().encode()).hexdigest())\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}, stdout=subprocess.PIPE, text=True)
        for seed in ("1", "2")
    ]
    prints = {run.communicate()[0] for run in runs}
    assert len(prints) == 1 and all(run.returncode == 0 for run in runs)
