"""The table of duals: seconds of processor time, steps, verdicts and the error against 30-digit quadrature.

    PYTHONPATH=tests python tests/benchmarks/dual_table.py            every activation the oracles know
    PYTHONPATH=tests python tests/benchmarks/dual_table.py relu erf   these

Each row is derived in this process with nothing cached (rules, checks and certificate included).  The error is the largest relative
error of V and of V' over the points below; the closed form is evaluated with 50 digits, the oracle holds no formula of the package.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sympy as sp
from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).parents[1]))

import oracles  # noqa: E402  (after the path is set)

from ntksym.activations import activation  # noqa: E402
from ntksym.forms import DualForm  # noqa: E402
from ntksym.gaussian import dual  # noqa: E402
from ntksym.notation import q11, q12, q22  # noqa: E402

# Variance, correlation, variance.
POINTS = (
    ("1", "0.999", "1"),
    ("1", "-0.99", "1"),
    ("1.3", "0.999", "0.8"),
    ("0.6", "-0.99", "1.7"),
    ("0.7", "0.3", "1.9"),
    ("2", "0.9", "0.5"),
    ("0.25", "-0.5", "1"),
    ("1", "0", "1.5"),
    ("0.1", "0.75", "0.2"),
    ("3", "0.2", "0.4"),
)
DIGITS = 50
TOLERANCE = mpf(10) ** -25
# A relative error says nothing where the value itself vanishes by symmetry: below this the scale is this times sqrt(E phi^2 E phi^2).
SMALL = mpf(10) ** -12

NODES: dict[str, Callable[..., mpf]] = {
    "CorrelationAngle": lambda a, c, b: mp.atan2(mp.sqrt(a * b - c * c), c),
    "CorrelationArcsine": lambda a, c, b: mp.atan2(c, mp.sqrt(a * b - c * c)),
    "NormalCDF": mp.ncdf,
    "NormalPDF": mp.npdf,
}


@dataclass(frozen=True)
class Row:
    """One activation's line."""

    name: str
    seconds: float
    steps: int
    verdicts: str
    error_value: mpf
    error_slope: mpf
    where: str


def evaluator(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Callable[..., mpf]:
    """``expression`` as an mpmath function of ``symbols``."""
    return sp.lambdify(symbols, expression, modules=[NODES, "mpmath"])


def covariances(point: tuple[str, str, str]) -> tuple[mpf, mpf, mpf]:
    """(q11, q12, q22) of a point, with DIGITS digits."""
    with mp.workdps(DIGITS):
        a, rho, b = map(mpf, point)
        return a, rho * mp.sqrt(a * b), b


def errors(name: str, form: DualForm, chosen: tuple[tuple[str, str, str], ...] = POINTS) -> tuple[mpf, mpf, str]:
    """Largest relative errors of V and V' of ``form`` against the oracle at ``chosen`` points and the catalogue's defaults, and the worst point."""
    known = oracles.known(name)
    defaults = dict(activation(name).defaults)
    worst = [mpf(0), mpf(0)]
    where = ""
    for k, (expression, oracle) in enumerate(((form.value, oracles.value), (form.derivative, oracles.derivative))):
        function = evaluator(expression.xreplace(defaults), (q11, q12, q22))
        for text in chosen:
            point = covariances(text)
            with mp.workdps(DIGITS):
                got, wanted = function(*point), oracle(known, *point)
                scale = abs(wanted)
                if scale < SMALL:
                    scale = max(scale, SMALL * mp.sqrt(oracles.square(known, point[0]) * oracles.square(known, point[2])))
                error = abs(got - wanted) / scale
                if error > worst[k]:
                    worst[k], where = error, ", ".join(text)
    return worst[0], worst[1], where


def row(name: str) -> Row:
    """Derive, check and judge one activation."""
    phi = activation(name).phi
    begin = time.process_time()
    try:
        derived = dual(phi)
    except Exception as error:  # (a row that fails is a line of the table, not the end of it)
        return Row(name, time.process_time() - begin, 0, f"{type(error).__name__}: {error}"[:100], mpf("nan"), mpf("nan"), "")
    seconds = time.process_time() - begin
    steps = list(derived.all_steps())
    counts = Counter(step.verdict.status.name for step in steps)
    verdicts = " ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    form = derived.conclusion.claim
    if not isinstance(form, DualForm):
        return Row(name, seconds, len(steps), verdicts, mpf("nan"), mpf("nan"), str(getattr(form, "reason", ""))[:80])
    return Row(name, seconds, len(steps), verdicts, *errors(name, form))


def main(names: list[str]) -> int:
    """Print the table; the exit status is 1 where a row is outside the class, FALSE, UNCHECKED or wrong in the 25th digit."""
    failed = []
    print(
        f"{'activation':20} {'seconds':>8} {'steps':>6}  {'error of V':>11} {'error of V_':>11}  verdicts; worst point (q11, correlation, q22)".replace(
            "V_", "V'"
        )
    )
    total = 0.0
    chosen = names or list(oracles.names())
    for name in chosen:
        line = row(name)
        total += line.seconds
        good = line.error_value < TOLERANCE and line.error_slope < TOLERANCE and "FALSE" not in line.verdicts and "UNCHECKED" not in line.verdicts
        if not good:
            failed.append(name)
        mark = "" if good else "  <--"
        figures = f"{line.seconds:8.2f} {line.steps:6}  {mp.nstr(line.error_value, 2):>11} {mp.nstr(line.error_slope, 2):>11}"
        print(f"{name:20} {figures}  {line.verdicts}; {line.where}{mark}", flush=True)
    print(f"{len(chosen)} activations, {total:.1f} s of derivation, {len(POINTS)} points each, oracle of 30 digits; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
