"""Digits end to end: accuracy of the NNGP posterior and of the NTK at several times, ridge by marginal likelihood, seconds and peak memory.

    python tests/benchmarks/digits.py
    python tests/benchmarks/digits.py trained [last time]     a network of width 1,024, really trained, at the same times

Erf, three hidden layers, sigma_w = 1, no biases; 1,438 training and 359 test rows, seed 0; float64 on the CPU, float32 for the network.
"""

from __future__ import annotations

import math
import sys
import time

import jax
import numpy as np

import ntksym
from ntksym.evaluate.data import Split, load_data, split
from ntksym.evaluate.experiment import peak_memory_mib
from ntksym.evaluate.fitting import Fit, run_fit
from ntksym.evaluate.regression import accuracy

SEED = 0
# Flow times eta t for the loss sum 1/2 ||f - y||^2; with a step eta below the edge, a network takes t = time / eta steps to each.
TIMES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, math.inf)


def network(width: int | None = None) -> ntksym.Network:
    """The network that everything here is about, at a finite width if one is given."""
    return ntksym.fcn(3, "erf", widths=width, out=10)


def parts() -> Split:
    """The split on which kernels and trained networks are compared: inputs in [0, 1], targets one-hot minus 1/10."""
    return split(load_data("digits"), seed=SEED)


def fitted(ridge: float | str | None = None, choose: tuple[str, ...] = ()) -> Fit:
    """The NNGP and the NTK at every time, on that split."""
    start = ntksym.fcn(3, "erf", sigma_b=0.1) if choose else network()
    return run_fit(start, load_data("digits"), times=TIMES, ridge=ridge, choose=choose, seed=SEED)


def trained(last: float, width: int = 1024) -> None:
    """Gradient descent on one network up to eta t = ``last``.

    At three quarters of the stability edge of infinite width: a network of this width has a lower one.  Its linearization is not run beside it.
    """
    data = parts()
    net = network(width)
    x, z, y = (np.asarray(a, np.float32) for a in (data.x_train, data.x_test, data.y_train))
    params = ntksym.init_fn(net)(jax.random.key(SEED), x.shape[1])
    rate = 0.75 * float(ntksym.max_learning_rate(ntksym.kernel_fn(net)(x)))
    steps = [round(at / rate) for at in TIMES if at <= last]
    start = time.perf_counter()
    run = ntksym.train(net, params, x, y, [0, *steps], x_test=z, learning_rate=rate, linearized=False, record=("outputs", "parameters"), progress=True)
    print(f"width {width}, {width * (64 + 2 * width + 10):,} weights; eta {rate:.4g}, three quarters of the edge at infinite width")
    print(f"{steps[-1]} steps, {time.perf_counter() - start:.0f} s")
    for count, outputs, loss, moved in zip([0, *steps], run.f_test, run.loss, run.movement, strict=True):
        right = accuracy(np.asarray(outputs), data.labels_test)
        print(f"  eta t = {count * rate:<10.4g}accuracy {right:.4f}  loss {float(loss):.4g}  |theta - theta_0| {float(moved):.3g}")


def main() -> None:
    begin = time.perf_counter()
    for name, keywords in (("ridge 0", {}), ("ridge by marginal likelihood", {"ridge": "auto"}), ("sigmas and ridge", {"choose": ("sigma_w", "sigma_b")})):
        start = time.perf_counter()
        result = fitted(**keywords)
        print(f"{name}: {result.n_train} training rows, {result.n_test} test rows, {time.perf_counter() - start:.1f} s, edge {result.edge:.3g}")
        for model in result.models:
            print(f"  {model.name}: {dict(model.keywords)} ridge {model.ridge:.3g}, condition {model.condition:.2e}")
        for score in result.scores:
            at = "" if score.time is None else f"eta t = {score.time:g}"
            print(f"  {score.model:<5}{at:<16}accuracy {score.value:.4f}  -log p {score.nlpd:.4f}  ECE {score.calibration:.4f}")
    print(f"all: {time.perf_counter() - begin:.1f} s, peak memory {peak_memory_mib() or float('nan'):.0f} MiB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["trained"]:
        trained(float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)
    else:
        main()
