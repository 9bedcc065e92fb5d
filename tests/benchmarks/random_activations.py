"""Random activations, each derived or refused, and judged by a quadrature that shares nothing with the package:

    python tests/benchmarks/random_activations.py --count 500 --seed 0      the long run (about an hour on two busy cores)
    python tests/benchmarks/random_activations.py --only 17 --seed 0        one expression, in this process, with its traceback

A closed form must agree with the quadrature at two random points, V and V', and carry no FALSE or UNCHECKED step; what is outside the class must say why,
and its computed dual must lie within its stated bound; a refusal must be an error of the package that says why or what to do.  Generated code is compared
as well.  All else is a failure.  The work is done in a child process, so that a hang is an outcome and not the end of the run.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import grammar  # noqa: E402  (after the path is set)
import jax  # noqa: E402
import mpmath  # noqa: E402
import numpy as np  # noqa: E402
import sympy as sp  # noqa: E402

import ntksym  # noqa: E402
from ntksym.gaussian.numeric import MODULES  # noqa: E402
from ntksym.lowering.names import identifier  # noqa: E402
from ntksym.notation import q11, q12, q22  # noqa: E402
from ntksym.proof import Status  # noqa: E402

TOLERANCE = 1e-9  # relative to sqrt(E phi(u)^2 E phi(v)^2), and to sqrt of the two E phi'^2; the quadrature has about 1e-12
HANG = 240.0  # seconds of wall time


@dataclass(frozen=True)
class Outcome:
    """What became of one expression; ``kind``: closed, numeric, refused, hang, failed."""

    number: int
    text: str
    kind: str
    seconds: float = 0.0
    error: float = 0.0
    note: str = ""


class WrongError(Exception):
    """The package gave a number or a verdict it must not give."""


def points(tree: grammar.Tree, seed: int, number: int) -> list[tuple[float, float, float]]:
    """Two random covariances, small where exp(x^2) has to stay integrable."""
    rng = random.Random(f"points {seed}:{number}")
    kinds = tree.kinds()
    low, high = (0.01, 0.03) if "steep" in kinds else (0.1, 0.8) if kinds & {"exp", "sinh", "cosh"} else (0.2, 2.5)
    found = []
    for _ in range(2):
        a, b = rng.uniform(low, high), rng.uniform(low, high)
        found.append((a, rng.uniform(-0.97, 0.97) * (a * b) ** 0.5, b))
    return found


def judge(seed: int, number: int, *, code: bool = True) -> Outcome:
    """Derive and check one expression; raises nothing but KeyboardInterrupt."""
    tree = grammar.activation(seed, number)
    text = str(tree.expr)[:200]
    begin = time.process_time()
    try:
        phi = ntksym.activation(tree.expr, variable="x")
        derived = ntksym.dual(phi)
        seconds = time.process_time() - begin
        if derived.expr is None and not derived.reason:
            raise WrongError("outside the class without a reason")
        if derived.verdict in {Status.FALSE, Status.UNCHECKED}:
            raise WrongError(f"verdict {derived.verdict.name}")
        worst = _compare(tree, derived, phi, points(tree, seed, number), code)
        return Outcome(number, text, "numeric" if derived.expr is None else "closed", seconds, worst, derived.reason or "")
    except ntksym.NtksymError as error:
        seconds = time.process_time() - begin
        told = f"{type(error).__name__}: {error}"
        expected = bool(tree.kinds() & set(grammar.REFUSED)) or not tree.expr.has(grammar.X)
        explained = bool(getattr(error, "why", None) or getattr(error, "fix", None))
        return Outcome(number, text, "refused" if explained and (expected or _excusable(error)) else "failed", seconds, 0.0, told)
    except Exception as error:  # the point of the exercise: anything else is a failure, with its place
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(
            number, text, "failed", time.process_time() - begin, 0.0, f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        )


def _excusable(error: Exception) -> bool:
    """Refusals of the numeric road that name a limit."""
    return isinstance(error, ntksym.NtksymError) and type(error).__name__ in {"LoweringError"}


def _compare(tree: grammar.Tree, derived: Any, phi: Any, chosen: list[tuple[float, float, float]], code: bool) -> float:
    """The worst relative error of V, V'; WrongError where one is above the tolerance, or above the stated bound."""
    values = {p.symbol: sp.Rational(p.value.numerator, p.value.denominator) for p in tree.parameters().values()}
    breaks, worst = tree.breaks, 0.0
    f = ntksym.dual_fn(phi) if code or derived.expr is None else None
    for a, c, b in chosen:
        value, slope, scale = grammar.dual(tree, a, c, b)
        steep = (grammar.mean(tree, breaks, 1, a, power=2) * grammar.mean(tree, breaks, 1, b, power=2)) ** 0.5
        steep = max(steep, abs(slope))
        if not np.isfinite([value, slope, scale, steep]).all():
            raise WrongError("the quadrature overflows")
        if derived.expr is not None:
            for expr, wanted, unit, name in ((derived.expr, value, scale, "V"), (derived.derivative, slope, steep, "V'")):
                got = _number(expr.xreplace(values), a, c, b)
                worst = max(worst, abs(got - wanted) / max(unit, 1e-300))
                if not abs(got - wanted) <= TOLERANCE * unit:
                    raise WrongError(f"closed {name} = {got!r}, quadrature {wanted!r} at {(a, c, b)}")
        if f is not None:
            named = {identifier(name): float(p.value) for name, p in tree.parameters().items()}
            keywords = {name: value for name, value in named.items() if name in f.parameters}
            with jax.enable_x64(True), warnings.catch_warnings():
                warnings.simplefilter("error")
                numbers = [float(n) for n in f(*map(np.float64, (a, c, b)), **keywords)]
                bounds = [float(n) for n in f.error_bound(*map(np.float64, (a, c, b)), **keywords)]
            for got, bound, wanted, unit, name in zip(numbers, bounds, (value, slope), (scale, steep), ("V", "V'"), strict=True):
                if derived.expr is None:
                    worst = max(worst, abs(got - wanted) / max(unit, 1e-300))
                if not abs(got - wanted) <= bound + TOLERANCE * unit:
                    raise WrongError(f"generated {name} = {got!r} +- {bound:.1e}, quadrature {wanted!r} at {(a, c, b)}")
    return worst


def _number(expr: sp.Expr, a: float, c: float, b: float) -> float:
    function = sp.lambdify((q11, q12, q22), expr, modules=MODULES, cse=True)
    with mpmath.workdps(40):
        return float(mpmath.re(function(*(mpmath.mpf(q) for q in (a, c, b)))))


# -- the long run -------------------------------------------------------------------------------------------------------


class Child:
    """A process that judges numbers sent to it."""

    def __init__(self, seed: int, code: bool) -> None:
        command = [sys.executable, __file__, "--serve", "--seed", str(seed), *([] if code else ["--no-code"])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def ask(self, number: int) -> Outcome:
        try:
            self.process.stdin.write(f"{number}\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=HANG)
        except BrokenPipeError:
            line = ""
        except queue.Empty:
            self.process.kill()
            return Outcome(number, "", "hang", HANG, 0.0, f"no answer within {HANG:.0f} s")
        if not line:
            return Outcome(number, "", "failed", 0.0, 0.0, "the process died")
        return Outcome(**json.loads(line))


def serve(seed: int, code: bool) -> int:
    """Answer numbers on the standard input by outcomes on the standard output."""
    for count, line in enumerate(sys.stdin, 1):
        print(json.dumps(asdict(judge(seed, int(line), code=code))), flush=True)
        if count % 40 == 0:
            jax.clear_caches()  # hundreds of compiled functions would exhaust the memory maps of one process
    return 0


def report(outcomes: list[Outcome], seed: int) -> int:
    """Print the counts; the exit status is 1 where something failed or hung."""
    kinds = Counter(outcome.kind for outcome in outcomes)
    print(f"\nseed {seed}: {len(outcomes)} expressions; " + ", ".join(f"{kinds[kind]} {kind}" for kind in ("closed", "numeric", "refused", "hang", "failed")))
    for kind in ("closed", "numeric"):
        chosen = [outcome for outcome in outcomes if outcome.kind == kind]
        if chosen:
            worst, slow = max(chosen, key=lambda o: o.error), max(chosen, key=lambda o: o.seconds)
            print(f"{kind}: worst error {worst.error:.1e} (number {worst.number}), slowest {slow.seconds:.1f} s (number {slow.number}: {slow.text})")
    for outcome in outcomes:
        if outcome.kind in {"hang", "failed"}:
            print(f"{outcome.kind} {outcome.number}: {outcome.text}\n    {outcome.note}")
    return int(kinds["hang"] + kinds["failed"] > 0)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--no-code", action="store_true", help="leave the generated code of closed forms out")
    options = parser.parse_args()
    if options.serve:
        return serve(options.seed, not options.no_code)
    if options.only is not None:
        outcome = judge(options.seed, options.only, code=not options.no_code)
        print(json.dumps(asdict(outcome), indent=1))
        return int(outcome.kind == "failed")
    child, outcomes = Child(options.seed, not options.no_code), []
    for number in range(options.start, options.start + options.count):
        outcome = child.ask(number)
        outcomes.append(outcome)
        mark = "" if outcome.kind in {"closed", "numeric", "refused"} else "   <--"
        print(f"{number:5} {outcome.kind:8} {outcome.seconds:6.1f} s {outcome.error:8.1e}  {outcome.text[:110]}  {outcome.note[:160]}{mark}", flush=True)
        if outcome.kind in {"hang", "failed"}:  # a fresh one after whatever may have ended it
            child.process.kill()
            child = Child(options.seed, not options.no_code)
    child.process.stdin.close()
    return report(outcomes, options.seed)


if __name__ == "__main__":
    sys.exit(main())
