"""Every activation of the catalogue against the reference values (reference_table.py: quadrature of 30 digits, no formula for a dual).

    python tests/benchmarks/dual_table.py                   every row, each in a process of its own (so that nothing is cached); about half an hour
    python tests/benchmarks/dual_table.py relu gelu ...     these
    python tests/benchmarks/dual_table.py --here relu ...   these, in this process

Columns: closed or numeric; process seconds of the derivation; its steps, lemmas included, and their verdicts; then worst errors of V and of V':
"symbolic", the closed form in 60 digits; "float64" and "float32", generated code (``ntksym.dual_fn``) at covariances of that precision taken as exact.
Errors of V are relative to sqrt(E phi(u)^2 E phi(v)^2), those of V' to the like with phi', or to V' where that is larger (jumps); in brackets, of the
symbolic values, relative to the value itself.  The second line is for variances from 1e-12 to 1e12.  A numeric row shows error / stated bound as well.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).parent)]
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np  # noqa: E402  (after the path is set)
import reference_table  # noqa: E402
import sympy as sp  # noqa: E402
from mpmath import mp, mpf  # noqa: E402

import ntksym  # noqa: E402
from ntksym.activations import activation  # noqa: E402
from ntksym.catalogue import catalogue  # noqa: E402
from ntksym.forms import DualForm  # noqa: E402
from ntksym.gaussian import dual  # noqa: E402
from ntksym.gaussian.numeric import MODULES  # noqa: E402
from ntksym.notation import q11, q12, q22  # noqa: E402

DIGITS = 60
# What a closed row must reach at moderate variances.  (A relative error says nothing where V vanishes by symmetry.)
GOALS = {"symbolic": 1e-27, "double": 1e-13, "single": 2e-6}
REGIMES = ("moderate", "extreme")
SMALL = mpf(10) ** -28


@dataclass
class Line:
    """One row of the table: worst errors by (road, regime, quantity)."""

    name: str
    kind: str = ""
    seconds: float = 0.0
    steps: int = 0
    verdicts: str = ""
    reason: str = ""
    errors: dict[str, float] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def see(self, road: str, label: str, quantity: str, error: float) -> None:
        """Take one error into account; one that is no number counts as infinite."""
        regime = REGIMES[label in reference_table.EXTREME or label in reference_table.DOUBLE_ONLY]
        key = f"{road} {regime} {quantity}"
        error = error if error == error else math.inf
        if error >= self.errors.get(key, -1.0):
            self.errors[key], self.places[key] = error, label

    def worst(self, road: str, regime: str = "moderate") -> float:
        """The larger of the errors of V and V', nan where there are none."""
        found = [self.errors[key] for quantity in ("V", "V'") if (key := f"{road} {regime} {quantity}") in self.errors]
        return max(found) if found else math.nan

    @property
    def failures(self) -> list[str]:
        """What misses the goals."""
        found = [word for word in ("FALSE", "UNCHECKED") if word in self.verdicts]
        if self.kind == "closed":
            found += [f"{road} {self.worst(road):.1e}" for road, goal in GOALS.items() if not self.worst(road) <= goal]
        else:
            for key, ratio in self.errors.items():
                if "bound" in key and not ratio <= 1:
                    found.append(f"{key} {ratio:.1e}")
        return found + self.notes


def evaluator(expression: sp.Expr) -> Any:
    """``expression`` as an mpmath function of q11, q12, q22."""
    return sp.lambdify((q11, q12, q22), expression, modules=MODULES, cse=True)


def scales(stored: dict[str, Any], point: tuple[float, float, float]) -> list[mpf]:
    """sqrt(E phi(u)^2 E phi(v)^2), and the same of phi'."""
    return [mp.sqrt(mpf(stored["squares"][repr(point[0])][k]) * mpf(stored["squares"][repr(point[2])][k])) for k in (0, 1)]


def entries(name: str, kind: str) -> list[tuple[str, tuple[float, float, float], list[mpf | None], list[mpf]]]:
    """(label, covariance, reference values, scales of V and V') for one precision; points out of reach are left out."""
    stored, found = reference_table.load()[name], []
    for label, point in reference_table.points()[kind].items():
        texts = stored[kind][label]
        if texts[0] is None:
            continue
        values = [None if text is None else mpf(text) for text in texts]
        unit = scales(stored, point)
        if values[1] is not None:
            unit[1] = max(unit[1], abs(values[1]))
        found.append((label, point, values, unit))
    return found


def judge_symbols(line: Line, form: DualForm, chosen: set[str] | None = None) -> None:
    """The closed form in DIGITS digits.  At correlation +-1, where it may read 0/0, the diagonal forms serve if the two inputs coincide."""
    defaults = dict(activation(line.name).defaults)
    with mp.workdps(DIGITS):
        for quantity, k, expr in (("V", 0, form.value), ("V'", 1, form.derivative)):
            function = evaluator(expr.xreplace(defaults))
            for label, point, values, unit in entries(line.name, "double"):
                if values[k] is None or (chosen is not None and label not in chosen):
                    continue
                a, c, b = map(mpf, point)
                if a * b == c * c or 0 < unit[k] < mpf(10) ** -290:
                    continue
                error = abs(function(a, c, b) - values[k])
                line.see("symbolic", label, quantity, float(error / unit[k]) if unit[k] else float(error))
                if abs(values[k]) > SMALL * unit[k]:
                    line.see("own", label, quantity, float(error / abs(values[k])))
        q = sp.Symbol("q", positive=True)
        for quantity, k, expr in (("V", 0, form.diagonal_value), ("V'", 1, form.diagonal_derivative)):
            symbol = next(iter(s for s in expr.free_symbols if s.name == "q"), q)
            function = sp.lambdify(symbol, expr.xreplace(defaults), modules=MODULES, cse=True)
            for label, point, values, unit in entries(line.name, "double"):
                if values[k] is not None and point[0] == point[1] == point[2] and unit[k] > mpf(10) ** -290 and (chosen is None or label in chosen):
                    line.see("symbolic", label, quantity, float(abs(function(mpf(point[0])) - values[k]) / unit[k]) if unit[k] else 0.0)


def judge_code(line: Line, f: Any, kind: str) -> None:
    """Generated code in one precision, all points at once."""
    jax = sys.modules["jax"]
    dtype = reference_table.SETS[kind][0]
    rows = entries(line.name, kind)
    if not rows:
        return
    with jax.enable_x64(kind == "double"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, c, b = (np.array([point[i] for _, point, _, _ in rows], dtype) for i in range(3))
        got = [np.asarray(out, np.float64) for out in f(a, c, b)]
        bounds = [np.asarray(out, np.float64) for out in f.error_bound(a, c, b)]
    for i, (label, _, values, unit) in enumerate(rows):
        for k, quantity in ((0, "V"), (1, "V'")):
            smallest = mpf(float(np.finfo(dtype).tiny)) / mpf(float(np.finfo(dtype).eps))  # below it the numbers of this precision thin out
            if values[k] is None or abs(values[k]) > float(np.finfo(dtype).max) or unit[k] <= smallest:
                continue
            error = abs(mpf(float(got[k][i])) - values[k]) if np.isfinite(got[k][i]) else mpf("inf")
            line.see(kind, label, quantity, float(error / unit[k]))
            if line.kind == "numeric":
                bound = float(bounds[k][i])
                line.see(f"{kind} bound", label, quantity, 0.0 if error == 0 else float(error / bound) if bound > 0 else math.inf)


def judge(name: str) -> Line:
    """Derive one activation and compare it."""
    line = Line(name)
    phi = activation(name)
    begin = time.process_time()
    try:
        derived = dual(phi.phi)
        line.seconds = time.process_time() - begin
        steps = list(derived.all_steps())
        line.steps = len(steps)
        counts = Counter(step.verdict.status.name for step in steps)
        line.verdicts = " ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        form = derived.conclusion.claim
        line.kind = "closed" if isinstance(form, DualForm) else "numeric"
        line.reason = "" if isinstance(form, DualForm) else str(form.reason)
        if name not in reference_table.load():
            line.notes.append("no reference values")
            return line
        if isinstance(form, DualForm):
            judge_symbols(line, form)
        f = ntksym.dual_fn(phi)
        for kind in ("double", "single"):
            judge_code(line, f, kind)
    except Exception as error:  # (a row that fails is a line of the table, not the end of it)
        line.notes.append(f"{type(error).__name__}: {error}"[:160])
    return line


def show(line: Line) -> None:
    """Two lines of the table."""

    def cell(road: str, regime: str, quantity: str) -> str:
        key = f"{road} {regime} {quantity}"
        return f"{line.errors[key]:.0e}" if key in line.errors else "-"

    print(f"{line.name:20} {line.kind:8} {line.seconds:7.2f} s {line.steps:5} steps: {line.verdicts}  {line.reason[:100]}")
    for regime in REGIMES:
        parts = []
        for road in ("symbolic", "double", "single"):
            pair = f"{cell(road, regime, 'V')} {cell(road, regime, chr(86) + chr(39))}"
            own = f" ({cell('own', regime, 'V')} {cell('own', regime, chr(86) + chr(39))})" if road == "symbolic" else ""
            bound = f" [{cell(road + ' bound', regime, 'V')} {cell(road + ' bound', regime, chr(86) + chr(39))} of bound]" if line.kind == "numeric" else ""
            parts.append(f"{road} {pair}{own}{bound}")
        print(f"    {regime:9} " + "; ".join(parts))
    if line.failures:
        places = ", ".join(f"{key}: {line.places[key]}" for key in line.places if any(key.rsplit(" ", 2)[0] in failure for failure in line.failures))
        print(f"    <-- {'; '.join(line.failures)}  {places[:300]}")
    sys.stdout.flush()


def apart(name: str) -> Line:
    """The row, judged in a process of its own."""
    made = subprocess.run([sys.executable, __file__, "--json", name], capture_output=True, text=True, check=False, timeout=900)
    try:
        return Line(**json.loads(made.stdout))
    except (json.JSONDecodeError, TypeError):
        return Line(name, notes=[f"the process failed: {made.stderr[-300:]}"])


def main(arguments: list[str]) -> int:
    """Print the table; the exit status is 1 where a row misses a goal."""
    if arguments[:1] == ["--json"]:
        print(json.dumps(asdict(judge(arguments[1]))))
        return 0
    here = "--here" in arguments
    names = [name for name in arguments if name != "--here"] or [row.name for row in catalogue()]
    lines = []
    for name in names:
        lines.append(judge(name) if here else apart(name))
        show(lines[-1])
    summary(lines)
    return int(any(line.failures for line in lines))


def summary(lines: list[Line]) -> None:
    """The last lines of the table."""
    closed = [line for line in lines if line.kind == "closed"]
    numeric = [line for line in lines if line.kind == "numeric"]
    per_set = {kind: len(points) for kind, points in reference_table.points().items()}
    seconds = sum(line.seconds for line in lines)
    print(f"\n{len(closed)} closed, {len(numeric)} numeric of {len(lines)}; {seconds:.0f} s of derivation; points: {per_set}; seed: none (fixed points)")
    for label, chosen in (("closed", closed), ("numeric", numeric)):
        for road in ("symbolic", "double", "single"):
            for regime in REGIMES:
                ranked = sorted(((line.worst(road, regime), line.name) for line in chosen if line.worst(road, regime) >= 0), reverse=True)
                if ranked:
                    print(f"{label} {road:8} {regime:9} worst: " + ", ".join(f"{name} {error:.0e}" for error, name in ranked[:4]))
    missed = [f"{line.name} ({'; '.join(line.failures)})" for line in lines if line.failures]
    print(f"misses: {len(missed)}" + "".join(f"\n    {text[:200]}" for text in missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
