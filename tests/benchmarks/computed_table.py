"""Computed duals against the reference table: errors, stated bounds and derivatives, in float64 and float32.

    python tests/benchmarks/computed_table.py              every row that is computed
    python tests/benchmarks/computed_table.py NAME...

Errors and bounds of V and V' are relative to sqrt(E phi(u)^2 E phi(v)^2) and the same of phi'; the exit status is the number of bounds broken.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import reference_table  # noqa: E402  (after the path is set)

import ntksym  # noqa: E402

mp.dps = 40


def judge(name: str, kind: str) -> int:
    """One row in one precision: prints the worst numbers, returns how many bounds were broken."""
    row, points = reference_table.load()[name], reference_table.points()[kind]
    dtype = {"double": np.float64, "single": np.float32}[kind]
    labels = [label for label, entry in row[kind].items() if entry[0] is not None]
    with jax.enable_x64(kind == "double"):
        f = ntksym.dual_fn(name)
        q = [np.array([points[label][k] for label in labels], dtype=dtype) for k in range(3)]
        found, bounds = f(*q), f.error_bound(*q)
        slopes = jax.jit(jax.vmap(jax.grad(lambda *at: f(*at)[0], (0, 2))))(*(jnp.asarray(x) for x in q))
    broken, worst = 0, {"moderate": [0.0] * 5, "extreme": [0.0] * 5}
    for i, label in enumerate(labels):
        exact = [None if text is None else mpf(text) for text in row[kind][label]]
        norms = [mp.sqrt(mpf(row["squares"][repr(float(q[0][i]))][o]) * mpf(row["squares"][repr(float(q[2][i]))][o])) for o in (0, 1)]
        numbers = []
        for k in (0, 1):
            error = abs(mpf(float(found[k][i])) - exact[k]) if exact[k] is not None else mpf(0)
            broken += error > mpf(float(bounds[k][i]))
            numbers += [error / norms[k], mpf(float(bounds[k][i])) / norms[k]]
        partial = [abs(mpf(float(s[i])) - e) / max(norms[1], abs(e)) for s, e in zip(slopes, exact[2:], strict=True) if e is not None]
        numbers.append(max(partial, default=mpf(0)))
        group = worst["moderate" if label in reference_table.MODERATE else "extreme"]
        group[:] = [max(a, float(b)) for a, b in zip(group, numbers, strict=True)]
    for group, (v, bound_v, dv, bound_dv, partial) in worst.items():
        shown = f"V {v:.0e} (bound {bound_v:.0e})  V' {dv:.0e} (bound {bound_dv:.0e})  partials {partial:.0e}"
        print(f"{name:22} {kind:7} {group:9} {shown}  {broken} bounds broken", flush=True)
    return broken


def main(arguments: list[str]) -> int:
    table = reference_table.load()
    names = arguments or [name for name in table if not ntksym.dual_fn(name).closed]
    broken = sum(judge(name, kind) for name in names for kind in ("double", "single"))
    print(f"{len(names)} rows, {broken} bounds broken")
    return broken


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
