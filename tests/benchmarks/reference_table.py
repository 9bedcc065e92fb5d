"""Reference values for every activation: V, V' = dV/dq12, dV/dq11, dV/dq22, by quadrature of 30 digits and without any formula for a dual.

    python tests/benchmarks/reference_table.py              compute what reference_table.json lacks
    python tests/benchmarks/reference_table.py NAME...      compute these again
    python tests/benchmarks/reference_table.py --check      compute a few again with another node set and compare

The activations are typed in in tests/oracles/definitions.py.  The covariances are floating-point numbers taken as exact; "double" points have 53-bit
entries, "single" ones 24-bit.  With python-flint installed a row takes about a minute, with mpmath alone some twenty.
A null is a value that is infinite, undefined (derivatives of a jump at |rho| = 1) or out of reach (exponential growth or many waves inside the range).
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).parents[1]))

import oracles  # noqa: E402  (after the path is set)

PATH = Path(__file__).with_suffix(".json")
DIGITS = {"double": 30, "single": 16, "squares": 16}
# Name -> variance, correlation, variance; a correlation 1 - x stands as the text "1-x".
MODERATE = {
    "generic": ("0.7", "0.26", "1.9"),
    "strong": ("2.0", "0.9", "0.53"),
    "weak": ("3.9", "0.2", "0.41"),
    "independent": ("1.1", "0", "1.5"),
    "negative": ("0.25", "-0.5", "1.07"),
    "small": ("0.1", "0.75", "0.21"),
    "opposed": ("0.6", "-0.99", "1.7"),
    "1e-3": ("1.1", "1-1e-3", "1.1"),
    "1e-3 unequal": ("1.3", "1-1e-3", "0.8"),
    "1e-5": ("0.9", "1-1e-5", "0.9"),
    "1e-5 unequal": ("2.3", "1-1e-5", "0.9"),
    "1e-7": ("1.7", "1-1e-7", "1.7"),
    "-1e-7 unequal": ("0.3", "-1+1e-7", "1.2"),
    "one": ("1.3", "1", "1.3"),
    "one unequal": ("0.7", "1", "2.8"),
    "minus one": ("0.8", "-1", "0.8"),
}
EXTREME = {
    "tiny": ("1e-6", "0.3", "1.3e-6"),
    "tiny one": ("1e-6", "1", "1e-6"),
    "large": ("1e6", "0.3", "1.3e6"),
    "large one": ("1e6", "1", "1e6"),
    "mixed": ("1e-6", "0.5", "1.1e3"),
}
DOUBLE_ONLY = {
    "minute": ("1e-12", "0.5", "1.1e-12"),
    "minute one": ("1e-12", "1", "1e-12"),
    "huge": ("1e12", "0.5", "1.1e12"),
    "huge one": ("1e12", "1", "1e12"),
}
# The correlations of single precision that matter apart from rounding; the other moderate points serve both.
SETS = {
    "double": (np.float64, {**MODERATE, **EXTREME, **DOUBLE_ONLY}),
    "single": (np.float32, {**MODERATE, **EXTREME}),
}


def covariance(point: tuple[str, str, str], dtype: type) -> tuple[float, float, float]:
    """(q11, q12, q22) rounded to ``dtype``, q12 toward 0 so that the matrix stays positive semidefinite."""
    a, b = (dtype(entry) for entry in (point[0], point[2]))
    if point[1] in {"1", "-1"}:  # exact: q22 is q11 times a square here
        ratio = dtype(math.sqrt(float(b) / float(a)))
        return float(a), float(dtype(point[1]) * a * ratio), float(a * ratio * ratio)
    with mp.workdps(40):
        rho = eval_correlation(point[1])
        target = rho * mp.sqrt(mpf(float(a)) * mpf(float(b)))
        c = dtype(float(target))
        while abs(mpf(float(c))) > abs(target):
            c = np.nextafter(c, dtype(0))
    return float(a), float(c), float(b)


def eval_correlation(text: str) -> mpf:
    """The number "0.3", "1-1e-5" or "-1+1e-7"."""
    if text.startswith("1-"):
        return 1 - mpf(text[2:])
    return -1 + mpf(text[3:]) if text.startswith("-1+") else mpf(text)


def points() -> dict[str, dict[str, tuple[float, float, float]]]:
    """Every covariance by set and name."""
    return {kind: {name: covariance(point, dtype) for name, point in chosen.items()} for kind, (dtype, chosen) in SETS.items()}


def within_reach(known: oracles.Known, a: float, b: float) -> bool:
    """Whether a quadrature can do it, and the value is no larger than a float64."""
    sd = math.sqrt(max(a, b))
    return known.growth * sd < 6 and known.wave * sd < 60 and sd / known.strip < 40


def entry(known: oracles.Known, point: tuple[float, float, float], digits: int = DIGITS["double"], nodes: int = 0) -> list[str | None]:
    """The four numbers as texts."""
    if not within_reach(known, point[0], point[2]):
        return [None] * 4
    found = oracles.quantities(known, *point, digits=digits, nodes=nodes)
    return [None if value is None else mp.nstr(value, digits + 1) for value in (found.value, found.derivative, found.partial11, found.partial22)]


def squares(known: oracles.Known, q: float) -> list[str | None]:
    """E phi^2 and E phi'^2 (away from jumps) at one variance."""
    if not within_reach(known, q, q):
        return [None] * 2
    engine = oracles.Engine(oracles.field(30), 16)
    return [mp.nstr(engine.square(known, q, order), DIGITS["squares"]) for order in (0, 1)]


def load() -> dict[str, Any]:
    """The stored table, {} where there is none."""
    return _read(PATH.stat().st_mtime_ns) if PATH.exists() else {}


@functools.lru_cache(maxsize=1)
def _read(changed: int) -> dict[str, Any]:
    return json.loads(PATH.read_text("utf-8"))


def row(name: str) -> dict[str, Any]:
    """All entries of one activation."""
    known, chosen = oracles.known(name), points()
    variances = sorted({q for group in chosen.values() for a, _, b in group.values() for q in (a, b)})
    return {
        **{kind: {label: entry(known, point, DIGITS[kind]) for label, point in group.items()} for kind, group in chosen.items()},
        "squares": {repr(q): squares(known, q) for q in variances},
    }


def save(table: dict[str, Any]) -> None:
    """One entry a line, rows sorted."""
    lines = ["{"]
    for i, name in enumerate(sorted(table)):
        lines.append(f" {json.dumps(name)}: {{")
        for j, part in enumerate(parts := sorted(table[name])):
            lines.append(f"  {json.dumps(part)}: {{")
            entries = [f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in table[name][part].items()]
            lines.append(",\n".join(entries))
            lines.append("  }" + ("," if j + 1 < len(parts) else ""))
        lines.append(" }" + ("," if i + 1 < len(table) else ""))
    lines.append("}")
    made = PATH.with_suffix(f".{os.getpid()}")
    made.write_text("\n".join(lines) + "\n", "utf-8")
    made.replace(PATH)


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return check()
    table = load()
    for name in arguments or [name for name in oracles.names() if name not in table]:
        begin = time.perf_counter()
        made = row(name)
        table = {**load(), name: made}
        save(table)
        print(f"{name:20} {time.perf_counter() - begin:7.1f} s", flush=True)
    return 0


def check() -> int:
    """Six entries of every row with the other node set: the largest difference relative to the entry."""
    worst = mpf(0)
    chosen = points()
    for name, stored in load().items():
        known, here = oracles.known(name), mpf(0)
        for label in ("generic", "independent", "1e-5 unequal", "one unequal", "tiny", "large"):
            for old, new in zip(stored["double"][label], entry(known, chosen["double"][label], nodes=1), strict=True):
                with mp.workdps(40):
                    if old is not None and abs(mpf(new)) > mpf(10) ** -30:
                        here = max(here, abs(mpf(old) - mpf(new)) / abs(mpf(new)))
        print(f"{name:20} {mp.nstr(here, 2)}", flush=True)
        worst = max(worst, here)
    print(f"worst {mp.nstr(worst, 2)}")
    return int(worst > mpf(10) ** -28)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
