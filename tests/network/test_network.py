"""Networks: what is read, what is refused and how, equality, JSON."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import sympy as sp

from ntksym import notation
from ntksym.errors import ActivationError, NetworkError, SerializationError
from ntksym.network import Dense, Network, Pointwise, fcn


def test_equal_layers_make_equal_networks() -> None:
    written_out = Network([Dense(1.5, 0.1), Pointwise("relu"), Dense(1.5, 0.1), Pointwise("relu"), Dense(1.5, 0.1, width=1)])
    made = fcn(2, "relu", sigma_w=1.5, sigma_b=0.1)
    assert made == written_out and hash(made) == hash(written_out)
    assert made != fcn(2, "relu", sigma_w=1.5)
    assert fcn(2, "relu", W_std=1.5, b_std=0.1) == made


def test_numbers_are_the_shortest_decimals_exactly() -> None:
    dense = Dense(0.1, 1 / 3)
    assert dense.sigma_w == sp.Rational(1, 10)
    assert float(dense.sigma_b) == 1 / 3
    assert Dense(np.float32(0.5)).sigma_w == sp.Rational(1, 2)
    assert Dense(sp.sqrt(2)).sigma_w == sp.sqrt(2)


def test_a_literal_zero_bias_is_structural() -> None:
    for zero in (0, 0.0, sp.S.Zero):
        assert not Dense(1, zero).has_bias
    assert Dense(1, notation.sigma_b).has_bias


def test_equal_neighbours_are_one_segment() -> None:
    layers = [Dense(1), Pointwise("relu"), Dense(1, 0.1), Pointwise("erf"), Dense(2, 0.1), Pointwise("erf"), Dense(1, 0.3), Pointwise("erf"), Dense(1)]
    segments = Network(layers).segments()
    assert [(int(s.repeat), s.pointwise.phi.name, s.has_bias) for s in segments] == [(1, "relu", True), (2, "erf", True), (1, "erf", False)]
    assert Network(layers).depth == 4


def test_per_layer_sigmas_and_widths() -> None:
    net = fcn(2, "erf", sigma_w=(1, 2, 3), widths=(4, np.int64(5)), out=7)
    assert [d.sigma_w for d in net.denses] == [1, 2, 3]
    assert [d.width for d in net.denses] == [4, 5, 7]


@pytest.mark.parametrize(("phi", "value"), [("relu", sp.sqrt(2)), ("abs", 1), ("identity", 1)])
def test_critical_deviations_of_the_literature(phi: str, value: sp.Expr) -> None:
    """He et al. 2015 for relu; for |x| and x every slope has square 1."""
    assert {d.sigma_w for d in fcn(2, phi, sigma_w="critical").denses} == {value}


def test_json_round_trip() -> None:
    symbolic = fcn(notation.depth, sp.Function("phi"), sigma_b=notation.sigma_b)
    jump = Network([Dense(), Pointwise("sign", derivative="distributional"), Dense()])
    for net in (fcn(3, "leaky_relu", sigma_b=0.1, widths=9), symbolic, jump):
        assert Network.from_json(net.to_json()) == net


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fcn(0, "relu"), ["depth 0", "hidden layers", "from 1 on"]),
        (lambda: fcn(-2, "relu"), ["depth -2"]),
        (lambda: fcn(2.5, "relu"), ["2.5", "no integer"]),
        (lambda: fcn(True, "relu"), ["no integer"]),
        (lambda: fcn("3", "relu"), ["no integer"]),
        (lambda: fcn(sp.Symbol("L"), "relu"), ["no integer", "positive=True"]),
        (lambda: fcn(1, "relu", sigma_w=0), ["sigma_w=0", "not positive", "standard deviation"]),
        (lambda: fcn(1, "relu", sigma_w=-1.5), ["sigma_w=-1.5"]),
        (lambda: fcn(1, "relu", sigma_w=float("nan")), ["not finite"]),
        (lambda: fcn(1, "relu", sigma_w=float("inf")), ["not finite"]),
        (lambda: fcn(1, "relu", sigma_w=True), ["no number"]),
        (lambda: fcn(1, "relu", sigma_w=sp.I), ["no finite real number"]),
        (lambda: fcn(1, "erf", sigma_w="critical"), ["critical", "erf", "not supported yet"]),
        (lambda: fcn(1, "relu", sigma_w="critical", sigma_b=0.1), ["critical", "not supported yet"]),
        (lambda: fcn(1, "relu", sigma_w="large"), ["'large'", "no number"]),
        (lambda: fcn(1, "relu", sigma_b=-0.1), ["sigma_b=-0.1", "negative"]),
        (lambda: fcn(1, "relu", sigma_w=(1, 2, 3)), ["3 entries", "2 Dense layers"]),
        (lambda: fcn(1, "relu", sigma_w=2.0, W_std=2.0), ["both sigma_w and W_std"]),
        (lambda: fcn(1, "relu", parameterization="NTK"), ["'NTK'", "use 'ntk' or 'standard'"]),
        (lambda: fcn(1, "relu", parameterization="mup"), ["'mup'", "not supported yet"]),
        (lambda: fcn(2, "relu", widths=(3,)), ["1 entries", "2 hidden layers"]),
        (lambda: fcn(2, "relu", widths=0), ["width 0"]),
        (lambda: fcn(1, "relu", out=2.0), ["width 2.0"]),
        (lambda: Network([Dense(), "Conv2d", Dense()]), ["layer 2", "'Conv2d'", "yet"]),
        (lambda: Network([Dense, Pointwise("relu"), Dense()]), ["layer 1", "the class Dense"]),
        (lambda: Network([Dense(), object(), Dense()]), ["layer 2", "'object'"]),
        (lambda: Network([]), ["no layers"]),
        (lambda: Network("Dense"), ["layers is a str"]),
        (lambda: Pointwise("sign", derivative="weak"), ["derivative='weak'", "almost_everywhere"]),
        (lambda: Network.from_json('{"schema_version":1,"object":["Integer","1"]}'), ["holds a"]),
    ],
)
def test_bad_input_is_refused_by_name(make: object, words: list[str]) -> None:
    with pytest.raises(NetworkError) as caught:
        make()  # type: ignore[operator]
    for word in words:
        assert word in str(caught.value)


def test_near_names_and_foreign_json() -> None:
    with pytest.raises(ActivationError, match="relu"):
        fcn(2, "rulu")
    with pytest.raises(SerializationError):
        Network.from_json("{}")


@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap])
def test_a_tracer_is_refused_with_the_way_out(transform: object) -> None:
    def of_sigma(sigma: jax.Array) -> jax.Array:
        fcn(2, "relu", sigma_w=sigma)
        return sigma

    with pytest.raises(NetworkError, match=r"k\(x1, x2, sigma_w=\.\.\.\)"):
        transform(of_sigma)(np.ones(2, np.float32) if transform is jax.vmap else np.float32(1))  # type: ignore[operator]
