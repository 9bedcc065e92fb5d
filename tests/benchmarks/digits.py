"""Digits end to end: accuracy of the NNGP posterior and of the NTK at several times, ridge by marginal likelihood, seconds and peak memory.

    python tests/benchmarks/digits.py

Erf, three hidden layers, sigma_w = 1, no biases; 1,438 training and 359 test rows, seed 0; float64 on the CPU.
"""

from __future__ import annotations

import math
import time

import ntksym
from ntksym.evaluate.data import Split, load_data, split
from ntksym.evaluate.experiment import peak_memory_mib
from ntksym.evaluate.fitting import Fit, run_fit

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
    main()
