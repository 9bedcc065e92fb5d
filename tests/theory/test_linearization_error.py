"""The laws and bounds of e = f - f_lin against tanh networks trained in NumPy, a kernel solved exactly, and random instances of the Gronwall lemma."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from ntksym.nodes import Array, Norm, Spectral
from ntksym.notation import X, eta, lam, lampath, lamstart, t, tau, x1
from ntksym.proof import Status
from ntksym.rules.checks import operators
from ntksym.theory.linearization_error import gronwall, gronwall_conditions, linearization_error, linearization_error_descent

SEED = 5
D_MAX, D_X_MAX, KERNEL_X_MAX = (sp.Symbol(name, nonnegative=True) for name in ("Dbar", "Dbarx", "Thetabarx"))


def norm(name: str, *inputs: sp.Basic, at: sp.Expr = t) -> Norm:
    return Norm(Array(name, inputs, (at,)))


ERROR, START = norm("errorvec", X), norm("residual", X, at=sp.S.Zero)


def test_the_laws_and_bounds_are_those_of_the_theory() -> None:
    """What is then held against numbers: the equations as they are read there, typed in by hand."""
    first, second, test_first, _, path, everywhere, decaying, top, at, test_path, test_top = linearization_error().conclusion.claim
    e, d, g, linear, kernel = (
        Array(n, i, (t,)) for n, i in (("errorvec", (X,)), ("Ddiff", (X, X)), ("residual", (X,)), ("residuallin", (X,)), ("Thetahat", (X, X)))
    )
    assert first == sp.Eq(sp.Derivative(e, t), -eta * kernel * e - eta * d * linear, evaluate=False)
    assert second == sp.Eq(sp.Derivative(e, t), -eta * kernel.xreplace({t: sp.S.Zero}) * e - eta * d * g, evaluate=False)
    assert test_first.rhs == (first.rhs).xreplace({kernel: Array("Thetahat", (x1, X), (t,)), d: Array("Ddiff", (x1, X), (t,))})
    drive = norm("Ddiff", X, X, at=tau) * norm("residuallin", X, at=tau)
    assert path == sp.Le(ERROR, eta * sp.Integral(drive, (tau, 0, t)))
    assert sp.simplify(everywhere.rhs - D_MAX * START / lamstart) == 0 and everywhere.rhs.free_symbols.isdisjoint({eta, t})
    assert sp.simplify(decaying.rhs - eta * t * sp.exp(-eta * lampath * t) * D_MAX * START) == 0
    assert at.rhs == 1 / (eta * lampath) and sp.simplify(top.rhs - decaying.rhs.xreplace({t: at.rhs})) == 0
    inside = norm("Thetahat", x1, X, at=tau) * norm("errorvec", X, at=tau) + norm("Ddiff", x1, X, at=tau) * norm("residuallin", X, at=tau)
    assert test_path == sp.Le(norm("errorvec", x1), eta * sp.Integral(inside, (tau, 0, t)))
    assert sp.simplify(test_top.rhs - (KERNEL_X_MAX * D_MAX / lampath**2 + D_X_MAX / lampath) * START) == 0


def test_what_is_assumed() -> None:
    """The path bound needs no positive eigenvalue; that the kernel is positive semidefinite is no assumption."""
    steps = linearization_error().steps
    path = next(step for step in steps if step.conclusion.claim == linearization_error().conclusion.claim[4])
    assert [a.key for a in path.conclusion.assumptions] == ["chain-rule-along-training"]
    keys = {a.key for a in linearization_error().assumptions}
    assert keys == {"chain-rule-along-training", "kernel-floor-at-start", "kernel-floor-along-path", "bound-dbar", "bound-dbarx", "bound-thetabarx"}
    assert {a.key for a in linearization_error_descent().assumptions} == {"chain-rule-along-training", "second-derivative-bounded", "steps-below-edge"}
    for found in (gronwall(), gronwall_conditions(), linearization_error(), linearization_error_descent()):
        assert found.verdict is Status.PROVED


# -- a tanh network, everything by hand --------------------------------------------------------------------------------


class Net:
    """f(x) = a . tanh(W x) / sqrt(n): four training inputs and one test input in three dimensions."""

    def __init__(self, width: int) -> None:
        rng = np.random.default_rng((SEED, width))
        x = rng.normal(size=(5, 3))
        self.x, self.y, self.width = x / np.linalg.norm(x, axis=1, keepdims=True), rng.normal(size=4), width
        self.theta = 1.5 * rng.normal(size=4 * width)

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        hidden = np.tanh(self.x @ theta[: 3 * self.width].reshape(3, self.width))
        return hidden @ theta[3 * self.width :] / np.sqrt(self.width)

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        hidden, last = np.tanh(self.x @ theta[: 3 * self.width].reshape(3, self.width)), theta[3 * self.width :]
        first = np.einsum("ix,ij,j->ixj", self.x, 1 - hidden**2, last).reshape(5, -1)
        return np.concatenate([first, hidden], axis=1) / np.sqrt(self.width)


def test_the_jacobian_is_that_of_the_network() -> None:
    net = Net(16)
    direction = np.random.default_rng(SEED).normal(size=net.theta.size)
    slope = (net(net.theta + 1e-5 * direction) - net(net.theta - 1e-5 * direction)) / 2e-5
    assert np.allclose(net.jacobian(net.theta) @ direction, slope, atol=1e-8)


@pytest.mark.parametrize("width", [16, 64, 256])
def test_a_trained_tanh_network_stays_within_the_bounds(width: int) -> None:
    """Gradient flow in the parameters by Runge and Kutta; time steps shrink towards 0, where the first bound is nearly attained."""
    net, rate, count = Net(width), 0.5, 400
    start, first = net.jacobian(net.theta), net(net.theta)
    kernel = start @ start[:4].T
    values = np.linalg.eigvalsh(kernel[:4])
    times = 4.0 / (rate * values[0]) * np.linspace(0, 1, count + 1) ** 3

    def velocity(state: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        theta, linear = state
        return -rate * net.jacobian(theta)[:4].T @ (net(theta)[:4] - net.y), -rate * kernel @ (linear[:4] - net.y)

    def moved(state: tuple[np.ndarray, np.ndarray], by: tuple[np.ndarray, np.ndarray], h: float) -> tuple[np.ndarray, np.ndarray]:
        return state[0] + h * by[0], state[1] + h * by[1]

    state, rows = (net.theta, first), []
    for left, right in zip(times, [*times[1:], times[-1]], strict=True):
        jacobian = net.jacobian(state[0])
        now = jacobian @ jacobian[:4].T
        move, error = now - kernel, net(state[0]) - state[1]
        sizes = [np.linalg.norm(m, 2) for m in (move[:4], move[4:], now[4:])]
        linear = np.linalg.norm(state[1][:4] - net.y)
        rows.append((np.linalg.norm(error[:4]), abs(error[4]), linear, *sizes, np.linalg.eigvalsh(now[:4])[0]))
        # as many inner steps as the stiffest mode asks for
        inner = max(1, int(np.ceil((right - left) * rate * values[-1] / 0.3)))
        h = (right - left) / inner
        for _ in range(inner):
            k1 = velocity(state)
            k2 = velocity(moved(state, k1, h / 2))
            k3 = velocity(moved(state, k2, h / 2))
            k4 = velocity(moved(state, k3, h))
            state = moved(state, tuple((a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True)), h)  # type: ignore[arg-type]
    error, test_error, linear, d, d_test, k_test, lowest = np.array(rows).T
    gaps = np.diff(times)

    def integral(values: np.ndarray) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(gaps * (values[1:] + values[:-1]) / 2)])

    g, floor = np.linalg.norm(first[:4] - net.y), lowest.min()
    path = rate * integral(d * linear)
    everywhere = d.max() * g / values[0]
    decaying = rate * times * np.exp(-rate * floor * times) * d.max() * g
    test_path = rate * integral(k_test * error + d_test * linear)
    test_top = (k_test.max() * d.max() / floor**2 + d_test.max() / floor) * g
    ratios = [np.max(error[1:] / path[1:]), error.max() / everywhere, np.max(error[1:] / decaying[1:]), np.max(test_error[1:] / test_path[1:])]
    print(
        f"seed {SEED}, width {width}: sup|e| {error.max():.2g}; largest ratios to the bounds",
        *(f"{r:.3f}" for r in ratios),
        f"{test_error.max() / test_top:.3f}",
    )
    assert max(*ratios, test_error.max() / test_top) < 1
    assert ratios[0] > 0.3  # the first bound is no idle one


@pytest.mark.parametrize(("width", "part_of_edge"), [(16, 0.3), (64, 0.9), (256, 0.5)])
def test_a_network_trained_by_descent_obeys_law_and_sum(width: int, part_of_edge: float) -> None:
    first, second, remainder, total, bounded = linearization_error_descent().conclusion.claim
    d, linear = (Array(n, i, (tau,)) for n, i in (("Ddiff", (X, X)), ("residuallin", (X,))))
    assert total == sp.Le(ERROR, sp.Sum(eta * Norm(d) * Norm(linear) + norm("remainder", X, at=tau), (tau, 0, t - 1)))
    assert remainder.rhs.has(eta**2) and bounded.lhs == ERROR
    net = Net(width)
    theta, start = net.theta, net.jacobian(net.theta)[:4]
    kernel, flin = start @ start.T, net(net.theta)[:4]
    rate = part_of_edge * 2 / np.linalg.eigvalsh(kernel)[-1]
    bound, worst = 0.0, 0.0
    for _ in range(200):
        here, f = net.jacobian(theta)[:4], net(theta)[:4]
        now = here @ here.T
        if rate * np.linalg.eigvalsh(now)[-1] > 2:
            break  # what is assumed no longer holds
        g, move = f - net.y, now - kernel
        moved = theta - rate * here.T @ g
        after, after_linear = net(moved)[:4], flin - rate * kernel @ (flin - net.y)
        rest = after - f - here @ (moved - theta)
        error = after - after_linear
        by_law = (f - flin) - rate * now @ (f - flin) - rate * move @ (flin - net.y) + rest
        by_second = (f - flin) - rate * kernel @ (f - flin) - rate * move @ g + rest
        assert np.allclose(error, by_law, atol=1e-13) and np.allclose(error, by_second, atol=1e-13)
        bound += rate * np.linalg.norm(move, 2) * np.linalg.norm(flin - net.y) + np.linalg.norm(rest)
        worst = max(worst, np.linalg.norm(error) / bound)
        theta, flin = moved, after_linear
    print(f"seed {SEED}, width {width}: largest ratio {worst:.3f}")
    assert 1 - 1e-9 < worst <= 1 + 1e-9  # attained by the first step, which is remainder alone
    assert len(first.rhs.args) == len(second.rhs.args) == 4


def test_the_constant_of_the_path_bound_is_exact() -> None:
    """One training example and Theta-hat_t = 1 + t, solved exactly: the ratio tends to 1 as t tends to 0, so no smaller constant than eta will do."""
    s = sp.Symbol("s", positive=True)
    rate = sp.Rational(1, 2)
    f, linear = sp.exp(-rate * (s + s**2 / 2)), sp.exp(-rate * s)  # residuals from g_0 = 1
    assert sp.simplify(f.diff(s) + rate * (1 + s) * f) == 0
    bound = rate * sp.integrate(s * linear, (s, 0, s))
    assert sp.limit((linear - f) / bound, s, 0) == 1
    for moment in (sp.Rational(1, 100), sp.S.One, sp.Integer(10)):
        assert 0 < sp.N((linear - f).subs(s, moment)) < sp.N(bound.subs(s, moment))


# -- Gronwall ----------------------------------------------------------------------------------------------------------


def test_gronwall_on_random_instances() -> None:
    """Both forms: u made from beta and a room, by sums on a fine grid; equality where there is no room."""
    first, general, second = gronwall().conclusion.claim
    u, beta, alpha = (sp.Function(name, real=True) for name in ("grown", "growth", "ceiling"))
    assert first == sp.Le(u(t), u(0) * sp.exp(sp.Integral(beta(tau), (tau, 0, t))))
    assert second == sp.Le(u(t), alpha(t) * sp.exp(sp.Integral(beta(tau), (tau, 0, t))))
    assert general.rhs.has(sp.Integral) and general.lhs == u(t)
    rng = np.random.default_rng(SEED)
    grid, h = np.linspace(0, 2, 4001, retstep=True)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(h * (values[1:] + values[:-1]) / 2)])

    for draw in range(20):
        waves = rng.normal(size=(3, 3))
        b, raw, room = (w[0] + w[1] * np.sin(2 * grid) + w[2] * grid for w in waves)
        room = np.abs(room) if draw % 4 else 0 * grid
        growth = np.exp(summed(b))
        # u' = b u - room
        value = growth * (waves[0, 1] - summed(room / growth))
        assert np.all(value <= value[0] * growth + 1e-6)
        # u = alpha - room + int b u with b >= 0, alpha nondecreasing: u = (alpha - room) + int (alpha - room) b exp(int_s^t b)
        b, a = np.abs(b), np.maximum.accumulate(raw)
        growth = np.exp(summed(b))

        def solved(values: np.ndarray, b: np.ndarray = b, growth: np.ndarray = growth) -> np.ndarray:
            return values + growth * summed(values * b / growth)

        value = solved(a - room)
        assert np.allclose(value, a - room + summed(b * value), atol=1e-4 * (1 + np.abs(value).max()))
        assert np.all(value <= solved(a) + 1e-6 * growth) and np.all(solved(a) <= a * growth + 1e-5 * growth)
    print(f"seed {SEED}")


def test_the_second_form_fails_without_its_conditions() -> None:
    """The two examples in numbers: the inequality holds on a grid, the conclusion fails at 1."""
    claims = gronwall_conditions().conclusion.claim
    assert len(claims) == 14
    for alpha, beta, u, *_ in (claims[:7], claims[7:]):
        grid = np.linspace(0, 1, 2001)
        a, b, v = (np.broadcast_to(sp.lambdify(t, part.rhs, "numpy")(grid), grid.shape) for part in (alpha, beta, u))
        total = np.concatenate([[0.0], np.cumsum((grid[1] - grid[0]) * ((b * v)[1:] + (b * v)[:-1]) / 2)])
        assert np.all(v <= a + total + 1e-7)
        assert v[-1] > a[-1] * np.exp(b[0]) + 0.5
    assert all(isinstance(part, sp.Gt) for part in (claims[6], claims[13]))


# -- the algebra the checks stand on -----------------------------------------------------------------------------------


def test_kernels_at_two_times_are_two_matrices() -> None:
    f, now, start = (Array(n, i, (s,)) for n, i, s in (("f", (X,), t), ("Thetahat", (X, X), t), ("Thetahat", (X, X), sp.S.Zero)))
    assert not operators.is_zero(now * f - start * f)
    assert not operators.is_zero(now * start * f - start * now * f)
    assert operators.is_zero(now * start * f - now * start * f)
    assert operators.is_zero(f - eta * now * f - Spectral(sp.Lambda(lam, 1 - eta * lam), now) * f)
    assert not operators.is_zero(f - eta * start * f - Spectral(sp.Lambda(lam, 1 - eta * lam), now) * f)
