"""Gradients of generated duals against the reference values (reference_table.py): dV/dq11, dV/dq12, dV/dq22 of every activation.

    python tests/benchmarks/derivative_table.py             every row of the catalogue
    python tests/benchmarks/derivative_table.py relu ...    these

The generated V (``ntksym.dual_fn``) is differentiated by jax.grad.  The reference has E[phi''(u) phi(v)]/2 and E[phi'(u) phi'(v)] by quadrature of 30 digits,
with deltas at kinks and jumps; ``--differences`` judges it in turn by central differences of the quadrature's V.  Errors are relative to
max(|dV/dq|, scale), the scale being sqrt(V11 V22)/q11, sqrt(V'11 V'22), sqrt(V11 V22)/q22.  At correlation +-1 every derivative that is finite is judged;
there dV/dq11 and dV/dq22 are the limits from inside.  The second column of each pair is for variances from 1e-12 to 1e12.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).parent)]
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import dual_table  # noqa: E402  (after the path is set)
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import oracles  # noqa: E402
import reference_table  # noqa: E402
from mpmath import mp, mpf  # noqa: E402

import ntksym  # noqa: E402
from ntksym.catalogue import catalogue  # noqa: E402

ORDER = (2, 1, 3)  # where the partials in q11, q12, q22 stand in a reference entry
GOALS = {"double": 1e-13, "single": 2e-6}


def gradients(name: str, kind: str) -> dict[str, tuple[float, str]]:
    """The worst error by regime and partial, with its place."""
    f = ntksym.dual_fn(name)
    dtype = reference_table.SETS[kind][0]
    rows = dual_table.entries(name, kind)
    stored = reference_table.load()[name][kind]
    with jax.enable_x64(kind == "double"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = [jnp.asarray(np.array([point[i] for _, point, _, _ in rows], dtype)) for i in range(3)]
        made = jax.jit(jax.vmap(jax.grad(lambda a, c, b: f(a, c, b)[0], (0, 1, 2))))(*columns)
    found: dict[str, tuple[float, str]] = {}
    for i, (label, (a, _, b), _, unit) in enumerate(rows):
        regime = dual_table.REGIMES[label in reference_table.EXTREME or label in reference_table.DOUBLE_ONLY]
        for which, (slot, scale) in enumerate(zip(ORDER, (unit[0] / a, unit[1], unit[0] / b), strict=True)):
            text = stored[label][slot]
            if text is None:
                continue
            wanted = mpf(text)
            size = max(abs(wanted), scale)
            if not mpf(float(np.finfo(dtype).tiny)) / mpf(float(np.finfo(dtype).eps)) < size < float(np.finfo(dtype).max):
                continue
            got = float(np.asarray(made[which], np.float64)[i])
            error = float(abs(mpf(got) - wanted) / size) if np.isfinite(got) else float("inf")
            key = f"{regime} {which}"
            if error >= found.get(key, (-1.0, ""))[0]:
                found[key] = (error, label)
    return found


def differences(name: str, label: str, digits: int = 30) -> float:
    """The reference's three partials at one point against central differences of its V, relative to the largest: a check of the reference."""
    known, point = oracles.known(name), reference_table.points()["double"][label]
    partials = [mpf(reference_table.load()[name]["double"][label][slot]) for slot in ORDER]
    worst = mpf(0)
    with mp.workdps(40):
        step = mpf(2) ** -20
        for i, partial in enumerate(partials):
            shifted = [
                oracles.quantities(known, *(mpf(q) * (1 + k * step * (j == i)) for j, q in enumerate(point)), digits=digits).value for k in (-2, -1, 1, 2)
            ]
            quotient = (shifted[0] - 8 * shifted[1] + 8 * shifted[2] - shifted[3]) / (12 * step * mpf(point[i]))
            worst = max(worst, abs(quotient - partial) / max(map(abs, partials)))
    return float(worst)


def main(arguments: list[str]) -> int:
    """Print the table; the exit status is 1 where a derivative misses a goal at moderate variances."""
    check = "--differences" in arguments
    names = [name for name in arguments if not name.startswith("--")] or [row.name for row in catalogue()]
    missed = []
    for name in names:
        if check:
            print(f"{name:20} differences of the reference: {differences(name, 'generic'):.0e} {differences(name, '1e-5 unequal'):.0e}", flush=True)
            continue
        if name not in reference_table.load():
            missed.append(f"{name} (no reference values)")
            continue
        cells = []
        for kind in ("double", "single"):
            try:
                found = gradients(name, kind)
            except ntksym.NtksymError as error:
                missed.append(f"{name} ({error})")
                continue
            for which, letter in enumerate(("q11", "q12", "q22")):
                near, far = found.get(f"moderate {which}", (0.0, "")), found.get(f"extreme {which}", (0.0, ""))
                cells.append(f"{letter} {near[0]:.0e} {far[0]:.0e}")
                if not near[0] <= GOALS[kind]:
                    missed.append(f"{name} {kind} dV/d{letter} {near[0]:.1e} at {near[1]}")
            cells.append("|")
        print(f"{name:20} double: " + "  ".join(cells).replace("|", "  single:", 1).rstrip("| "), flush=True)
    print(f"misses: {', '.join(missed) or 'none'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
