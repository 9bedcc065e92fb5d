"""Derived flows against parameter-space training of a linearized finite network, at times up to 200 steps; and the heavy ball around its edge.

    python tests/benchmarks/flow_accuracy.py

The kernel is the network's own at its initial parameters, (N, N, k, k); float64.  Flows in parameter space go by diffrax at tolerance 1e-12.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import ntksym

SEED, N, M, K = 0, 6, 3, 2
TIMES = [1, 7, 40, 200]


def main() -> None:
    rng = np.random.default_rng(SEED)
    x, z, y = rng.normal(size=(N, 3)), rng.normal(size=(M, 3)), rng.normal(size=(N, K))
    labels = np.eye(K)[rng.integers(0, K, N)]
    network = ntksym.fcn(2, "tanh", sigma_w=1.5, sigma_b=0.1, widths=32, out=K)
    params = ntksym.init_fn(network)(jax.random.key(SEED), 3, dtype=jnp.float64)
    kernel = ntksym.empirical_ntk_fn(network)
    train, cross = kernel(params, x), kernel(params, z, x)
    start, start_test = ntksym.apply_fn(network)(params, x), ntksym.apply_fn(network)(params, z)
    edge = float(ntksym.max_learning_rate(train))
    for loss, target in (("mse", y), ("cross_entropy", labels)):
        for dynamics in ("gradient_flow", "gradient_descent", "momentum", "momentum_flow"):
            for ridge in (0.0, 0.1):
                mu = 0.5 if dynamics.startswith("momentum") else 0.0
                common = {"loss": loss, "dynamics": dynamics, "momentum": mu, "learning_rate": 0.4 * edge, "ridge": ridge}
                tolerance = {"tolerance": 1e-12} if dynamics.endswith("flow") else {}
                run = ntksym.train(network, params, x, target, TIMES, x_test=z, record=("outputs",), **common, **tolerance)
                keywords = {name: value for name, value in common.items() if name not in ("loss", "dynamics")}
                extra = tolerance if loss != "mse" else {}
                found = ntksym.flow_fn(loss, dynamics)(train, target, TIMES, k_test_train=cross, f_train_0=start, f_test_0=start_test, **keywords, **extra)
                pairs = ((found.train, run.f_lin_train), (found.test, run.f_lin_test))
                errors = [float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in pairs]
                print(f"{loss:<14}{dynamics:<18}ridge {ridge:<5}train {errors[0]:.1e}  test {errors[1]:.1e}")
    values = np.array([1.0, 0.25])
    print("heavy ball, mu = 0.5, around its edge 2 (1 + mu) / lambda_max: residual after 2,000 steps, and difference from the recurrence by hand")
    for factor in (0.99, 0.999, 1.0, 1.001, 1.01):
        now = before = np.zeros(2)
        for _ in range(2000):
            now, before = now + 0.5 * (now - before) - factor * 3.0 * values * (now - 1), now
        found = ntksym.flow_fn(dynamics="momentum")(np.diag(values), np.ones((2, 1)), 2000, learning_rate=3.0 * factor, momentum=0.5, force=True).train[:, 0]
        residual = abs(float(found[0]) - 1)
        print(f"  {factor:<6} times the edge: {residual:.3e}, relative difference {np.max(np.abs(np.asarray(found) - now)) / max(1.0, residual):.1e}")


if __name__ == "__main__":
    with jax.enable_x64(True):
        main()
