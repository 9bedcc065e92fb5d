"""How lazy training is, by width:  python tests/benchmarks/lazy_training.py [--widths 64 ...] [--networks 12] [--steps 80] [--seed 0] [--only NAME]

Four unit inputs in three dimensions, one output, no bias, sigma_w = 1.5, standard normal targets, sum of squares; gradient descent at half of
eta_critical = 2/(lambda_min + lambda_max) of the derived kernel, float64.  Per net: the largest over the steps of ||f - f_lin|| on the training inputs,
||theta_t - theta_0||/sqrt(n) and ||Theta-hat_t - Theta-hat_0||_F, geometric means over networks; then the exponents of n with their standard errors.
Network i of every width has the seed of i, and an exponent is the mean, over i, of the slopes of a straight line in the logarithms: the standard error
is that of this mean.  Theory: at most -1/2 for all three; tanh -1, -1/2, -1; relu tends to -1/2 from below in all of them.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.evaluate.finite import init_fn
from ntksym.evaluate.kernels import kernel_fn
from ntksym.evaluate.training import train
from ntksym.network import Network, fcn

NETS = {f"{name}, {depth} hidden": (name, depth) for name in ("tanh", "relu") for depth in (1, 2)}
MEASURED = ("|f - f_lin|", "|dtheta|/sqrt(n)", "|dTheta|_F")


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((4, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True), rng.standard_normal((4, 1))


def net_of(name: str, depth: int, width: int | None) -> Network:
    return fcn(depth, name, sigma_w=1.5, widths=width)


def measure(network: Network, width: int, key: Any, x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> list[float]:
    params = init_fn(network)(key, x.shape[1], "float64")
    t = np.unique(np.concatenate([np.arange(9), np.geomspace(8, steps, 12).round()]))
    found = train(network, params, x, y, t, learning_rate=rate, force=True)  # a narrow net's own edge may lie below
    apart = np.linalg.norm((found.f_train - found.f_lin_train)[..., 0], axis=1)
    return [apart.max(), found.movement.max() / width**0.5, found.kernel_change.max() * found.kernel_norm]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--networks", type=int, default=12)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append")
    given = parser.parse_args()
    begin = time.perf_counter()
    x, y = data(given.seed)
    print(f"seed {given.seed}, {given.networks} networks a width, {given.steps} steps, float64, {jax.devices()[0]}, jax {jax.__version__}")
    print(f"{'net':16} {'n':>6} " + " ".join(f"{name:>18}" for name in MEASURED))
    slopes = []
    for label, (name, depth) in NETS.items():
        if given.only and label not in given.only:
            continue
        values = np.linalg.eigvalsh(np.asarray(kernel_fn(net_of(name, depth, None))(jnp.asarray(x))))
        rate = 0.5 * 2 / float(values[0] + values[-1])
        curves = []
        for width in given.widths:
            network = net_of(name, depth, width)
            keys = [jax.random.fold_in(jax.random.fold_in(jax.random.key(given.seed), width), i) for i in range(given.networks)]
            curves.append([measure(network, width, key, x, y, rate, given.steps) for key in keys])
            print(f"{label:16} {width:6} " + " ".join(f"{value:18.3e}" for value in np.exp(np.log(curves[-1]).mean(axis=0))), flush=True)
        logs, n = np.log(np.asarray(curves)), np.log(given.widths)
        each = np.einsum("w,wim->im", (n - n.mean()) / ((n - n.mean()) ** 2).sum(), logs)
        slopes.append((label, each.mean(axis=0), each.std(axis=0, ddof=1) / given.networks**0.5))
    print(f"\n{'exponent of n':23} " + " ".join(f"{name:>18}" for name in MEASURED))
    for label, mean, error in slopes:
        print(f"{label:23} " + " ".join(f"{m:9.3f} +- {e:.3f}" for m, e in zip(mean, error, strict=True)))
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    with jax.enable_x64(True):
        main()
