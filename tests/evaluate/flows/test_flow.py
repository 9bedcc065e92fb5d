"""``flow_fn`` against ODE solvers, recurrences run by hand, and linear algebra by NumPy; every wrong use by name."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.linalg

import ntksym
from ntksym.errors import DataError, NetworkError, NtksymError, PrecisionWarning, ShapeError

SEED = 5
N, M, K = 6, 3, 2
DYNAMICS = ("gradient_flow", "gradient_descent", "momentum", "momentum_flow")
TIMES = [0.0, 1.0, 7.0, 40.0]


@pytest.fixture(scope="module", autouse=True)
def double() -> object:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def problem(singular: bool = False, outputs: bool = False) -> dict[str, np.ndarray]:
    """A kernel of N + M inputs with its parts; of rank 4 on the training inputs where ``singular``; (N, N, k, k) where ``outputs``."""
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    size = (N + M) * (K if outputs else 1)
    root = rng.normal(size=(size, 4 if singular else size + 2))
    gram = root @ root.T / 4
    if outputs:
        gram = gram.reshape(N + M, K, N + M, K).transpose(0, 2, 1, 3)
    return {
        "train": gram[:N, :N],
        "cross": gram[N:, :N],
        "y": rng.normal(size=(N, K)),
        "f": rng.normal(size=(N, K)),
        "f_test": rng.normal(size=(M, K)),
    }


def flat(kernel: np.ndarray) -> np.ndarray:
    """As a matrix on (example, output) columns."""
    if kernel.ndim == 2:
        return np.kron(kernel, np.eye(K))
    return kernel.transpose(0, 2, 1, 3).reshape(kernel.shape[0] * K, kernel.shape[1] * K)


def by_hand(case: dict[str, np.ndarray], dynamics: str, times: list[float], eta: float, mu: float, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Outputs by a general-purpose integrator, or the recurrence of the *outputs* run step by step."""
    k, cross = flat(case["train"]), flat(case["cross"])
    both, y, start = np.vstack([k, cross]), case["y"].reshape(-1), np.concatenate([case["f"].reshape(-1), case["f_test"].reshape(-1)])
    n = len(y)

    def force(f: np.ndarray) -> np.ndarray:
        # df = -eta [K (f - y) + r (f - f_0)] on train and test outputs alike
        return eta * (both @ (f[:n] - y) + ridge * (f - start))

    found = []
    if dynamics == "gradient_flow":
        run = scipy.integrate.solve_ivp(lambda _, f: -force(f), (0, max(times)), start, t_eval=times, method="DOP853", rtol=1e-12, atol=1e-13)
        found = list(run.y.T)
    elif dynamics == "momentum_flow":
        whole = len(start)

        def velocity(_: float, state: np.ndarray) -> np.ndarray:
            return np.concatenate([state[whole:], -(1 - mu) * state[whole:] - force(state[:whole])])

        initial = np.concatenate([start, np.zeros(whole)])
        run = scipy.integrate.solve_ivp(velocity, (0, max(times)), initial, t_eval=times, method="DOP853", rtol=1e-12, atol=1e-13)
        found = list(run.y[:whole].T)
    else:
        now = before = start
        steps = 0
        for t in times:
            while steps < t:
                now, before = now + mu * (now - before) - force(now), now
                steps += 1
            found.append(now)
    array = np.array(found)
    return array[:, :n].reshape(len(times), N, K), array[:, n:].reshape(len(times), M, K)


@pytest.mark.parametrize("dynamics", DYNAMICS)
@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["plain", "singular", "outputs"])
def test_against_an_integrator_or_the_recurrence(dynamics: str, ridge: float, kind: str) -> None:
    case = problem(singular=kind == "singular", outputs=kind == "outputs")
    mu = 0.6 if dynamics.startswith("momentum") else 0.0
    eta = 0.7 * float(ntksym.max_learning_rate(case["train"], momentum=mu if dynamics == "momentum" else 0.0)) if "flow" not in dynamics else 0.11
    eta = eta / (1 + ridge)
    flow = ntksym.flow_fn(dynamics=dynamics)
    keywords = {"k_test_train": case["cross"], "f_train_0": case["f"], "f_test_0": case["f_test"], "learning_rate": eta, "momentum": mu, "ridge": ridge}
    train, test = flow(case["train"], case["y"], TIMES, **keywords)
    expected = by_hand(case, dynamics, TIMES, eta, mu, ridge)
    tolerance = 1e-9 if dynamics.endswith("flow") else 1e-12  # the integrator's own error; rounding of the recurrence
    assert np.max(np.abs(train - expected[0])) < tolerance
    assert np.max(np.abs(test - expected[1])) < tolerance
    factored = flow(ntksym.factorize(case["train"]), case["y"], TIMES, **keywords)
    assert np.max(np.abs(factored.test - test)) < 1e-13
    single = flow(case["train"], case["y"], TIMES[2], **keywords)
    assert single.train.shape == (N, K) and np.max(np.abs(single.train - train[2])) < 1e-14
    only = flow(case["train"], case["y"], TIMES, get="test", **keywords)
    assert only.train is None and np.max(np.abs(np.asarray(only.test) - np.asarray(test))) < 1e-13


@pytest.mark.parametrize("dynamics", DYNAMICS)
def test_the_end_is_kernel_regression(dynamics: str) -> None:
    """t = inf: K (K + r)^-1 y; without a ridge and with a singular kernel, the least-squares solution of minimum norm."""
    case = problem()
    mu = 0.4 if dynamics.startswith("momentum") else 0.0
    flow = ntksym.flow_fn(dynamics=dynamics)
    eta = 0.5 * float(ntksym.max_learning_rate(case["train"]))
    expected = case["cross"] @ np.linalg.solve(case["train"] + 0.2 * np.eye(N), case["y"])
    found = flow(case["train"], case["y"], np.inf, k_test_train=case["cross"], ridge=0.2, learning_rate=eta / 2, momentum=mu).test
    assert np.max(np.abs(found - expected)) < 1e-13
    late = flow(case["train"], case["y"], [1e6], k_test_train=case["cross"], ridge=0.2, learning_rate=eta / 2, momentum=mu).test[0]
    assert np.max(np.abs(late - expected)) < 1e-11
    case = problem(singular=True)
    expected = case["cross"] @ np.linalg.pinv(case["train"], rcond=1e-10) @ case["y"]
    found = flow(case["train"], case["y"], np.inf, k_test_train=case["cross"], learning_rate=0.5 * float(ntksym.max_learning_rate(case["train"])), momentum=mu)
    assert np.max(np.abs(found.test - expected)) < 1e-11


def test_heavy_ball_at_its_edge_and_just_past_it() -> None:
    """A thousandth below 2 (1 + mu) / lambda_max the residual falls, a thousandth above it grows: the recurrence by hand says the same."""
    kernel, y = np.diag([1.0, 0.25]), np.ones((2, 1))
    mu = 0.5
    edge = float(ntksym.max_learning_rate(kernel, momentum=mu))
    assert edge == pytest.approx(2 * 1.5 / 1.0, rel=1e-15)
    flow = ntksym.flow_fn(dynamics="momentum")
    for factor, force in ((0.999, False), (1.001, True)):
        now = before = np.zeros(2)
        for _ in range(2000):
            now, before = now + mu * (now - before) - factor * edge * np.diag(kernel) * (now - 1), now
        found = flow(kernel, y, 2000, learning_rate=factor * edge, momentum=mu, force=force).train[:, 0]
        assert np.max(np.abs(found - now)) <= 1e-12 * max(1.0, np.max(np.abs(now)))
        assert bool(np.abs(found[0] - 1) > 1) is force
    with pytest.raises(DataError, match="stability edge 3"):
        flow(kernel, y, 5, learning_rate=1.001 * edge, momentum=mu)
    with pytest.raises(DataError, match="stability edge"):
        ntksym.flow_fn(dynamics="gradient_descent")(kernel, y, 5, learning_rate=2.0)


@pytest.mark.parametrize("momentum", [0.0, 0.2, 0.9, 0.999])
def test_filter_of_the_momentum_flow_keeps_its_digits(momentum: float) -> None:
    """Against the matrix exponential in 60 digits, from the smallest eigenvalues through critical damping to fast oscillation."""
    import mpmath

    from ntksym.evaluate.flows.source import training_module

    damping, eta = 1 - momentum, 0.5
    critical = damping**2 / 4 / eta
    values = [1e-13, 1e-9, 1e-4, 0.3, 2.0, critical, critical * (1 + 1e-9), critical * (1 - 1e-5), critical * 1.5]
    worst = 0.0
    for time in (0.01, 0.7, 2.0, 30.0, 900.0):
        found = training_module("momentum_flow")["spectral_filter"](jnp.array(values), jnp.asarray(time), eta, momentum, 0.0)
        with mpmath.workdps(60):
            for value, mine in zip(values, np.asarray(found), strict=True):
                d, c, e = (mpmath.mpf(float(number)) for number in (damping, value, eta))
                augmented = mpmath.matrix([[0, 1, 0], [-e * c, -d, e], [0, 0, 0]])
                exact = mpmath.expm(augmented * mpmath.mpf(time))[0, 2]
                worst = max(worst, float(abs((mpmath.mpf(float(mine)) - exact) / exact)))
    assert worst < 2e-12, worst  # the phase of an oscillation after 900 steps


@pytest.mark.parametrize("dynamics", DYNAMICS)
def test_gradients_through_the_kernel(dynamics: str) -> None:
    """Reverse mode through the kernel, rates and times against central differences; equal eigenvalues included."""
    case = problem()
    direction = problem(singular=True)["train"]
    mu = 0.3 if dynamics.startswith("momentum") else 0.0
    flow = ntksym.flow_fn(dynamics=dynamics)
    for base in (case["train"], np.eye(N)):

        def value(s: jax.Array, eta: jax.Array, ridge: jax.Array, base: np.ndarray = base) -> jax.Array:
            kernel = jnp.asarray(base) + s * jnp.asarray(direction)
            found = flow(kernel, case["y"], jnp.array([3.0, 6.0]), k_test_train=case["cross"], learning_rate=eta, momentum=mu, ridge=ridge)
            return jnp.sum(found.test**2) + jnp.sum(jnp.sin(found.train))

        point = (jnp.asarray(0.0), jnp.asarray(0.02), jnp.asarray(0.05))
        gradient = jax.grad(value, argnums=(0, 1, 2))(*point)
        assert all(bool(jnp.isfinite(part)) for part in gradient)
        for place, step in enumerate((1e-5, 1e-6, 1e-5)):
            moved = [tuple(p + (s * step if i == place else 0.0) for i, p in enumerate(point)) for s in (1, -1)]
            slope = (value(*moved[0]) - value(*moved[1])) / (2 * step)
            assert float(gradient[place]) == pytest.approx(float(slope), rel=2e-6, abs=1e-7)


def test_under_jit_and_vmap() -> None:
    case = problem()
    flow = ntksym.flow_fn()
    plain = flow(case["train"], case["y"], 2.0, k_test_train=case["cross"], learning_rate=0.1).test
    kernels = jnp.stack([jnp.asarray(case["train"])] * 2)
    mapped = jax.jit(jax.vmap(lambda k: flow(k, case["y"], 2.0, k_test_train=case["cross"], learning_rate=0.1).test))(kernels)
    assert np.max(np.abs(np.asarray(mapped) - np.asarray(plain))) < 1e-13


@pytest.mark.parametrize("dynamics", DYNAMICS)
def test_float32(dynamics: str) -> None:
    """Everything stays float32, and agrees with float64."""
    case = problem()
    mu = 0.3 if dynamics.startswith("momentum") else 0.0
    flow = ntksym.flow_fn(dynamics=dynamics)
    keywords = {"learning_rate": 0.05, "momentum": mu, "ridge": 0.1}
    wide = flow(case["train"], case["y"], TIMES, k_test_train=case["cross"], **keywords)
    narrow = flow(case["train"].astype(np.float32), case["y"].astype(np.float32), TIMES, k_test_train=case["cross"].astype(np.float32), **keywords)
    assert narrow.train.dtype == narrow.test.dtype == jnp.float32
    assert np.max(np.abs(narrow.test - np.asarray(wide.test, np.float32))) < 2e-5


def test_float32_without_digits_is_said() -> None:
    root = np.random.default_rng(SEED).normal(size=(N, N))
    vectors = np.linalg.qr(root)[0]
    kernel = (vectors * np.array([1e-5, 1e-4, 0.1, 1.0, 10.0, 300.0])) @ vectors.T
    kernel = ((kernel + kernel.T) / 2).astype(np.float32)
    y = np.ones((N, 1), np.float32)
    with pytest.warns(PrecisionWarning, match="2 of 6 eigenvalues"):
        ntksym.flow_fn()(kernel, y, np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ntksym.flow_fn()(kernel, y, np.inf, ridge=0.1)
        ntksym.flow_fn()(kernel, y, 0.01)
    kernel = ((vectors * np.array([1e-3, 1e-2, 0.1, 1.0, 10.0, 2000.0])) @ vectors.T).astype(np.float32)
    with pytest.warns(PrecisionWarning, match="1 of 6 eigenvalues"):
        ntksym.flow_fn()((kernel + kernel.T) / 2, y, 1e9)


def test_vec_and_unvec() -> None:
    outputs = np.arange(12.0).reshape(2, 3, 2)
    column = ntksym.vec(outputs)
    assert column.shape == (2, 6) and float(column[1, 2 * 2 + 1]) == outputs[1, 2, 1]
    assert np.array_equal(ntksym.unvec(column, 2), outputs)
    with pytest.raises(ShapeError, match="multiple of k=4"):
        ntksym.unvec(column, 4)


def test_loss_scales() -> None:
    """A mean over examples and outputs divides the gradient by N k, so its edge is N k times that of the sum."""
    kernel = problem()["train"]
    top = np.linalg.eigvalsh(kernel)[-1]
    assert float(ntksym.max_learning_rate(kernel)) == pytest.approx(2 / top, rel=1e-13)
    assert float(ntksym.max_learning_rate(kernel, loss_scale=1 / (N * K), momentum=0.5)) == pytest.approx(3 * N * K / top, rel=1e-13)
    assert float(ntksym.max_learning_rate(ntksym.factorize(kernel))) == pytest.approx(2 / top, rel=1e-13)


_CASE = problem()
_INDEFINITE = np.diag([1.0, 2.0, 3.0, 4.0, 5.0, -0.5])
_SKEW = _CASE["train"] + np.triu(np.ones((N, N)), 1)
WRONG = {
    "y of one axis": ({"y_train": np.ones(N)}, {}, ShapeError, "y_train has shape \\(6,\\)"),
    "y of too few rows": ({"y_train": np.ones((N - 1, 2))}, {}, ShapeError, "kernel of 6 training inputs"),
    "NaN labels": ({"y_train": np.full((N, 2), np.nan)}, {}, DataError, "y_train holds NaN"),
    "integer labels": ({"y_train": np.ones((N, 2), int)}, {}, ShapeError, "dtype int64"),
    "a kernel that is not symmetric": ({"k_train_train": _SKEW}, {}, DataError, "differs from its transpose by 1"),
    "a kernel that is not square": ({"k_train_train": _CASE["cross"]}, {}, ShapeError, "has shape"),
    "a negative eigenvalue": ({"k_train_train": _INDEFINITE}, {}, DataError, "eigenvalue -0.5, the largest being 5"),
    "a NaN in the kernel": ({"k_train_train": np.full((N, N), np.nan)}, {}, DataError, "holds NaN"),
    "outputs that do not match": ({"k_train_train": np.ones((N, N, 3, 3))}, {}, ShapeError, "y_train has 2 outputs, the kernel 3"),
    "negative time": ({"t": -1.0}, {}, DataError, "t=-1"),
    "NaN among times": ({"t": [1.0, np.nan]}, {}, DataError, "t=nan"),
    "times in a matrix": ({"t": np.ones((2, 2))}, {}, ShapeError, "t has shape"),
    "negative ridge": ({}, {"ridge": -0.1}, NetworkError, "ridge=-0.1"),
    "no learning": ({}, {"learning_rate": 0.0}, NetworkError, "learning_rate=0"),
    "momentum where there is none": ({}, {"momentum": 0.5}, NetworkError, "gradient_flow has none"),
    "a cross kernel turned": ({}, {"k_test_train": _CASE["cross"].T}, ShapeError, "k_test_train has shape"),
    "test outputs without a kernel": ({}, {"f_test_0": np.ones((M, K))}, ShapeError, "f_test_0 without"),
    "test asked without a kernel": ({}, {"get": "test"}, ShapeError, "no k_test_train"),
    "an unknown part": ({}, {"get": "all"}, NetworkError, "get='all'"),
    "initial outputs of another shape": ({}, {"f_train_0": np.ones((N, 3))}, ShapeError, "f_train_0 has shape"),
    "another dtype": ({}, {"f_train_0": np.ones((N, K), np.float32)}, ShapeError, "float32, the kernel float64"),
    "a tolerance for a closed form": ({}, {"tolerance": 1e-3}, NetworkError, "closed form"),
    "some tuple": ({"k_train_train": (1, 2, 3)}, {}, ShapeError, "no Spectrum"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_has_one_clear_error(name: str) -> None:
    changed, keywords, error, words = WRONG[name]
    arguments = {"k_train_train": _CASE["train"], "y_train": _CASE["y"], "t": 1.0, **changed}
    with pytest.raises(error, match=words) as caught:
        ntksym.flow_fn()(**arguments, **keywords)
    assert isinstance(caught.value, NtksymError) and "What to do" in str(caught.value)


def test_steps_are_whole_and_names_known() -> None:
    flow = ntksym.flow_fn(dynamics="gradient_descent")
    with pytest.raises(DataError, match="t=1.5"):
        flow(_CASE["train"], _CASE["y"], [1.0, 1.5], learning_rate=1e-3)
    with pytest.raises(NetworkError, match="dynamics 'adam'"):
        ntksym.flow_fn(dynamics="adam")
    with pytest.raises(NetworkError, match="loss 'hinge'"):
        ntksym.flow_fn("hinge")
    with pytest.raises(DataError, match="eigenvalue"):
        ntksym.factorize(_INDEFINITE)
    with pytest.raises(NetworkError, match="loss_scale"):
        ntksym.max_learning_rate(_CASE["train"], loss_scale=0.0)
