"""What is read off solved training, against NumPy: small linear models trained by hand, matrices of numbers."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from numpy.linalg import eigh, eigvalsh, norm, pinv, solve

import ntksym
from ntksym.nodes import Array, Spectral, Transposed
from ntksym.notation import eta, lam, lam_max, lam_min, mu, ridge, t
from ntksym.proof import Derivation, Status
from ntksym.theory import damping, learning_rates, minimum_norm, shrinkage, spectra

SEED = 11
RIDGE, RATE, TIME = 0.3, 0.05, 7.0


class Model:
    """f_0 + J w with P parameters on N examples, targets Y; of any rank."""

    def __init__(self, examples: int = 4, parameters: int = 9, rank: int | None = None) -> None:
        generator = np.random.default_rng(SEED)
        self.j = generator.standard_normal((examples, parameters))
        if rank is not None:
            self.j = generator.standard_normal((examples, rank)) @ generator.standard_normal((rank, parameters))
        self.start, self.targets = generator.standard_normal(examples), generator.standard_normal(examples)
        self.kernel = self.j @ self.j.T
        self.values, self.vectors = eigh(self.kernel)

    def of_kernel(self, function: sp.Expr, **numbers: float) -> np.ndarray:
        """A function of the kernel matrix, eigenvalue by eigenvalue."""
        call = sp.lambdify(
            (lam, eta, t, ridge), function, [{"phi1": lambda z: np.where(np.abs(z) < 1e-12, 1.0, np.expm1(z) / np.where(z == 0, 1.0, z))}, "numpy"]
        )
        values = call(self.values, numbers.get("eta", RATE), numbers.get("t", TIME), numbers.get("ridge", 0.0))
        return (self.vectors * (values * np.ones_like(self.values))) @ self.vectors.T

    def put_in(self, expression: sp.Expr, **numbers: float) -> np.ndarray:
        """An expression of arrays, in numbers."""
        if isinstance(expression, sp.Add):
            return sum((self.put_in(part, **numbers) for part in expression.args), np.zeros(()))
        if isinstance(expression, sp.Mul):
            product: np.ndarray = np.eye(1)[0, 0]
            for part in reversed(expression.args):
                factor = self.put_in(part, **numbers)
                product = factor @ product if np.ndim(factor) == 2 and np.ndim(product) > 0 else factor * product
            return product
        if isinstance(expression, Spectral):
            return self.of_kernel(expression.function.expr, **numbers)
        if isinstance(expression, Transposed):
            return self.put_in(expression.array, **numbers).T
        if isinstance(expression, Array):
            return {"J": self.j, "f": self.start, "targets": self.targets, "Thetahat": self.kernel}[expression.name]
        return np.asarray(float(expression.subs({eta: numbers.get("eta", RATE), t: numbers.get("t", TIME), ridge: numbers.get("ridge", 0.0)})))

    def descend(self, steps: int, rate: float, inertia: float = 0.0, penalty: float = 0.0) -> np.ndarray:
        """w after steps of the heavy ball from rest, on the squared loss plus the ridge."""
        before = now = np.zeros(self.j.shape[1])
        for _ in range(steps):
            gradient = self.j.T @ (self.start + self.j @ now - self.targets) + penalty * now
            before, now = now, now + inertia * (now - before) - rate * gradient
        return now


def parts(derivation: Derivation) -> list[sp.Basic]:
    assert derivation.verdict is Status.PROVED
    return list(derivation.conclusion.claim)


@pytest.mark.parametrize("rank", [None, 2])
def test_without_an_inverse_it_is_the_flow(rank: int | None) -> None:
    """Many short steps of gradient descent approach w_t, also for a singular kernel."""
    print("seed", SEED)
    model, weights = Model(rank=rank), parts(spectra.without_inverse())[2]
    wanted = model.put_in(weights.rhs, ridge=RIDGE, t=2.0)
    errors = [norm(model.descend(steps, RATE * 2.0 / steps, penalty=RIDGE) - wanted) for steps in (2000, 4000)]
    assert errors[1] < 1e-3 * norm(wanted)
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.02)  # first order in the step


def test_outputs_are_a_mean_of_targets_and_start() -> None:
    model = Model()
    _, mode, scale, name, outputs = parts(spectra.spectral_modes())
    decay = model.of_kernel(name.rhs.function.expr)
    found = (np.eye(4) - decay) @ model.targets + decay @ model.start
    assert outputs.rhs.has(name.lhs)
    weights = parts(spectra.without_inverse())[2]
    assert found == pytest.approx(model.start + model.j @ model.put_in(weights.rhs), abs=1e-12)
    assert scale.rhs.args[0] == sp.exp(-1)
    assert mode.rhs.args[0] == sp.exp(-eta * t * (lam + ridge))


def test_the_end_is_the_shortest_fit() -> None:
    model = Model()
    claims = parts(minimum_norm.least_norm())
    end = model.put_in(claims[0].rhs)
    assert end == pytest.approx(pinv(model.j) @ (model.targets - model.start), abs=1e-12)
    other = end + (np.eye(9) - pinv(model.j) @ model.j) @ np.ones(9)
    assert model.j @ other == pytest.approx(model.targets - model.start, abs=1e-12)
    assert norm(other) ** 2 == pytest.approx(norm(end) ** 2 + norm(other - end) ** 2, rel=1e-12)


def test_the_end_with_a_ridge_is_the_minimum() -> None:
    model = Model(rank=2)
    end = model.put_in(parts(minimum_norm.ridge_minimum())[0].rhs, ridge=RIDGE)
    assert end == pytest.approx(solve(model.j.T @ model.j + RIDGE * np.eye(9), model.j.T @ (model.targets - model.start)), abs=1e-12)
    assert end == pytest.approx(model.descend(4000, 0.05, penalty=RIDGE), abs=1e-12)


def test_early_stopping_is_almost_a_ridge() -> None:
    early, _, late, *_ = parts(shrinkage.early_stopping())
    u = np.geomspace(1e-4, 1e4, 200_001)
    shares = [sp.lambdify(lam, side.rhs.subs({eta: 1, t: 1}), "numpy")(u) for side in (early, late)]
    ratio = shares[0] / shares[1]
    assert ratio.min() >= 1 - 1e-15
    assert ratio.max() == pytest.approx(1.2984256075, abs=1e-8)
    assert u[ratio.argmax()] == pytest.approx(1.79328, abs=1e-3)


@pytest.mark.parametrize("x", [0.01, 0.3, 0.99, 1.0])
def test_descent_stays_near_the_flow(x: float) -> None:
    gap, bound = spectra.flow_and_descent().conclusion.claim[1].args
    times = np.arange(1, 60)
    values = [sp.lambdify(t, side.subs({eta: x, lam: 1, ridge: 0}), "numpy")(times) for side in (gap, bound)]
    assert np.all(values[0] >= -1e-15)
    assert np.all(values[0] <= values[1] + 1e-15)
    if x < 0.02:  # for small steps the bound is sharp
        assert values[0] == pytest.approx(values[1], rel=2e-2)


@pytest.mark.parametrize("inertia", [0.0, 0.9])
def test_edges_with_scales_of_the_loss(inertia: float) -> None:
    """The companion matrix of the largest mode has radius one at the edge."""
    claims = parts(learning_rates.edges())
    scale, examples, outputs = sp.Symbol("lossscale", positive=True), sp.Symbol("N", integer=True, positive=True), sp.Symbol("k", integer=True, positive=True)
    numbers = {mu: inertia, lam_max: 3.0, ridge: RIDGE, scale: 0.25, examples: 50, outputs: 10}
    curvatures = (3.0 + RIDGE, 0.75 + RIDGE, 3.0, 3.0 / 50, 3.0 / 500)
    for claim, curvature in zip(claims, curvatures, strict=True):
        edge = float(claim.rhs.subs(numbers))
        for factor, stable in ((0.9999, True), (1.0001, False)):
            roots = np.roots([1, -(1 + inertia - factor * edge * curvature), inertia])
            assert bool(np.abs(roots).max() < 1) is stable


def radius(step: float, inertia: float, curvatures: np.ndarray) -> float:
    return max(np.abs(np.roots([1, -(1 + inertia - step * c), inertia])).max() for c in curvatures)


def test_the_best_rates_are_the_best() -> None:
    model = Model()
    ends = {lam_min: float(model.values[0]), lam_max: float(model.values[-1])}
    kappa = ends[lam_max] / ends[lam_min]
    _, factor, critical, *_ = parts(learning_rates.best_descent())
    step = float(critical.rhs.subs(ends))
    for rate in (0.5 * step, step, 1.3 * step):
        found = np.abs(eigvalsh(np.eye(4) - rate * model.kernel)).max()
        assert float(factor.rhs.subs({**ends, eta: rate})) == pytest.approx(found, rel=1e-12)
    assert np.abs(eigvalsh(np.eye(4) - step * model.kernel)).max() == pytest.approx((kappa - 1) / (kappa + 1), rel=1e-12)
    best = {claim.lhs.name: float(claim.rhs.subs({sp.Symbol("kappa", positive=True): kappa, **ends})) for claim in parts(learning_rates.best_heavy_ball())[-3:]}
    least = radius(best["etastar"], best["mustar"], model.values)
    assert least == pytest.approx(best["rhostar"], abs=1e-6)  # double roots: NumPy finds them to the root of its precision
    generator = np.random.default_rng(SEED)
    others = [(best["etastar"] * s, m) for s, m in zip(generator.uniform(0.2, 2, 500), generator.uniform(0, 1, 500), strict=True)]
    assert min(radius(*other, model.values) for other in others) > best["rhostar"] - 1e-6


@pytest.mark.parametrize("inertia", [0.81, 0.04])
def test_damped_modes_are_those_of_the_heavy_ball(inertia: float) -> None:
    """One mode trained by hand from rest: the claim's piece that holds for its curvature gives what is left."""
    root, seen = np.sqrt(inertia), set()
    law, _, _, *cases = parts(damping.heavy_ball())
    omega = sp.Symbol("Omega", positive=True)
    assert law.has(mu)
    for pull in ((1 - root) ** 2 / 2, (1 - root) ** 2, 1 + inertia, (1 + root) ** 2, (1 + root) ** 2 + 0.05):
        before = now = 1.0
        left = []
        for _ in range(12):
            before, now = now, now + inertia * (now - before) - pull * now
            left.append(now)
        cosine = (1 + inertia - pull) / (2 * root)
        kind = 1 if abs(abs(cosine) - 1) < 1e-12 else 0 if abs(cosine) < 1 else 2 if cosine > 0 else 3
        value = cases[kind].rhs.args[0 if cosine > 0 or kind != 1 else 1][0]
        angle = np.arccos(cosine) if kind == 0 else np.arccosh(max(abs(cosine), 1))
        times = range(1, 13)
        found = [float(sp.re(sp.N(value.subs({mu: inertia, omega: angle, t: time})))) for time in times]
        assert found == pytest.approx(left, abs=1e-11)
        seen.add((kind, cosine > 0))
    assert len(seen) == 5


def test_damped_modes_of_the_flow_and_the_unit_of_lee() -> None:
    law, _, _, under, critical, over, _, _, unit = parts(damping.heavy_ball_flow())
    inertia, step, omega = 0.9, 0.02, sp.Symbol("Omega", positive=True)
    assert unit.rhs.has(1 / sp.sqrt(eta))
    assert law.lhs == sp.Derivative(sp.Function("modres")(t), (t, 2))
    for claim, pull in ((under, 0.02), (critical, 0.0025), (over, 0.001)):
        friction = 1 - inertia
        values, vectors = np.linalg.eig(np.array([[0.0, 1.0], [-pull, -friction - (1e-7 if claim is critical else 0)]]))
        for time in (1.0, 10.0, 50.0):
            wanted = (vectors @ np.diag(np.exp(values * time)) @ np.linalg.inv(vectors))[0, 0].real
            angle = np.sqrt(abs(pull - friction**2 / 4))
            value = claim.rhs.args[0][0].subs({mu: inertia, omega: angle, t: time, eta: step})
            assert float(value) == pytest.approx(wanted, abs=1e-5 if claim is critical else 1e-12)


def test_cross_entropy_falls_below_its_edge_and_the_bound_is_reached() -> None:
    claims = parts(learning_rates.cross_entropy())
    assert claims[-1] == sp.Lt(eta, 4 / lam_max)
    soft = np.array([0.5, 0.5, 0.0])
    assert eigvalsh(np.diag(soft) - np.outer(soft, soft))[-1] == pytest.approx(0.5, abs=1e-15)
    # two classes, one weight each way: f = (s w, -s w), mixed labels; near the minimum at w = 0 the curvature is lambda_max / 2
    scale = 1.5
    jacobian = scale * np.array([[1.0], [-1.0]])
    largest = float(eigvalsh(jacobian @ jacobian.T)[-1])

    def gradient(w: float) -> float:
        p = 1 / (1 + np.exp(-2 * scale * w))
        return scale * ((p - 1) + p) - scale * ((1 - p) - 1 + (1 - p))  # one example of either class

    for factor, stable in ((3.9, True), (4.1, False)):
        w = 1e-4
        for _ in range(400):
            w -= factor / (2 * largest) * gradient(w)  # two examples on one Jacobian: the kernel's largest eigenvalue is twice that of one
        assert bool(abs(w) < 1e-4) is stable


def test_the_standard_kernel_grows_like_the_width() -> None:
    """A network of one hidden layer by hand: eta_0/n times its kernel keeps its size, and its first-layer part vanishes."""
    claims = parts(learning_rates.standard_rates())
    assert claims[3].rhs == sp.Symbol("eta0", positive=True) / sp.Symbol("n", positive=True)
    generator = np.random.default_rng(SEED)
    shares, sizes = [], []
    for n in (200, 800, 3200):
        w, v, x = generator.standard_normal((3, n)) / np.sqrt(3), generator.standard_normal(n) / np.sqrt(n), np.array([1.0, -0.5, 2.0])
        h = np.tanh(x @ w)
        last, first = h @ h, (v * (1 - h**2)) @ (v * (1 - h**2)) * (x @ x)
        sizes.append((last + first) / n)
        shares.append(first / n / sizes[-1])
    assert sizes == pytest.approx([sizes[-1]] * 3, rel=0.1)
    assert shares[0] / shares[2] == pytest.approx(16, rel=0.3)


def test_they_are_in_the_library() -> None:
    names = "spectral_modes gradient_flow_without_inverse descent_beside_flow minimum_norm ridge_minimum early_stopping learning_rate_edges"
    names += " best_gradient_descent best_heavy_ball heavy_ball_damping heavy_ball_flow_damping cross_entropy_rates standard_learning_rates"
    assert set(names.split()) <= set(ntksym.derivations())
