"""Kernels of wirings against recursions written by hand over matrices of three inputs, and what is refused, with the reason."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest
import sympy as sp
from wirings import wirings

import ntksym
from ntksym.errors import LoweringError, NetworkError
from ntksym.forms import Recursion
from ntksym.network import Bias, Concat, Dense, Dropout, Heads, LayerNorm, Network, Pointwise, Product, Residual, Scale, Sum
from ntksym.proof import Regime, Status
from ntksym.theory.wired import wired

WIDTH = 64
Array = np.ndarray
KT = tuple[Array, Array]  # NNGP and NTK over all pairs of inputs


# -- by hand -----------------------------------------------------------------------------------------------------------


def outer(k: Array) -> Array:
    """sqrt(K_ii K_jj)."""
    return np.sqrt(np.outer(np.diag(k), np.diag(k)))


def relu(k: Array) -> tuple[Array, Array]:
    """Cho and Saul 2009, orders 1 and 0."""
    angle = np.arccos(np.clip(k / outer(k), -1, 1))
    return outer(k) * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi), (np.pi - angle) / (2 * np.pi)


def erf(k: Array) -> tuple[Array, Array]:
    """Williams 1997, and its derivative."""
    scale = np.outer(1 + 2 * np.diag(k), 1 + 2 * np.diag(k))
    return 2 / np.pi * np.arcsin(2 * k / np.sqrt(scale)), 4 / np.pi / np.sqrt(scale - 4 * k**2)


def act(phi: Callable[[Array], tuple[Array, Array]], kt: KT) -> KT:
    value, slope = phi(kt[0])
    return value, slope * kt[1]


def dense(kt: KT, w: float = 1.5, b: float = 0.1, own: float = 1.0) -> KT:
    k = w**2 * kt[0] + b**2
    return k, own * k + w**2 * kt[1]


def standard(kt: KT, inputs: int, w: float = 1.5, b: float = 0.1) -> KT:
    return w**2 * kt[0] + b**2, inputs * kt[0] + 1 + w**2 * kt[1]


def plus(*parts: KT) -> KT:
    return sum(p[0] for p in parts), sum(p[1] for p in parts)  # type: ignore[return-value]


def times(kt: KT, factor: float | Array) -> KT:
    return factor * kt[0], factor * kt[1]


def normed(kt: KT) -> KT:
    return times(kt, 1 / outer(kt[0]))


def dropped(kt: KT, keep: float) -> KT:
    """An example meets itself under one mask."""
    return times(kt, np.where(np.eye(len(kt[0]), dtype=bool), 1 / keep, 1.0))


def by_hand(name: str, gram: Array) -> dict[str, KT]:
    x: KT = (gram, np.zeros_like(gram))
    one = dense(x)
    z = act(relu, one)
    match name:
        case "plain":
            return {"": dense(act(relu, dense(z)), 1.2)}
        case "residual":
            two = plus(one, dense(z))
            return {"": dense(act(relu, plus(two, dense(act(relu, two)))), 1.2)}
        case "pre-activation LayerNorm":
            return {"": dense(act(relu, normed(plus(one, dense(act(relu, normed(one)))))), 1.2)}
        case "dense net":
            first = times(plus(z, act(relu, dense(z))), 1 / 2)
            return {"": dense(times(plus(times(first, 2), act(erf, dense(first))), 1 / 3), 1.2)}
        case "gated product":
            u = act(erf, one)
            (k1, t1), (k2, t2) = act(relu, dense(u)), dense(u)
            return {"": dense((k1 * k2, k1 * t2 + t1 * k2), 1.2)}
        case "shared twice":
            return {"": dense(act(relu, dense(act(relu, dense(z)))), 1.2)}
        case "shared and added":  # W (relu(A x) + erf(B x)): E erf = 0, so that nothing is left between the two but the biases, which are shared as well
            first, second = dense(z), dense(act(erf, one))
            both = plus(first, second)
            return {"": dense(act(relu, (both[0] + 2 * 0.1**2, both[1] + 2 * 0.1**2)), 1.2)}
        case "two heads":
            return {"value": dense(act(erf, dense(z)), 1.2), "policy": dense(z, 1.1, 0.0)}
        case "frozen first layer":
            frozen = dense(x, own=0.0)
            return {"": dense(act(relu, dense(act(relu, frozen))), 1.2)}
        case "u + u":
            return {"": dense(act(erf, dense(times(z, 4))), 1.2)}
        case "dropout":
            return {"": dense(dropped(act(relu, dense(dropped(z, 0.8))), 0.5), 1.2)}
        case "standard parameterization":
            first = act(relu, standard(x, 5))
            return {"": standard(act(relu, standard(first, WIDTH)), WIDTH, 1.2)}
        case "bias and scale":
            return {"": dense(times(act(erf, (one[0] + 0.16, one[1] + 0.16)), 1.7**2), 1.2)}
        case "three on one":  # relu(u) + erf(u) + u: averages of two functions by Stein's lemma
            k, t = one
            q, r = np.diag(k)[:, None], np.diag(k)[None, :]
            (v1, s1), (v2, s2) = relu(k), erf(k)
            erf_slope, relu_slope = lambda a: 2 / np.sqrt(np.pi * (1 + 2 * a)), 0.5
            cross_u = k * (2 * relu_slope + erf_slope(q) + erf_slope(r))  # E phi(u) v + E u phi(v)
            cross = k * (1 / np.sqrt(np.pi * (1 + 2 * q)) + 1 / np.sqrt(np.pi * (1 + 2 * r)))  # E relu(u) erf(v) + E erf(u) relu(v)
            slopes = 1 + s1 + s2 + 2 * relu_slope + erf_slope(q) + erf_slope(r) + 1 / np.sqrt(np.pi * (1 + 2 * q)) + 1 / np.sqrt(np.pi * (1 + 2 * r))
            return {"": dense((k + v1 + v2 + cross_u + cross, slopes * t), 1.2)}
    raise KeyError(name)


NAMES = [name for name in wirings() if name != "mixed activations"]  # that one is a chain, tested elsewhere


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 4e-15), ("float32", 2e-6)])
def test_kernels_are_those_written_by_hand(name: str, dtype: str, tolerance: float, rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 5)).astype(dtype)
    gram = x.astype("float64") @ x.astype("float64").T / 5
    with jax.enable_x64(dtype == "float64"):
        k = ntksym.kernel_fn(wirings(WIDTH)[name])
        for head, wanted in by_hand(name, gram).items():
            for kind, value in zip(("nngp", "ntk"), wanted, strict=True):
                got = k(x, get=f"{kind}_{head}" if head else kind)
                assert got.dtype == dtype
                np.testing.assert_allclose(np.asarray(got, "float64"), value, rtol=0, atol=tolerance * np.abs(value).max())
                if name != "dropout":  # there two rows of x1 and x2 are two examples; else equal rows amplify a rounding of K12 (erf at a variance of 8)
                    pair = k(x, x[:2], get=f"{kind}_{head}" if head else kind)
                    np.testing.assert_allclose(pair, got[:, :2], rtol=0, atol=2 * tolerance * np.abs(value).max())


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_checked_and_the_limit_is_joint(name: str) -> None:
    d = ntksym.derive(wirings(WIDTH)[name])
    assert d.verdict in (Status.CITED, Status.TESTED)
    assert not [s for s in d.all_steps() if s.verdict.status in (Status.UNCHECKED, Status.FALSE)]
    assert isinstance(d.conclusion.claim, Recursion)
    if name != "plain":
        assert d.conclusion.regime is Regime.LIMIT_JOINT
    assert ntksym.proof.Derivation.from_json(d.to_json()).replay() == d


@pytest.mark.parametrize("name", ["pre-activation LayerNorm", "dense net", "shared and added", "two heads"])
def test_pages(name: str) -> None:
    d = ntksym.derive(wirings()[name])
    for text in (d.text(), d.latex(), d.markdown(), d.html()):
        assert "NTK" in text and "Gaussian" in text


def test_the_walk_along_a_chain_gives_the_general_theorem(rng: np.random.Generator) -> None:
    """The same network once by induction over layers and once tensor by tensor (Scale(1) makes it a wiring)."""
    x = rng.normal(size=(4, 6))
    layers = [Dense(1.5, 0.1), Pointwise("gelu"), Dense(1.1, 0.3), Pointwise("erf"), Dense(0.9, 0.0)]
    with jax.enable_x64(True):
        for kind in ("nngp", "ntk"):
            chain, walk = (np.asarray(ntksym.kernel_fn(Network(net))(x, get=kind)) for net in (layers, [*layers[:2], Scale(1), *layers[2:]]))
            np.testing.assert_allclose(walk, chain, rtol=0, atol=2e-15 * np.abs(chain).max())


def test_the_graph_of_a_chain_can_be_walked() -> None:
    d = wired(ntksym.fcn(2, "relu", sigma_b=0.1), "ntk", "a chain")
    assert [name for name, _, _ in d.conclusion.claim.outputs] == ["nngp", "ntk"]


def test_parameters_of_layers_and_activations_are_keywords(rng: np.random.Generator) -> None:
    gain = sp.Symbol("gain", real=True)
    net = Network([Dense(1.5, 0.1), Pointwise("leaky_relu"), Scale(gain), Dense(1.2, 0.1)])
    k = ntksym.kernel_fn(net)
    x = rng.normal(size=(3, 4)).astype("float32")
    with pytest.raises(NetworkError, match="gain not given"):
        k(x)
    fixed = ntksym.kernel_fn(Network([Dense(1.5, 0.1), Pointwise("leaky_relu"), Scale(2), Dense(1.2, 0.1)]))
    np.testing.assert_allclose(k(x, gain=2.0), fixed(x), rtol=2e-6)
    assert np.isfinite(jax.grad(lambda g: k(x, gain=g).sum())(1.3))


def test_two_defaults_of_one_parameter_are_two_parameters() -> None:
    slopes = [Pointwise(ntksym.activation("leaky_relu", alpha=value)) for value in (0.1, 0.3)]
    net = Network([Dense(), Residual([slopes[0], Dense()]), slopes[1], Dense()])
    names = [str(p.symbol) for p in ntksym.derive(net).conclusion.claim.parameters]
    assert names == ["sigma_w", "alpha_1", "alpha_2"]


def test_gradients_through_a_wiring_are_finite(rng: np.random.Generator) -> None:
    """At coincident rows and at a zero row too, by every keyword."""
    x = rng.normal(size=(4, 5)).astype("float32")
    x[1], x[3] = x[0], 0
    for name in ("shared and added", "three on one"):
        k = ntksym.kernel_fn(wirings(8)[name])
        by_x = jax.grad(lambda v, k=k: k(v).sum())(x)
        by_sigma = jax.grad(lambda s, k=k: k(x, sigma_w=s).sum())(1.3)
        assert np.isfinite(by_x).all() and np.isfinite(by_sigma), name


@pytest.mark.parametrize("name", ["residual", "pre-activation LayerNorm", "three on one"])
def test_error_bounds_hold_in_float32(name: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 7)).astype("float32")
    k = ntksym.kernel_fn(wirings(WIDTH)[name])
    with jax.enable_x64(True):
        exact = np.asarray(k(x.astype("float64")))
    bound = np.asarray(k.error_bound(x))
    assert (np.abs(np.asarray(k(x), "float64") - exact) <= bound).all() and (bound < 1e-3 * np.abs(exact).max()).all()


def layers_of(*middle: object) -> Network:
    return Network([Dense(1.5, 0.1), *middle, Dense(1.2)])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Network([Pointwise("relu"), Dense()]), ["layer 1 (Pointwise)", "an activation on the input itself", "no centred Gaussians"]),
        (lambda: layers_of(Pointwise("relu"), Pointwise("relu")), ["layer 3 (Pointwise)", "an activation on the output of Pointwise", "one expression"]),
        (lambda: layers_of(Dropout(0.5), Pointwise("relu")), ["an activation on the output of Dropout", "no centred Gaussians"]),
        (lambda: layers_of(Product([[], [Dense()]]), Pointwise("erf")), ["an activation on the output of Product"]),
        (lambda: Network([Sum([[], [Dense()]]), Pointwise("relu"), Dense()]), ["an activation on the output of Sum"]),
        (lambda: layers_of(Pointwise("relu"), LayerNorm(), Pointwise("relu")), ["an activation on the output of LayerNorm"]),
        (lambda: Network([Dense(), Pointwise("relu")]), ["the last layer is Pointwise", "fresh weights", "end with a Dense"]),
        (lambda: Network([Dense(), Residual([Pointwise("relu"), Dense()])]), ["the last layer is Residual", "end with a Dense"]),
        (lambda: Network([Dense(shared="W"), Pointwise("relu"), Dense(shared="W")]), ["the readout shares its weights 'W'", "gradient independence"]),
        (
            lambda: layers_of(Pointwise("relu"), Dense(shared="W"), Pointwise("relu"), Dense(shared="W", transposed=True), Pointwise("relu")),
            ["the weights 'W' and their transpose", "a correction stands beside them"],
        ),
        (lambda: Network([Product([[], [Dense()]]), Dense()]), ["the input times something random"]),
        (lambda: layers_of(Product([[Pointwise("erf")], []])), ["layer 3 (Dense)", "slopes meet functions"]),
    ],
)
def test_what_the_theory_does_not_cover_is_refused_with_its_reason(make: Callable[[], Network], words: list[str]) -> None:
    with pytest.raises(NetworkError) as caught:
        ntksym.derive(make())
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_activation_that_jumps_in_a_wiring() -> None:
    net = Network([Dense(), Residual([Pointwise("step"), Dense()]), Pointwise("relu"), Dense()])
    with pytest.raises(NetworkError, match=r"layer 2 \(Residual\), layer 1 \(Pointwise\): the activation step jumps"):
        ntksym.derive(net)
    assert ntksym.derive(net, "nngp").verdict is Status.CITED


def test_what_has_no_code_says_so() -> None:
    open_widths = Network([Dense(1.0, parameterization="standard"), Pointwise("relu"), Dense(1.0, parameterization="standard")])
    with pytest.raises(LoweringError, match="width"):
        ntksym.kernel_fn(open_widths)
    outside = Network([Dense(), Sum([[Pointwise("tanh")], [Pointwise("relu")]]), Dense()])
    assert ntksym.derive(outside).conclusion.claim.numeric
    with pytest.raises(LoweringError, match="average"):
        ntksym.kernel_fn(outside)


def test_numbers_outside_the_class_work_in_a_wiring(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4)).astype("float32")
    net = Network([Dense(1.5, 0.1), Residual([Pointwise("tanh"), Dense(1.5, 0.1)]), Pointwise("tanh"), Dense()])
    k = ntksym.kernel_fn(net)
    assert np.isfinite(k(x)).all() and (np.linalg.eigvalsh(np.asarray(k(x), "float64")) > 0).all()


def test_shares_of_a_concatenation_follow_the_declared_widths(rng: np.random.Generator) -> None:
    """Two tensors of widths 30 and 10 count 3 to 1."""
    x = rng.normal(size=(3, 5))
    net = Network([Concat([[Dense(1.0, width=30), Pointwise("relu")], [Dense(1.0, width=10), Pointwise("erf")]]), Dense(1.0)])
    gram = x @ x.T / 5
    with jax.enable_x64(True):
        np.testing.assert_allclose(ntksym.kernel_fn(net)(x, get="nngp"), 0.75 * relu(gram)[0] + 0.25 * erf(gram)[0], rtol=0, atol=2e-15)


def test_averages_over_channels_that_are_no_gaussians(rng: np.random.Generator) -> None:
    """LayerNorm right after relu: mean and mean square are those of relu of a Gaussian."""
    x = rng.normal(size=(3, 5))
    gram = x @ x.T / 5
    value = relu(gram)[0]
    mean = np.sqrt(np.diag(gram) / (2 * np.pi))
    centred = value - np.outer(mean, mean)
    with jax.enable_x64(True):
        net = Network([Dense(), Pointwise("relu"), LayerNorm(), Dense()])
        np.testing.assert_allclose(ntksym.kernel_fn(net)(x, get="nngp"), centred / outer(centred), rtol=0, atol=4e-15)


def test_a_square_by_isserlis(rng: np.random.Generator) -> None:
    """u^2 as a gate of u with itself: E u^2 v^2 = q11 q22 + 2 q12^2, and slopes 2u."""
    x = rng.normal(size=(3, 5))
    gram = x @ x.T / 5
    with jax.enable_x64(True):
        k = ntksym.kernel_fn(Network([Dense(), Product([[], []]), Dense()]))
        nngp = np.outer(np.diag(gram), np.diag(gram)) + 2 * gram**2
        np.testing.assert_allclose(k(x, get="nngp"), nngp, rtol=0, atol=2e-14)
        np.testing.assert_allclose(k(x), nngp + 4 * gram * gram, rtol=0, atol=4e-14)


def test_heads_and_biases_are_listed() -> None:
    net = Network([Dense(), Pointwise("relu"), Bias(0.3), Heads({"a": [Dense()], "b": [Dense(2.0)]})])
    claim = ntksym.derive(net).conclusion.claim
    assert [name for name, _, _ in claim.outputs] == ["nngp_a", "ntk_a", "nngp_b", "ntk_b"]
    assert [str(p.default) for p in claim.parameters] == ["(1, 1, 1, 2)", "(0, 3/10, 0, 0)"]
