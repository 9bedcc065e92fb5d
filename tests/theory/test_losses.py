"""Derived laws for any loss and for cross-entropy, against linear models trained in their parameters and against finite differences."""

from __future__ import annotations

from collections.abc import Callable

import arrays
import numpy as np
import pytest
import sympy as sp

from ntksym.nodes import Array
from ntksym.notation import X, classes, eta, mu, ridge, t, x1
from ntksym.proof import Derivation, Status
from ntksym.theory import losses

SEED, SIZE, PARAMETERS = 7, 6, 9
ETA, RIDGE, MU = 0.05, 0.3, 0.6
F, A, START = Array("flin", (X,), (t,)), Array("dualcoef", (X,), (t,)), (sp.S.Zero,)


class Model:
    """A linear model with a jacobian on training inputs and at one more input, and a convex loss that is no square."""

    def __init__(self, seed: int, size: int = SIZE) -> None:
        rng = np.random.default_rng(seed)
        self.train, self.test = rng.normal(size=(size, PARAMETERS)) / 3, rng.normal(size=(1, PARAMETERS)) / 3
        self.start, self.test_start, self.y = rng.normal(size=(size, 1)), rng.normal(size=(1, 1)), rng.normal(size=(size, 1))

    def loss(self, f: np.ndarray) -> float:
        return float(np.sum(np.log(np.cosh(f - self.y)) + 0.1 * f**4))

    def slope(self, f: np.ndarray) -> np.ndarray:
        return np.tanh(f - self.y) + 0.4 * f**3

    def places(self) -> dict[sp.Basic, object]:
        gram = {(X, X): self.train @ self.train.T, (x1, X): self.test @ self.train.T}
        kernels = {Array("Thetahat", labels, START): matrix for labels, matrix in gram.items()}
        outputs = {Array("f", (X,), START): self.start, Array("f", (x1,), START): self.test_start, Array("J", (X,), START): self.train}
        return {**kernels, **outputs, eta: ETA, ridge: RIDGE, mu: MU}


def runge_kutta(rate: Callable[[np.ndarray], np.ndarray], state: np.ndarray, time: float, steps: int) -> np.ndarray:
    h = time / steps
    for _ in range(steps):
        one = rate(state)
        two = rate(state + h / 2 * one)
        three = rate(state + h / 2 * two)
        state = state + h / 6 * (one + 2 * two + 2 * three + rate(state + h * three))
    return state


def parts(derivation: Derivation) -> list[sp.Basic]:
    return list(derivation.conclusion.claim)


def test_flow_of_the_coefficients_is_the_flow_of_the_parameters() -> None:
    model = Model(SEED)
    places = model.places()
    law, start, _, fitted, test = parts(losses.general_loss("gradient_flow"))[:5]
    assert start == sp.Eq(A.xreplace({t: sp.S.Zero}), 0, evaluate=False)
    a = runge_kutta(lambda a: arrays.value(law.rhs, {**places, A: a}, slope=model.slope), np.zeros((SIZE, 1)), 20.0, 200)
    w = runge_kutta(lambda w: -ETA * (model.train.T @ model.slope(model.start + model.train @ w) + RIDGE * w), np.zeros((PARAMETERS, 1)), 20.0, 200)
    np.testing.assert_allclose(arrays.value(fitted.rhs, {**places, A: a}), model.start + model.train @ w, atol=1e-12)
    np.testing.assert_allclose(arrays.value(test.rhs, {**places, A: a}), model.test_start + model.test @ w, atol=1e-12)


@pytest.mark.parametrize("kind", ["gradient_descent", "momentum"])
def test_steps_of_the_coefficients_are_steps_of_the_parameters(kind: str) -> None:
    model = Model(SEED + 1)
    places = model.places()
    law, _, _, _, test = parts(losses.general_loss(kind))[:5]
    a = before = np.zeros((SIZE, 1))
    w = last = np.zeros((PARAMETERS, 1))
    for _ in range(30):
        step = arrays.value(law.rhs, {**places, A: a, A.xreplace({t: t - 1}): before}, slope=model.slope)
        move = -ETA * (model.train.T @ model.slope(model.start + model.train @ w) + RIDGE * w) + (MU * (w - last) if kind == "momentum" else 0)
        before, a, last, w = a, step, w, w + move
    np.testing.assert_allclose(arrays.value(test.rhs, {**places, A: a}), model.test_start + model.test @ w, atol=1e-13)


def test_energy_and_contraction() -> None:
    """The rate of the penalized loss by differences; two solutions approach one another at least as fast as the bound says."""
    model = Model(SEED + 2)
    places = model.places()
    found = parts(losses.general_loss("gradient_flow"))
    law, fitted, value, rate = found[0], found[3], found[5], found[6]
    flow = lambda a: arrays.value(law.rhs, {**places, A: a}, slope=model.slope)  # noqa: E731

    def energy(a: np.ndarray) -> float:
        here = {**places, A: a, F: arrays.value(fitted.rhs, {**places, A: a})}
        return float(np.squeeze(arrays.value(value.rhs, here, model.loss, model.slope)))

    one, other = np.zeros((SIZE, 1)), np.random.default_rng(SEED).normal(size=(SIZE, 1))
    distance, bound = found[8], next(part for part in found if isinstance(part, sp.Le) and part.lhs.has(sp.Symbol("distance")))
    metric = found[-1]
    b, g = Array("dualcoefother", (X,), (t,)), Array("flinother", (X,), (t,))
    begin = None
    for time in np.arange(0.0, 30.0, 3.0):
        here = {**places, A: one, F: arrays.value(fitted.rhs, {**places, A: one}), b: other, g: arrays.value(fitted.rhs, {**places, A: other}), t: time}
        claimed = float(np.squeeze(arrays.value(rate.rhs, here, model.loss, model.slope)))
        h = 1e-4
        direct = (energy(one + h * flow(one)) - energy(one - h * flow(one))) / (2 * h)
        assert claimed == pytest.approx(direct, rel=1e-6) and claimed < 0
        apart = float(np.squeeze(arrays.value(distance.rhs, here)))
        assert apart == pytest.approx(float(np.sum((model.train.T @ (one - other)) ** 2)), rel=1e-12)
        assert apart == pytest.approx(float(np.squeeze(arrays.value(metric.rhs, here))), rel=1e-9)
        begin = apart if begin is None else begin
        assert apart <= arrays.value(bound.rhs, {**here, Array("distance", (), START): begin}) * (1 + 1e-12)
        one, other = runge_kutta(flow, one, 3.0, 30), runge_kutta(flow, other, 3.0, 30)


# Cross-entropy with more classes than the checkers write out.
CLASSES = 5
f, p, y, v = (sp.IndexedBase(name) for name in ("f", "softmax", "label", "direction"))
i, j = sp.symbols("i j", integer=True, positive=True)


def cross_entropy(outputs: np.ndarray, true: int) -> float:
    return float(np.log(np.sum(np.exp(outputs))) - outputs[true])


def spelled(expression: sp.Expr, outputs: np.ndarray, true: int, moves: np.ndarray | None = None) -> float:
    """The derived expression for five classes, softmax by its definition."""
    share = np.exp(outputs) / np.exp(outputs).sum()
    tables = ((f, outputs), (p, share), (y, np.eye(CLASSES)[true]), (v, np.zeros(CLASSES) if moves is None else moves))
    numbers = {table[k + 1]: sp.Float(float(row[k]), 17) for table, row in tables for k in range(CLASSES)}
    return float(expression.subs(classes, CLASSES).doit().xreplace(numbers).evalf())


def test_gradient_and_hessian_with_five_classes() -> None:
    rng = np.random.default_rng(SEED)
    outputs, true, h = rng.normal(size=CLASSES) * 2, 3, 1e-4
    found = parts(losses.softmax_cross_entropy())
    loss, gradient, hessian = found[2], found[3], found[4]
    assert spelled(loss.rhs, outputs, true) == pytest.approx(cross_entropy(outputs, true), abs=1e-12)
    unit = np.eye(CLASSES) * h
    for a in range(CLASSES):
        direct = (cross_entropy(outputs + unit[a], true) - cross_entropy(outputs - unit[a], true)) / (2 * h)
        assert spelled(gradient.rhs.xreplace({j: sp.Integer(a + 1)}), outputs, true) == pytest.approx(direct, abs=1e-7)
        for b in range(CLASSES):
            corners = [sign * cross_entropy(outputs + s * unit[a] + r * unit[b], true) for s, r, sign in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))]
            entry = hessian.rhs.xreplace({i: sp.Integer(a + 1), j: sp.Integer(b + 1)})
            assert spelled(entry, outputs, true) == pytest.approx(sum(corners) / (4 * h * h), abs=1e-6)


def test_the_bounds_of_the_hessian_and_of_the_length() -> None:
    rng = np.random.default_rng(SEED + 3)
    found = parts(losses.softmax_cross_entropy())
    forms, length = found[5:9], found[-1]
    for scale in (0.1, 1.0, 6.0):
        outputs, moves, true = rng.normal(size=CLASSES) * scale, rng.normal(size=CLASSES), int(rng.integers(CLASSES))
        share = np.exp(outputs) / np.exp(outputs).sum()
        direct = moves @ (np.diag(share) - np.outer(share, share)) @ moves
        assert [spelled(form.rhs, outputs, true, moves) for form in forms[:2]] == pytest.approx([direct, direct], abs=1e-12)
        assert 0 <= direct <= spelled(forms[3].rhs, outputs, true, moves)
        assert cross_entropy(outputs, true) >= spelled(length.rhs, outputs, true)
    # Half is reached: two classes of probability 1/2, v = (1, -1), the others far below.
    far = np.array([0.0, 0.0, -60.0, -60.0, -60.0])
    sharp = np.array([1.0, -1.0, 0.0, 0.0, 0.0])
    assert spelled(forms[1].rhs, far, 0, sharp) == pytest.approx(spelled(forms[3].rhs, far, 0, sharp), abs=1e-12)


def softmax_slope(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    shaped = outputs.reshape(labels.shape)
    share = np.exp(shaped - shaped.max(axis=1, keepdims=True))
    return (share / share.sum(axis=1, keepdims=True) - labels).reshape(-1, 1)


@pytest.mark.parametrize("kind", ["gradient_flow", "momentum"])
def test_the_mean_of_the_outputs_stays(kind: str) -> None:
    """The derived law, run with a kernel that acts alike on all outputs, and with one that does not."""
    derivation = losses.conserved_logits(kind)
    assert {a.key for a in derivation.assumptions} >= {"cross-entropy", "kernel-alike-for-outputs", "one-hot"}
    law = parts(derivation)[0]
    rng = np.random.default_rng(SEED + 4)
    examples, outputs = 4, 3
    labels = np.eye(outputs)[rng.integers(outputs, size=examples)]
    root, start = rng.normal(size=(examples, 6)), rng.normal(size=(examples * outputs, 1))

    def drift(kernel: np.ndarray) -> float:
        places = {Array("Thetahat", (X, X), START): kernel, Array("f", (X,), START): start, eta: 0.05, ridge: 0.1, mu: MU}
        step = lambda a, before: arrays.value(  # noqa: E731
            law.rhs, {**places, A: a, A.xreplace({t: t - 1}): before}, slope=lambda g: softmax_slope(g, labels)
        )
        a = before = np.zeros_like(start)
        if kind == "gradient_flow":
            a = runge_kutta(lambda a: step(a, a), a, 10.0, 40)
        else:
            for _ in range(40):
                before, a = a, step(a, before)
        moved = kernel @ a
        assert np.abs(moved).max() > 0.1
        return float(np.abs(moved.reshape(examples, outputs).sum(axis=1)).max())

    alike = np.kron(root @ root.T / 6, np.eye(outputs))
    mixed = alike + np.kron(np.eye(examples), np.diag([0.0, 1.0, 2.0]))
    assert drift(alike) < 1e-13 and drift(mixed) > 1e-2


def test_the_outputs_escape() -> None:
    """Gradient flow of cross-entropy: both derived bounds hold at all times, the loss falls, the outputs grow."""
    derivation = losses.escaping_logits()
    assert derivation.verdict is Status.PROVED and {a.key for a in derivation.assumptions} == {"cross-entropy", "one-hot", "separable"}
    bound, _, length, _ = parts(derivation)
    rng = np.random.default_rng(SEED + 5)
    examples, outputs = 4, 3
    labels = np.eye(outputs)[[0, 1, 2, 1]]
    root = rng.normal(size=(examples, 8))
    kernel, start = np.kron(root @ root.T / 8, np.eye(outputs)), rng.normal(size=(examples * outputs, 1))

    def loss(g: np.ndarray) -> float:
        shaped = g.reshape(labels.shape)
        return float(np.sum(np.log(np.exp(shaped).sum(axis=1)) - (labels * shaped).sum(axis=1)))

    places = {Array("Thetahat", (X, X), START): kernel, Array("f", (X,), START): start, Array("targets", (X,)): labels.reshape(-1, 1), eta: 1.0}
    places |= {classes: float(outputs), sp.Symbol("N", integer=True, positive=True): float(examples)}
    now, time, seen = start, 0.0, []
    for until in (2.0, 8.0, 32.0, 128.0, 512.0):
        now = runge_kutta(lambda g: -kernel @ softmax_slope(g, labels), now, until - time, int(8 * (until - time)))
        time = until
        here = {**places, F: now, t: time}
        assert loss(now) <= float(np.squeeze(arrays.value(bound.rhs, here, loss)))
        assert np.linalg.norm(now) >= arrays.value(length.rhs, here, loss)
        seen.append((loss(now), float(np.linalg.norm(now))))
    values, lengths = zip(*seen, strict=True)
    assert list(values) == sorted(values, reverse=True) and values[-1] < 0.05
    assert list(lengths[1:]) == sorted(lengths[1:]) and lengths[-1] > lengths[1] + 3
