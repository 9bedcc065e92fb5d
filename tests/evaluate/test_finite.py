"""The finite network: its function against one written in numpy, the law of its outputs, activations and their derivatives, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from evaluate.finite_cases import WIRINGS

from ntksym.activations import activation, catalogue
from ntksym.errors import LoweringError, NetworkError, PrecisionWarning, ShapeError
from ntksym.evaluate.finite import apply_fn, init_fn
from ntksym.evaluate.finite.functions import scalar_function
from ntksym.gaussian.evaluation import line_values
from ntksym.network import Bias, Concat, Coordinatewise, Dense, Dropout, Network, Pointwise, Scale, Signal, Sum, fcn
from ntksym.notation import x as X

erf = np.vectorize(math.erf)


def relu(h: np.ndarray) -> np.ndarray:
    return np.maximum(h, 0)


def gelu(h: np.ndarray) -> np.ndarray:
    return h * (1 + erf(h / np.sqrt(2))) / 2


def sigmoid(h: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-h))


def dense(z: np.ndarray, pair: Any, sigma_w: float = 1.0, sigma_b: float = 0.0) -> np.ndarray:
    return sigma_w / np.sqrt(z.shape[1]) * z @ pair[0] + sigma_b * pair[1]


def norm(u: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    return (u - u.mean(1, keepdims=True)) / np.sqrt(u.var(1, keepdims=True) + epsilon)


def plain(p: Any, x: np.ndarray) -> np.ndarray:
    for k, pair in enumerate(p):
        x = dense(x if k == 0 else relu(x), pair, 1.3, 0.2)
    return x


def residual(p: Any, x: np.ndarray) -> np.ndarray:
    u = dense(x, p[0], 1.2, 0.1)
    return dense(erf(u + dense(relu(u), p[1], 1.1, 0.2)), p[2])


def pre_activation(p: Any, x: np.ndarray) -> np.ndarray:
    u = dense(x, p[0])
    u = u + dense(gelu(norm(u)), p[1], 1.1, 0.2)
    return dense(u + dense(relu(norm(u, 0.1)), p[2], 0.9), p[3])


def dense_net(p: Any, x: np.ndarray) -> np.ndarray:
    u = dense(x, p[0])
    u = np.hstack([u, dense(relu(u), p[1], 1.1, 0.3)])
    return dense(np.hstack([u, dense(np.tanh(u), p[2])]), p[3])


def gated(p: Any, x: np.ndarray) -> np.ndarray:
    u = dense(x, p[0], 1.5, 0.1)
    return dense(sigmoid(dense(u, p[1])) * dense(u, p[2], 1.2, 0.3), p[3], 0.7, 0.4)


def shared(p: Any, x: np.ndarray) -> np.ndarray:
    u = dense(relu(dense(x, p[0])), p[1], 1.1, 0.2)
    return dense(relu(dense(erf(u), p[1], 1.1, 0.2)), p[2])


def heads(p: Any, x: np.ndarray) -> np.ndarray:
    z = relu(dense(x, p[0], 1.2, 0.3))
    return np.hstack([dense(z, p[1], 1, 0.1), 2 * dense(z, p[2], 1.5)])


def mixed(p: Any, x: np.ndarray) -> np.ndarray:
    return dense(np.sin(dense(gelu(dense(erf(dense(x, p[0], 1.4, 0.3)), p[1], 0.8, 0.1)), p[2], 1.1)), p[3])


def frozen(p: Any, x: np.ndarray) -> np.ndarray:
    return dense(relu(dense(relu(dense(x, p[0], 1.3, 0.2)), p[1], 1.1, 0.1)), p[2])


def twice(p: Any, x: np.ndarray) -> np.ndarray:
    return dense(relu(2 * dense(x, p[0], 1.2, 0.3)), p[1])


def standard(p: Any, x: np.ndarray) -> np.ndarray:
    for k, (w, b) in enumerate(p):
        x = (x if k == 0 else relu(x)) @ w + b
    return x


def biases(p: Any, x: np.ndarray) -> np.ndarray:
    return dense(relu(dense(x, p[0], 1.2) + 0.4 * p[1][1]), p[2]) + 0.2 * p[3][1]


def scaled(p: Any, x: np.ndarray) -> np.ndarray:
    return dense(0.3 * relu(dense(x, p[0], 1.2, 0.1)), p[1], 0.9, 0.2)


def transposed(p: Any, x: np.ndarray) -> np.ndarray:
    u = dense(relu(dense(x, p[0], 1.2, 0.1)), p[1], 1.3, 0.2)
    return dense(dense(erf(u), (p[1][0].T, 0), 1.3), p[2])


def standard_transposed(p: Any, x: np.ndarray) -> np.ndarray:
    """W = sigma_w omega/sqrt(4) holds for the plain use; the transposed one multiplies by sigma_w omega^T/sqrt(6)."""
    w, b = p[1]
    u = dense(x, p[0], 1.2, 0.1) @ w + b
    u = erf(u) @ (np.sqrt(4 / 6) * w.T)
    return dense(np.tanh(u) @ w + b, p[2])


BY_HAND: dict[str, Callable[[Any, np.ndarray], np.ndarray]] = {
    "plain": plain,
    "residual": residual,
    "pre_activation_layer_norm": pre_activation,
    "dense_net_concat": dense_net,
    "gated_product": gated,
    "shared_twice": shared,
    "two_heads": heads,
    "mixed_activations": mixed,
    "frozen_first": frozen,
    "same_twice": twice,
    "standard": standard,
    "bias_alone": biases,
    "scale": scaled,
    "transposed": transposed,
    "standard_transposed": standard_transposed,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_function_is_the_one_written_by_hand(name: str, seed: int, rng: np.random.Generator) -> None:
    network = WIRINGS[name]
    for dtype, tolerance in (("float32", 3e-6), ("float64", 1e-14)):
        with jax.enable_x64(dtype == "float64"):
            params = init_fn(network)(jax.random.key(seed % 2**31), 3, dtype)
            x = rng.standard_normal((4, 3)).astype(dtype)
            found = apply_fn(network)(params, x)
            assert found.dtype == np.dtype(dtype)
            by_hand = [tuple(np.asarray(a, dtype=float) for a in pair) for pair in params]
            wanted = BY_HAND[name](by_hand, x.astype(float))
        assert np.abs(np.asarray(found) - wanted).max() < tolerance * max(1, np.abs(wanted).max())


def test_params_stand_in_construction_order() -> None:
    network = WIRINGS["frozen_shared"]
    params = init_fn(network)(jax.random.key(0), 3)
    assert [(w.shape, beta.shape) for w, beta in params] == [((3, 5), (5,)), ((5, 5), (5,)), ((5, 2), (2,))]
    alone = init_fn(WIRINGS["bias_alone"])(jax.random.key(0), 3)
    assert [(w.shape, beta.shape) for w, beta in alone] == [((3, 5), (5,)), ((0, 5), (5,)), ((5, 3), (3,)), ((0, 3), (3,))]


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_outputs_have_the_law_of_either_parameterization(parameterization: str, seed: int) -> None:
    """Given the hidden layer nothing is needed: E f(x) f(x') of a linear net is sigma_w^4 x.x'/n_0 + sigma_w^2 sigma_b^2 + sigma_b^2 for every width."""
    network = Network([Dense(1.3, 0.5, 6, parameterization), Dense(1.3, 0.5, 2, parameterization)])
    x = np.array([[1.0, -2.0, 0.5], [0.3, 0.4, -1.0]], dtype=np.float32)
    draws = 20000
    keys = jax.random.split(jax.random.key(seed % 2**31), draws)
    f = np.asarray(jax.jit(jax.vmap(lambda key: apply_fn(network)(init_fn(network)(key, 3), x)))(keys), dtype=float)
    products = np.einsum("spi,sqi->spq", f, f) / 2
    wanted = 1.3**4 * (x @ x.T) / 3 + 1.3**2 * 0.5**2 + 0.5**2
    error = products.std(0) / np.sqrt(draws)
    assert (np.abs(products.mean(0) - wanted) < 4.5 * error).all()
    assert (np.abs(f.mean(0)) < 4.5 * f.std(0) / np.sqrt(draws)).all()


def test_standard_parameters_have_their_deviations(seed: int) -> None:
    network = Network([Dense(1.5, 0.4, 300, "standard"), Dense(0.5, 0.2, 300, "standard")])
    params = init_fn(network)(jax.random.key(seed % 2**31), 200)
    for (w, b), sigma_w, sigma_b, fan_in in zip(params, (1.5, 0.5), (0.4, 0.2), (200, 300), strict=True):
        assert abs(float(w.std()) / (sigma_w / fan_in**0.5) - 1) < 5 / np.sqrt(2 * w.size)
        assert abs(float(b.std()) / sigma_b - 1) < 5 / np.sqrt(2 * b.size)


def test_masks_belong_to_examples_and_average_out(seed: int) -> None:
    network = Network([Dense(width=50), Dropout(0.8), Dense(width=1)])
    params = init_fn(network)(jax.random.key(0), 3)
    x = jnp.ones((4, 3), jnp.float32)
    f, key = apply_fn(network), jax.random.key(seed % 2**31)
    out = f(params, x, key=key)
    assert len(np.unique(np.asarray(out))) == 4  # equal inputs, masks of their own
    assert np.array_equal(f(params, x[:2], key=key), out[:2])  # whatever else is in the batch
    assert not np.array_equal(f(params, x, key=jax.random.key(seed % 2**31 + 1)), out)
    many = np.asarray(f(params, jnp.ones((20000, 3), jnp.float32), key=key))[:, 0]
    without = float(apply_fn(Network([Dense(width=50), Dense(width=1)]))(params, x[:1])[0, 0])
    assert abs(many.mean() - without) < 4.5 * many.std() / np.sqrt(len(many))
    hidden = np.asarray(x[:1] @ params[0][0]) / np.sqrt(3)
    spread = np.sqrt(((hidden * np.asarray(params[1][0])[:, 0]) ** 2).sum() / 50 * (1 - 0.8) / 0.8)
    assert abs(many.std() / spread - 1) < 0.03  # 3 standard errors of a standard deviation from 20,000 draws are 1.5 %
    old_style = f(params, x, key=jax.random.PRNGKey(0))
    assert old_style.shape == (4, 1)


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: row.name)
def test_activations_and_their_slopes(row: Any) -> None:
    """Phi against the expression walked in numpy, phi' against central differences of it off the kinks; finite in float32 wherever phi is bounded by x^5."""
    phi = row.at_defaults(X)
    f = scalar_function(phi, row.name)
    points = np.array([-40.0, -7.3, -2.31, -1.71, -0.83, -0.27, 0.31, 0.77, 1.33, 2.9, 8.1, 40.0])
    with jax.enable_x64(True):
        value = np.asarray(f(jnp.asarray(points)))
        slope = np.asarray(jax.vmap(jax.grad(f))(jnp.asarray(points)))
        curvature = np.asarray(jax.vmap(jax.grad(jax.grad(f)))(jnp.asarray(points[2:-2])))
        step = 1e-5
        ends = [np.asarray(jax.vmap(jax.grad(f))(jnp.asarray(points[2:-2] + s))) for s in (step, -step)]
    wanted = np.broadcast_to(line_values(phi, {X: points}), points.shape)
    assert (np.abs(value - wanted) < 4e-15 * (1 + np.abs(points) + np.abs(wanted))).all()  # cosh(40) has an error of 1.9e-15 on some processors
    fourth = [line_values(phi, {X: points + s * 1e-3}) for s in (2, 1, -1, -2)]
    difference = np.broadcast_to((-fourth[0] + 8 * fourth[1] - 8 * fourth[2] + fourth[3]) / 12e-3, points.shape)
    assert (np.abs(slope - difference) < 1e-8 * (1 + np.abs(difference) + np.abs(wanted))).all()
    assert (np.abs(curvature - (ends[0] - ends[1]) / (2 * step)) < 1e-6 * (1 + np.abs(curvature))).all()
    if not phi.has(sp.sinh, sp.cosh) and row.name not in ("exp", "scaled_exp"):
        far = jnp.asarray(np.array([-1e3, -1e2, -0.0, 0.0, 1e-30, 1e2, 1e3], dtype=np.float32))
        for function in (f, jax.grad(f), jax.grad(jax.grad(f))):
            assert bool(jnp.isfinite(jax.vmap(function)(far)).all())


def test_slopes_at_kinks_are_those_from_the_right() -> None:
    zero = jnp.zeros((), jnp.float32)
    for name, slope in (("relu", 1), ("leaky_relu", 1), ("abs", 1), ("elu", 1), ("step", 0), ("sign", 0)):
        assert float(jax.grad(scalar_function(activation(name).at_defaults(X), ""))(zero)) == slope
    assert float(scalar_function(activation("step").at_defaults(X), "")(zero)) == 1


def test_transformations_agree(seed: int, rng: np.random.Generator) -> None:
    network = WIRINGS["residual"]
    f = apply_fn(network)
    params = init_fn(network)(jax.random.key(seed % 2**31), 3)
    x = jnp.asarray(rng.standard_normal((5, 4, 3)).astype(np.float32))
    assert np.allclose(jax.vmap(f, (None, 0))(params, x), np.stack([f(params, part) for part in x]), rtol=1e-5, atol=1e-6)
    assert np.allclose(jax.jit(f)(params, x[0]), f(params, x[0]), rtol=1e-6)
    with jax.enable_x64(True):
        p64 = jax.tree.map(lambda a: a.astype(jnp.float64), params)
        x64 = x[0].astype(jnp.float64)
        loss = lambda p: (f(p, x64) ** 2).sum()  # noqa: E731
        direction = jax.tree.map(jnp.ones_like, p64)
        along = lambda t: loss(jax.tree.map(lambda a, d: a + t * d, p64, direction))  # noqa: E731
        slope = (along(1e-6) - along(-1e-6)) / 2e-6
        assert abs(float(jax.jvp(loss, (p64,), (direction,))[1] / slope) - 1) < 1e-7


def test_equal_networks_share_their_functions() -> None:
    one, two = fcn(1, "relu", widths=4), fcn(1, "relu", widths=4)
    assert apply_fn(one) is apply_fn(two) and init_fn(one) is init_fn(two)
    assert apply_fn(one).network == two
    assert len({apply_fn(one), apply_fn(two)}) == 1


def test_frozen_parameters_have_no_gradient() -> None:
    network = WIRINGS["frozen_first"]
    params = init_fn(network)(jax.random.key(0), 3)
    gradient = jax.grad(lambda p: apply_fn(network)(p, jnp.ones((2, 3), jnp.float32)).sum())(params)
    assert all(float(jnp.abs(g).max()) == 0 for g in gradient[0])
    assert all(float(jnp.abs(w).max()) > 0 for w, _ in gradient[1:])


def small() -> tuple[Any, Any]:
    network = fcn(1, "relu", widths=4, out=2)
    return apply_fn(network), init_fn(network)(jax.random.key(0), 3)


def with_params(change: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: small()[0](change(small()[1]), np.ones((2, 3), np.float32))


def with_x(x: Any) -> Callable[[], Any]:
    return lambda: small()[0](small()[1], x)


ONES = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: init_fn(fcn(1, "relu"))(jax.random.key(0), 3), NetworkError, ["layer 1 (Dense)", "without a width", "width=512"]),
        (lambda: init_fn(Network([Dense(width=3), Pointwise("relu"), Dense()]))(jax.random.key(0), 3), NetworkError, ["layer 3 (Dense)"]),
        (lambda: init_fn(fcn(sp.Symbol("L", integer=True, positive=True), "relu"))(jax.random.key(0), 3), NetworkError, ["L layers", "number of layers"]),
        (lambda: init_fn(fcn(1, sp.Function("phi"), widths=3))(jax.random.key(0), 3), NetworkError, ["left open", "layer 2 (Pointwise)"]),
        (lambda: init_fn(fcn(1, "relu", widths=3, sigma_w=sp.Symbol("s", positive=True)))(jax.random.key(0), 3), NetworkError, ["sigma_w=s", "no number"]),
        (lambda: init_fn(fcn(1, sp.Max(0, X) * sp.Symbol("a", real=True), widths=3))(jax.random.key(0), 3), NetworkError, ["a has no number"]),
        (lambda: init_fn(Network([Dense(width=3), Scale(sp.Symbol("c", real=True))]))(jax.random.key(0), 3), NetworkError, ["c has no number", "Scale"]),
        (lambda: init_fn(Network([Sum([[], [Dense(width=4)]]), Dense(width=1)]))(jax.random.key(0), 3), ShapeError, ["3 inputs", "width 4"]),
        (lambda: init_fn("relu"), NetworkError, ["'relu' is no network"]),
        (lambda: apply_fn([Dense(width=1)]), NetworkError, ["is no network"]),
        (lambda: init_fn(fcn(1, "relu", widths=3))(jax.random.key(0), 0), ShapeError, ["n_in=0"]),
        (lambda: init_fn(fcn(1, "relu", widths=3))(jax.random.key(0), 2.0), ShapeError, ["n_in=2.0"]),
        (lambda: init_fn(fcn(1, "relu", widths=3))(jax.random.key(0), 3, "int32"), ShapeError, ["dtype int32"]),
        (lambda: init_fn(fcn(1, "relu", widths=3))(jax.random.key(0), 3, "float64"), ShapeError, ["32-bit mode", "enable_x64"]),
        (with_params(lambda p: p[:1]), ShapeError, ["1 entries", "2 layers"]),
        (with_params(lambda p: {"w": p}), ShapeError, ["a dict"]),
        (with_params(lambda p: [p[0][0], p[1]]), ShapeError, ["params[0] is no pair"]),
        (with_params(lambda p: [p[0], (p[1][0].T, p[1][1])]), ShapeError, ["params[1]", "(2, 4)", "(4, 2)", "another network"]),
        (with_params(lambda p: [p[0], (p[1][0].astype(jnp.float16), p[1][1])]), ShapeError, ["float16"]),
        (with_x(np.ones(3, np.float32)), ShapeError, ["(3,)", "x[None, :]"]),
        (with_x(np.ones((2, 3), np.int32)), ShapeError, ["int32"]),
        (with_x(np.ones((2, 4), np.float32)), ShapeError, ["params[0]", "columns"]),
        (with_x(np.full((2, 3), np.nan, np.float32)), ShapeError, ["NaN", "row 0"]),
        (with_x(np.ones((0, 3), np.float32)), ShapeError, ["nothing in it"]),
        (lambda: jax.jit(lambda x: small()[0](small()[1], x))(np.ones(3, np.float32)), ShapeError, ["(3,)"]),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_dropout_needs_a_key() -> None:
    network = WIRINGS["dropout"]
    params = init_fn(network)(jax.random.key(0), 3)
    with pytest.raises(NetworkError, match="no key.*Dropout"):
        apply_fn(network)(params, ONES)


def test_float64_inputs_in_32_bit_mode_warn() -> None:
    f, params = small()
    with pytest.warns(PrecisionWarning, match="enable_x64"):
        assert f(params, np.ones((2, 3))).dtype == np.float32


def test_widths_that_follow_from_the_inputs_need_not_be_given() -> None:
    network = Network([Sum([[], [Dense(1.2)]]), Concat([[], [Dense(width=2)]]), Bias(0.3), Dense(width=1)])
    params = init_fn(network)(jax.random.key(0), 3)
    assert [w.shape for w, _ in params] == [(3, 3), (3, 2), (0, 5), (5, 1)]
    assert apply_fn(network)(params, ONES).shape == (2, 1)


@dataclass(frozen=True)
class Share(Coordinatewise):
    """A layer that is nothing but its formula: exp(u_a) over the average of exp(u) over the channels."""

    def formula(self, u: Signal) -> sp.Expr:
        return sp.exp(u.here) / u.mean(sp.exp)


def test_a_layer_is_its_formula(rng: np.random.Generator) -> None:
    network = Network([Dense(width=6), Share(), Dense(width=2)])
    with jax.enable_x64(True):
        params = init_fn(network)(jax.random.key(0), 3, "float64")
        x = rng.standard_normal((4, 3))
        z = np.exp(dense(x, [np.asarray(a) for a in params[0]]))
        wanted = dense(z / z.mean(1, keepdims=True), [np.asarray(a) for a in params[1]])
        assert np.abs(np.asarray(apply_fn(network)(params, x)) - wanted).max() < 1e-14


def test_a_function_without_code_is_named() -> None:
    with pytest.raises(LoweringError, match="activation: there is no code for loggamma"):
        scalar_function(sp.loggamma(X**2 + 1), "activation")(jnp.ones(2))
