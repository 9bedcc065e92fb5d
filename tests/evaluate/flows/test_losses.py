"""Flows of losses without closed form: against the same loss in closed form, a parameter-space solver, and steps by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

import ntksym
from ntksym.errors import DataError, NetworkError, ToleranceWarning

pytest.importorskip("diffrax", reason="the extra `flow` is not installed")

SEED = 11
N, M, K, P = 5, 2, 3, 40


@pytest.fixture(scope="module", autouse=True)
def double() -> object:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def model() -> dict[str, np.ndarray]:
    """A model linear in its parameters: Jacobians on training and test inputs, initial outputs, one-hot labels."""
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    jacobian = rng.normal(size=(N + M, K, P)) / np.sqrt(P)
    kernel = np.einsum("nip,mjp->nmij", jacobian, jacobian)
    return {
        "jacobian": jacobian,
        "train": kernel[:N, :N],
        "cross": kernel[N:, :N],
        "y": np.eye(K)[rng.integers(0, K, N)],
        "start": rng.normal(size=(N + M, K)),
    }


def softmax(f: np.ndarray) -> np.ndarray:
    e = np.exp(f - f.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


TIMES = [0.5, 4.0, 30.0]


@pytest.mark.parametrize("momentum", [None, 0.5])
@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_cross_entropy_in_function_space_is_that_in_weight_space(momentum: float | None, ridge: float) -> None:
    case = model()
    eta = 0.7

    def slope(w: np.ndarray) -> np.ndarray:
        f = case["start"] + case["jacobian"] @ w
        return np.einsum("nip,ni->p", case["jacobian"][:N], softmax(f[:N]) - case["y"]) + ridge * w

    if momentum is None:
        run = scipy.integrate.solve_ivp(lambda _, w: -eta * slope(w), (0, 30), np.zeros(P), t_eval=TIMES, method="DOP853", rtol=1e-12, atol=1e-13)
        dynamics, keywords = "gradient_flow", {}
    else:

        def velocity(_: float, state: np.ndarray) -> np.ndarray:
            return np.concatenate([state[P:], -(1 - momentum) * state[P:] - eta * slope(state[:P])])

        run = scipy.integrate.solve_ivp(velocity, (0, 30), np.zeros(2 * P), t_eval=TIMES, method="DOP853", rtol=1e-12, atol=1e-13)
        dynamics, keywords = "momentum_flow", {"momentum": momentum}
    expected = case["start"][None] + np.einsum("nip,pt->tni", case["jacobian"], run.y[:P])
    flow = ntksym.flow_fn("cross_entropy", dynamics)
    keywords |= {"k_test_train": case["cross"], "f_train_0": case["start"][:N], "f_test_0": case["start"][N:], "learning_rate": eta, "ridge": ridge}
    train, test = flow(case["train"], case["y"], TIMES, **keywords)
    assert np.max(np.abs(np.asarray(train) - expected[:, :N])) < 1e-8
    assert np.max(np.abs(np.asarray(test) - expected[:, N:])) < 1e-8
    if momentum is None:
        # One kernel for all outputs: the mean of the logits of every example stays where it was.
        shared = flow(case["train"][:, :, 0, 0], case["y"], TIMES, f_train_0=case["start"][:N], learning_rate=eta).train
        assert np.max(np.abs(np.asarray(shared).mean(axis=2) - case["start"][:N].mean(axis=1))) < 1e-9


@pytest.mark.parametrize("dynamics", ["gradient_descent", "momentum"])
def test_steps_of_the_cross_entropy_by_hand(dynamics: str) -> None:
    case = model()
    mu, eta = (0.4 if dynamics == "momentum" else 0.0), 0.3
    now = before = np.zeros(P)
    for _ in range(25):
        f = case["start"] + case["jacobian"] @ now
        now, before = now + mu * (now - before) - eta * np.einsum("nip,ni->p", case["jacobian"][:N], softmax(f[:N]) - case["y"]), now
    expected = case["start"] + case["jacobian"] @ now
    keywords = {"k_test_train": case["cross"], "f_train_0": case["start"][:N], "f_test_0": case["start"][N:]}
    train, test = ntksym.flow_fn("cross_entropy", dynamics)(case["train"], case["y"], [25, 3], learning_rate=eta, momentum=mu, **keywords)
    assert np.max(np.abs(np.asarray(train)[0] - expected[:N])) < 1e-12
    assert np.max(np.abs(np.asarray(test)[0] - expected[N:])) < 1e-12


@pytest.mark.parametrize("dynamics", ["gradient_flow", "gradient_descent", "momentum", "momentum_flow"])
def test_a_callable_square_is_the_closed_form(dynamics: str) -> None:
    case = model()
    mu = 0.3 if dynamics.startswith("momentum") else 0.0
    keywords = {"learning_rate": 0.2, "momentum": mu, "ridge": 0.3, "k_test_train": case["cross"], "f_train_0": case["start"][:N]}

    def square(f: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.sum((f - y) ** 2) / 2

    exact = ntksym.flow_fn(dynamics=dynamics)(case["train"], case["y"], [2.0, 9.0, np.inf], **keywords)
    found = ntksym.flow_fn(square, dynamics)(case["train"], case["y"], [2.0, 9.0, np.inf], **keywords)
    finite, end = (1e-12, 1e-7) if dynamics in ("gradient_descent", "momentum") else (1e-8, 1e-7)
    error = np.max(np.abs(np.asarray(found.test) - np.asarray(exact.test)), axis=(1, 2))
    assert error[0] < finite and error[1] < finite and error[2] < end
    factored = ntksym.flow_fn(square, dynamics)(ntksym.factorize(case["train"]), case["y"], [2.0], **keywords)
    assert np.max(np.abs(np.asarray(factored.train[0]) - np.asarray(found.train[0]))) < 1e-8


def test_stopping_short_is_said() -> None:
    case = model()
    flow = ntksym.flow_fn("cross_entropy")
    with pytest.warns(ToleranceWarning, match="stopped short after 5 steps"):
        flow(case["train"], case["y"], 100.0, max_steps=5)
    with pytest.warns(ToleranceWarning, match="stopped short"):
        ntksym.flow_fn("cross_entropy", "gradient_descent")(case["train"], case["y"], np.inf, learning_rate=0.1, ridge=1e-3, max_steps=20)


def test_wrong_use() -> None:
    case = model()
    flow = ntksym.flow_fn("cross_entropy")
    soft = case["y"] * 0.5
    with pytest.raises(DataError, match="not one-hot"):
        flow(case["train"], soft, 1.0)
    with pytest.raises(DataError, match="no minimum"):
        flow(case["train"], case["y"], np.inf)
    with pytest.raises(DataError, match="sure to be stable"):
        ntksym.flow_fn("cross_entropy", "gradient_descent")(case["train"], case["y"], 5, learning_rate=50.0)
    with pytest.raises(NetworkError, match="a scalar"):
        ntksym.flow_fn(lambda f, y: (f - y) ** 2)(case["train"], case["y"], 1.0)
