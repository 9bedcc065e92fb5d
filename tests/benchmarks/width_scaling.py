"""Sampled finite networks against the derived kernels, for every wiring:  python tests/benchmarks/width_scaling.py [--samples 2000] [--seed 0] [--only NAME]

One line per head of a wiring.  Layer terms: largest relative difference between the sum of the layer terms of Theta-hat and autodiff's J J^T, float64, over
random small networks.  Then over widths 64, 128, 256, 512 (float32, three inputs in five dimensions): the largest entry of intercept - Theta and the largest
standard error, in per cent of sqrt(Theta_ii Theta_jj); z of the joint test of the upper triangle; z of what the lines in 1/n leave; the exponent of the
spread by a straight line, and with a term of the next order.  Marks: * joint test above 3, + straight exponent further than 2 standard errors from -1/2.
Networks are drawn from the seed, 0, which was chosen once; the inputs stay.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntksym.evaluate.convergence import width_scaling
from ntksym.evaluate.finite import apply_fn, empirical_ntk_fn, init_fn

sys.path.insert(0, str(Path(__file__).parents[1]))
from wirings import wirings  # noqa: E402  (the table of the tests)

SEED = 0
WIDTHS = (64, 128, 256, 512)


def inputs() -> np.ndarray:
    return np.random.default_rng(SEED).standard_normal((3, 5))


def layer_terms(name: str, seed: int, repeats: int = 3) -> float:
    """Sum of layer terms against J J^T with J by jax.jacrev of apply_fn, both in float64; every pair of three outputs."""
    network, worst = wirings(7, 3)[name], 0.0
    with jax.enable_x64(True):
        x = jnp.asarray(inputs())
        for k in range(repeats):
            key = jax.random.key(seed + k)
            params = init_fn(network)(key, x.shape[1], "float64")
            masks = {"key": key} if "dropout" in name else {}
            jacobian = jax.jacrev(lambda p, masks=masks: apply_fn(network)(p, x, **masks))(params)
            flat = [leaf.reshape(*leaf.shape[:2], -1) for leaf in jax.tree.leaves(jacobian)]
            wanted = sum(np.einsum("pin,qjn->pqij", leaf, leaf) for leaf in map(np.asarray, flat))
            found = np.asarray(empirical_ntk_fn(network)(params, x, layerwise=True, **masks)).sum(axis=0)
            worst = max(worst, float(np.abs(found - wanted).max() / np.abs(wanted).max()))
    return worst


def lines(name: str, samples: int, seed: int) -> list[tuple[str, Any]]:
    terms = layer_terms(name, seed)
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(name.encode()))  # of its own, so that the lines are independent
    result = width_scaling(lambda n: wirings(n)[name], key, inputs().astype(np.float32), widths=WIDTHS, n_samples=samples)
    found = []
    for one in result:
        if not one.kernel.startswith("ntk"):
            continue
        straight, corrected = one.spread_exponent, one.spread_exponent_corrected
        marks = ("*" if one.test.z > 3 else "") + ("+" if abs(straight.z(-0.5)) > 2 else "")
        label = name + one.kernel.removeprefix("ntk").replace("_", ", ")
        found.append(
            (
                f"{label:26} {terms:10.1e} {100 * np.abs(one.intercept).max():8.2f} {100 * one.intercept_error.max():7.2f} "
                f"{one.test.z:6.2f} {one.misfit.z:6.2f}"
                f"  {straight.value:7.3f} +- {straight.error:.3f}  {corrected.value:7.3f} +- {corrected.error:.3f} {marks:2} {result.seconds:6.1f}",
                one,
            )
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", action="append")
    given = parser.parse_args()
    begin = time.perf_counter()
    print(f"seed {given.seed}, widths {', '.join(map(str, WIDTHS))}, {given.samples} networks each, float32, {jax.devices()[0]}, jax {jax.__version__}")
    head = f"{'wiring':26} {'layers':>10} {'off %':>8} {'err %':>7} {'z':>6} {'left':>6}  {'spread':>16}  {'next order':>16}    {'s':>6}"
    print(head)
    seen = []
    for name in wirings():
        if given.only and name not in given.only:
            continue
        for line, one in lines(name, given.samples, given.seed):
            print(line.rstrip(), flush=True)
            seen.append(one)
    tests = [one.test for one in seen]
    straight, corrected = ([getattr(one, kind).z(-0.5) for one in seen] for kind in ("spread_exponent", "spread_exponent_corrected"))
    print(f"\n{len(seen)} kernels in {time.perf_counter() - begin:.0f} s; largest standard error {100 * max(one.intercept_error.max() for one in seen):.2f} %")
    print(f"joint test: {sum(test.z > 2 for test in tests)} above 2, {sum(test.z > 3 for test in tests)} above 3, largest {max(test.z for test in tests):.2f}")
    print(f"sum of all chi2 {sum(test.chi2 for test in tests):.1f} on {sum(test.dof for test in tests)}")
    for label, z in (("straight", straight), ("next order", corrected)):
        print(f"spread, {label}: {sum(abs(one) > 2 for one in z)} of {len(z)} above 2 standard errors, root mean square {math.sqrt(np.mean(np.square(z))):.2f}")


if __name__ == "__main__":
    main()
