"""Training against closed solutions by NumPy, integrators of scipy and backpropagation by hand."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from ntksym.errors import DataError
from ntksym.evaluate.finite import apply_fn, empirical_ntk_fn, init_fn, taylor_expand
from ntksym.evaluate.flows import flow_fn
from ntksym.evaluate.training import train
from ntksym.evaluate.training.spectrum import largest_eigenvalue
from ntksym.network import Dense, Network, fcn

NET = fcn(1, "tanh", sigma_w=1.4, sigma_b=0.2, widths=12, out=2)
FUNCTION = ("outputs",)


class Case:
    """A network at its start, with everything about its linearization by one Jacobian."""

    def __init__(self, seed: int, net: Network = NET, n: int = 5) -> None:
        rng = np.random.default_rng(seed)
        self.x, self.x_test = rng.standard_normal((n, 3)), rng.standard_normal((3, 3))
        self.y = rng.standard_normal((n, 2))
        self.params = init_fn(net)(jax.random.key(seed % 2**31), 3, "float64")
        f = apply_fn(net)
        self.f0, self.f0_test = (np.asarray(f(self.params, jnp.asarray(x))) for x in (self.x, self.x_test))
        self.j, self.j_test = (self._jacobian(f, x) for x in (self.x, self.x_test))
        self.theta, self.theta_test = self.j @ self.j.T, self.j_test @ self.j.T
        self.top = float(np.linalg.eigvalsh(self.theta)[-1])

    def _jacobian(self, f: Any, x: np.ndarray) -> np.ndarray:
        leaves = jax.tree.leaves(jax.jacrev(lambda p: f(p, jnp.asarray(x)))(self.params))
        return np.concatenate([np.asarray(leaf).reshape(2 * len(x), -1) for leaf in leaves], axis=1)

    def solution(self, remaining: Any, ridge: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Train and test outputs and w, from what remains of each mode, a function of its eigenvalue."""
        values, vectors = np.linalg.eigh(self.theta + ridge * np.eye(len(self.theta)))
        along = (vectors.T @ (self.y - self.f0).ravel()) * np.array([(1 - remaining(v)) / v for v in values])
        alpha = vectors @ along
        return (
            self.f0 + (self.theta @ alpha).reshape(self.f0.shape),
            self.f0_test + (self.theta_test @ alpha).reshape(self.f0_test.shape),
            self.j.T @ alpha,
        )


def flat(params: Any) -> np.ndarray:
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(params)])


def off(training: Any, case: Case, remaining: Any, ridge: float) -> float:
    """Largest error of outputs at all times, and of w at the last."""
    worst = 0.0
    for index, t in enumerate(training.t):
        f, f_test, w = case.solution(lambda v, t=t: remaining(v, t), ridge)
        worst = max(worst, np.abs(training.f_lin_train[index] - f).max(), np.abs(training.f_lin_test[index] - f_test).max())
    return max(worst, np.abs(flat(training.params_lin) - flat(case.params) - w).max())


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_descent_of_the_linearization(seed: int, ridge: float) -> None:
    """(1 - eta (lambda + r))^t in every mode; measured up to 5e-14 over 8 seeds."""
    with jax.enable_x64(True):
        case = Case(seed)
        rate = 1.5 / (case.top + ridge)
        found = train(NET, case.params, case.x, case.y, [0, 1, 7, 300], x_test=case.x_test, learning_rate=rate, ridge=ridge, record=FUNCTION)
        assert off(found, case, lambda v, t: (1 - rate * v) ** t, ridge) < 1e-12
        assert found.edge == pytest.approx(2 / (case.top + ridge), rel=1e-10)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_heavy_ball_of_the_linearization(seed: int, ridge: float) -> None:
    """Powers of the companion matrix of z^2 - (1 + beta - eta lambda) z + beta; measured up to 6e-14 over 8 seeds."""
    with jax.enable_x64(True):
        case, beta = Case(seed), 0.6
        rate = 1.9 * (1 + beta) / (case.top + ridge)

        def remaining(v: float, t: float) -> float:
            return (np.linalg.matrix_power(np.array([[1 + beta - rate * v, -beta], [1, 0]]), int(t)) @ np.ones(2))[0]

        found = train(
            NET,
            case.params,
            case.x,
            case.y,
            [0, 1, 2, 50, 300],
            x_test=case.x_test,
            dynamics="momentum",
            momentum=beta,
            learning_rate=rate,
            ridge=ridge,
            record=FUNCTION,
            force=True,
        )
        assert off(found, case, remaining, ridge) < 1e-12
        assert found.edge == pytest.approx(2 * (1 + beta) / (case.top + ridge), rel=1e-10)


def test_flow_of_the_linearization(seed: int) -> None:
    """e^{-eta (lambda + r) t}, measured up to 2e-10 over 8 seeds; and at rest, the minimum-norm solution by the pseudoinverse."""
    pytest.importorskip("diffrax")
    with jax.enable_x64(True):
        case, ridge, rate = Case(seed), 0.1, 0.7
        given: dict[str, Any] = {"x_test": case.x_test, "dynamics": "gradient_flow", "record": FUNCTION}
        found = train(NET, case.params, case.x, case.y, [0.0, 0.02, 1.0, 20.0], learning_rate=rate, ridge=ridge, rest=1e-13, **given)
        assert off(found, case, lambda v, t: np.exp(-rate * v * t), ridge) < 1e-8
        assert found.at_rest_lin is None and found.edge == np.inf
        last = train(NET, case.params, case.x, case.y, [1.0, np.inf], rest=1e-7, **given)
        assert 1 < last.at_rest_lin < np.inf and last.loss[-1] < 1e-10
        smallest = np.linalg.eigvalsh(case.theta)[0]
        wanted = np.linalg.pinv(case.j) @ (case.y - case.f0).ravel()
        assert np.linalg.norm(flat(last.params_lin) - flat(case.params) - wanted) < 1.1e-7 / smallest


def test_flow_with_momentum_of_the_linearization(seed: int) -> None:
    """u'' + (1 - beta) u' + eta (lambda + r) u = 0 from rest, by the exponential of a 2 x 2 matrix."""
    pytest.importorskip("diffrax")
    with jax.enable_x64(True):
        case, ridge, rate, beta = Case(seed), 0.1, 0.02, 0.7
        given: dict[str, Any] = {"dynamics": "momentum_flow", "momentum": beta, "learning_rate": rate, "ridge": ridge, "record": FUNCTION, "linearized": False}
        model = taylor_expand(apply_fn(NET), case.params, 1)
        found = train(model, case.params, case.x, case.y, [0.0, 3.0, 60.0], **given)
        for index, t in enumerate(found.t):
            f, _, _ = case.solution(lambda v, t=t: expm(np.array([[0, 1], [-rate * v, beta - 1]]) * t)[0, 0], ridge)
            assert np.abs(found.f_train[index] - f).max() < 1e-8


@pytest.mark.parametrize(("dynamics", "momentum"), [("gradient_descent", 0.0), ("momentum", 0.6)])
def test_the_derived_flow_of_the_empirical_kernel(seed: int, dynamics: str, momentum: float) -> None:
    """What flow_fn makes of Theta-hat_0 is what training makes of the parameters."""
    with jax.enable_x64(True):
        case, t = Case(seed), [0, 1, 40]
        given: dict[str, Any] = {"learning_rate": 1.0 / case.top, "momentum": momentum, "ridge": 0.2}
        found = train(NET, case.params, case.x, case.y, t, x_test=case.x_test, dynamics=dynamics, record=FUNCTION, **given)
        kernel = empirical_ntk_fn(NET)
        across = kernel(case.params, jnp.asarray(case.x_test), jnp.asarray(case.x))
        outputs = {"f_train_0": jnp.asarray(case.f0), "f_test_0": jnp.asarray(case.f0_test)}
        square, flow = kernel(case.params, jnp.asarray(case.x)), flow_fn("mse", dynamics)
        with jax.numpy_rank_promotion("allow"):
            wanted = flow(square, jnp.asarray(case.y), t, k_test_train=across, **outputs, **given)
        assert np.abs(found.f_lin_train - wanted.train).max() < 1e-12 and np.abs(found.f_lin_test - wanted.test).max() < 1e-12


def test_cross_entropy_in_weights_is_that_in_functions(seed: int) -> None:
    """df/dt = -eta Theta (softmax(f) - y) by scipy, against the flow of the parameters; measured up to 2e-11 over 4 seeds."""
    pytest.importorskip("diffrax")
    with jax.enable_x64(True):
        case = Case(seed)
        y = np.eye(2)[np.random.default_rng(seed).integers(0, 2, 5)]
        both = np.concatenate([case.theta, case.theta_test])

        def velocity(_: float, f: np.ndarray) -> np.ndarray:
            shifted = np.exp(f[:10].reshape(5, 2))
            return -both @ (shifted / shifted.sum(axis=1, keepdims=True) - y).ravel()

        start = np.concatenate([case.f0.ravel(), case.f0_test.ravel()])
        wanted = solve_ivp(velocity, (0, 10), start, "DOP853", [0.1, 2.0, 10.0], rtol=1e-12, atol=1e-12).y.T
        given: dict[str, Any] = {"loss": "cross_entropy", "dynamics": "gradient_flow", "record": FUNCTION, "linearized": False}
        model = taylor_expand(apply_fn(NET), case.params, 1)
        found = train(model, case.params, case.x, y, [0.1, 2.0, 10.0], x_test=case.x_test, **given)
        assert np.abs(found.f_train.reshape(3, -1) - wanted[:, :10]).max() < 1e-7
        assert np.abs(found.f_test.reshape(3, -1) - wanted[:, 10:]).max() < 1e-7
        assert found.loss[0] > 2 * found.loss[-1]


def test_flow_of_the_network(seed: int) -> None:
    """The network itself, by scipy over the flat parameters of f = c tanh(x w) v with gradients by hand."""
    pytest.importorskip("diffrax")
    net = fcn(1, "tanh", sigma_w=1.3, widths=6, out=2)
    with jax.enable_x64(True):
        case = Case(seed, net)
        (w, beta), (v, gamma) = (tuple(np.asarray(a) for a in pair) for pair in case.params)
        a, b = 1.3 / 3**0.5, 1.3 / 6**0.5

        def forward(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            z = np.tanh(a * case.x @ theta[:18].reshape(3, 6))
            return z, theta[18:].reshape(6, 2), b * z @ theta[18:].reshape(6, 2)

        def velocity(_: float, theta: np.ndarray) -> np.ndarray:
            z, top, f = forward(theta)
            back = (f - case.y) @ top.T * b * (1 - z**2)
            return -np.concatenate([(a * case.x.T @ back).ravel(), (b * z.T @ (f - case.y)).ravel()])

        start = np.concatenate([w.ravel(), v.ravel()])
        solved = solve_ivp(velocity, (0, 3), start, "DOP853", [0.3, 3.0], rtol=1e-12, atol=1e-12).y.T
        found = train(net, case.params, case.x, case.y, [0.3, 3.0], dynamics="gradient_flow", linearized=False, record=("outputs", "parameters"))
        assert max(np.abs(found.f_train[i] - forward(solved[i])[2]).max() for i in range(2)) < 1e-8
        assert found.movement == pytest.approx(np.linalg.norm(solved - start, axis=1), rel=1e-8)
        assert found.f_lin_train is None and found.loss_lin is None and found.params_lin is None
        theta = start.copy()
        for _ in range(40):
            theta += 0.02 * velocity(0, theta)
        steps = train(net, case.params, case.x, case.y, [40], learning_rate=0.02, linearized=False, record=FUNCTION)
        assert np.abs(steps.f_train[0] - forward(theta)[2]).max() < 1e-12
        assert (beta == np.asarray(steps.params[0][1])).all() and (gamma == np.asarray(steps.params[1][1])).all()


@pytest.mark.parametrize(("dynamics", "momentum"), [("gradient_descent", 0.0), ("momentum", 0.8)])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_what_is_linear_is_its_linearization(seed: int, dynamics: str, momentum: float, loss: str) -> None:
    net = Network([Dense(1.2, 0.3, width=2)])
    with jax.enable_x64(True):
        case = Case(seed, net)
        y = np.eye(2)[[0, 1, 0, 0, 1]] if loss == "cross_entropy" else case.y
        found = train(net, case.params, case.x, y, 200, x_test=case.x_test, loss=loss, dynamics=dynamics, momentum=momentum, learning_rate=0.05)
        assert np.abs(found.f_train - found.f_lin_train).max() < 2e-14 * np.abs(found.f_train).max()
        assert np.abs(found.f_test - found.f_lin_test).max() < 2e-14 * np.abs(found.f_test).max()
        assert found.kernel_change.max() < 1e-15


def test_taylor_polynomials_come_closer(rng: np.random.Generator) -> None:
    """Targets at a distance e from f_0 move the parameters by O(e): trained models of order 1, 2, 3 then differ from the network by O(e^2), O(e^3), O(e^4)."""
    with jax.enable_x64(True):
        x, step = rng.standard_normal((4, 3)), rng.standard_normal((4, 1))
        params = [jnp.asarray(rng.standard_normal((3, 20)) / 3**0.5), jnp.asarray(rng.standard_normal((20, 1)) / 20**0.5)]

        def f(params: Any, x: Any) -> Any:
            return jnp.matmul(jnp.tanh(jnp.matmul(x, params[0])), params[1])

        def loss(f: Any, y: Any) -> Any:
            return 0.5 * jnp.sum((f - y) ** 2)

        given: dict[str, Any] = {"learning_rate": 0.05, "record": FUNCTION, "loss": loss}
        models = [jax.jit(taylor_expand(f, params, order)) for order in (2, 3)]
        errors = []
        for e in (0.02, 0.01):
            y = np.asarray(f(params, x)) + e * step
            real = train(f, params, x, y, [40], **given)
            trained = [real.f_lin_train, *(train(model, params, x, y, [40], linearized=False, **given).f_train for model in models)]
            errors.append([np.linalg.norm(one - real.f_train) for one in trained])
        print(errors)
        assert errors[1][2] < errors[1][1] < errors[1][0]
        assert np.abs(np.log2(np.divide(*errors)) - [2, 3, 4]).max() < 0.25


def test_what_is_recorded(seed: int) -> None:
    with jax.enable_x64(True):
        case = Case(seed)
        found = train(NET, case.params, case.x, case.y, [0, 30], x_test=case.x_test, learning_rate=0.02)
        f = apply_fn(NET)
        moved = [np.asarray(p) - np.asarray(q) for p, q in zip(jax.tree.leaves(found.params), jax.tree.leaves(case.params), strict=True)]
        norms = [np.sqrt((moved[2 * i] ** 2).sum() + (moved[2 * i + 1] ** 2).sum()) for i in range(2)]
        assert found.layer_movement[1] == pytest.approx(norms, rel=1e-12) and found.layers == ("layer 1", "layer 2")
        assert found.movement[1] == pytest.approx(np.sqrt(np.square(norms).sum())) and found.movement[0] == 0
        assert found.movement_lin[1] == pytest.approx(np.linalg.norm(flat(found.params_lin) - flat(case.params)), rel=1e-12)
        leaves = jax.tree.leaves(jax.jacrev(lambda p: f(p, jnp.asarray(case.x)))(found.params))
        j = np.concatenate([np.asarray(leaf).reshape(10, -1) for leaf in leaves], axis=1)
        change = np.linalg.norm(j @ j.T - case.theta) / np.linalg.norm(case.theta)
        assert found.kernel_change == pytest.approx([0, change], rel=1e-10)
        assert found.lambda_max == pytest.approx([case.top, np.linalg.eigvalsh(j @ j.T)[-1]], rel=1e-10)
        assert found.kernel_norm == pytest.approx(np.linalg.norm(case.theta), rel=1e-12)
        assert found.loss == pytest.approx(0.5 * ((found.f_train - case.y) ** 2).sum(axis=(1, 2)), rel=1e-12)
        assert np.abs(found.f_test[1] - np.asarray(f(found.params, jnp.asarray(case.x_test)))).max() < 1e-14
        assert "|w|" in str(found) and "2 times up to 30" in repr(found)


def test_the_largest_eigenvalue_of_a_large_matrix(rng: np.random.Generator) -> None:
    factor = rng.standard_normal((300, 300)) * np.geomspace(1, 1e-2, 300)
    matrix = factor @ factor.T
    assert largest_eigenvalue(lambda v: matrix @ v, 300) == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-9)
    assert largest_eigenvalue(lambda v: 0 * v, 300) == 0


def test_the_edge(seed: int) -> None:
    """Just below, the linearization converges; just above, it is refused, and diverges by force."""
    with jax.enable_x64(True):
        case = Case(seed)
        for dynamics, momentum in (("gradient_descent", 0.0), ("momentum", 0.5)):
            edge = 2 * (1 + momentum) / case.top
            given: dict[str, Any] = {"dynamics": dynamics, "momentum": momentum, "record": FUNCTION, "linearized": True}
            below = train(NET, case.params, case.x, case.y, [2000], learning_rate=0.99 * edge, force=True, **given)
            above = train(NET, case.params, case.x, case.y, [0, 2000], learning_rate=1.01 * edge, force=True, **given)
            with pytest.raises(DataError, match=f"is not below the stability edge {edge:.4f}"[:-1]):
                train(NET, case.params, case.x, case.y, [2000], learning_rate=1.01 * edge, **given)
            assert below.loss_lin[-1] < above.loss_lin[0] < above.loss_lin[-1]


def test_optax(seed: int) -> None:
    """sgd is descent; adam's first step is the learning rate in every entry."""
    optax = pytest.importorskip("optax")
    with jax.enable_x64(True):
        case = Case(seed)
        given: dict[str, Any] = {"record": FUNCTION, "linearized": False}
        by_rule = train(NET, case.params, case.x, case.y, [20], learning_rate=0.02, **given)
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):  # optax is not written for strict promotion
            found = train(NET, case.params, case.x, case.y, [20], optimizer=optax.sgd(0.02), **given)
            one = train(NET, case.params, case.x, case.y, [1], optimizer=optax.adam(1e-3), **given)
        assert np.abs(found.f_train - by_rule.f_train).max() < 1e-13
        assert np.abs(np.abs(flat(one.params) - flat(case.params)) - 1e-3).max() < 1e-6
        assert one.learning_rate is None and np.isnan(one.edge)


def test_a_function_of_a_pytree_in_float32(rng: np.random.Generator) -> None:
    """Random features: kernel by hand; inputs of rank 3; a loss of one's own is the named one."""
    x = rng.standard_normal((6, 2, 2)).astype(np.float32)
    y = rng.standard_normal((6, 1))
    params = {"w": rng.standard_normal((4, 1)).astype(np.float32)}

    def features(p: Any, x: Any) -> Any:
        return jnp.matmul(jnp.tanh(x.reshape(len(x), 4)), p["w"])

    rate = 0.5 / float(np.linalg.norm(np.tanh(x.reshape(6, 4)), 2)) ** 2
    named = train(features, params, x, y, 50, learning_rate=rate)
    own = train(features, params, x, y, 50, learning_rate=rate, loss=lambda f, y: 0.5 * jnp.sum((f - y) ** 2), linearized=False, record=FUNCTION)
    assert named.f_train.dtype == np.float32 and named.layers == ("['w']",)
    assert np.abs(named.f_train - own.f_train).max() < 1e-6 and np.isnan(own.edge)
    assert named.edge == pytest.approx(4 * rate, rel=1e-5)
    assert named.loss[-1] < named.loss[0] and named.layer_movement.shape == (len(named.t), 1)
