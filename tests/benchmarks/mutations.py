"""How many wrong rules are caught, and by what.

    python tests/benchmarks/mutations.py [--per-rule 12] [--seed 0] [--rule NAME ...]

Mutates the conclusion of every rule in the registry (see tests/mutation.py) on real derivations; prints counts per rule, every survivor,
and every rule that no derivation here uses.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import mutation  # noqa: E402  (after the path is set)
from wirings import wirings  # noqa: E402

import ntksym  # noqa: E402
from ntksym.activations import activation  # noqa: E402
from ntksym.gaussian import dual  # noqa: E402
from ntksym.proof import RULES, Derivation  # noqa: E402
from ntksym.theory import abc, abc_exponents  # noqa: E402

ACTIVATIONS = ("relu", "leaky_relu", "step", "relu^2", "cubic", "erf", "gelu", "sin", "scaled_exp", "gaussian", "gabor_cos", "x_sin_x", "tanh")
SHIFTED = ("shifted_relu", "elu", "hard_tanh", "Heaviside(x-t)*exp(-x)", "erf(2*x+1)", "Max(0,x)+sin(x)/2", "Abs(x-1)*exp(-x^2/2)")
CROSS = (("relu", "erf"), ("sin", "cubic"))


def derivations() -> list[Derivation]:
    """Real derivations that together use every rule."""
    found: list[Derivation] = [dual(activation(name).phi) for name in (*ACTIVATIONS, *SHIFTED)]
    found.append(dual(activation("exp(a*x^2/8)").phi))  # exists for small variances only
    found += [dual(activation(one).phi, activation(two).phi) for one, two in CROSS]
    found += [ntksym.hermite_expansion(name, 4) for name in ("relu", "gelu", "shifted_relu")]
    found += list(ntksym.derivations().values())
    for name in ("relu", "tanh"):
        found += [ntksym.derive(ntksym.fcn(2, name, sigma_b=0.1), target=target) for target in ("jacobian", "nngp", "ntk")]
    for meaning in ("almost_everywhere", "distributional"):
        layers = [ntksym.Dense(1.0), ntksym.Pointwise("erf" if meaning == "distributional" else "step", derivative=meaning), ntksym.Dense(1.0)]
        found.append(ntksym.derive(ntksym.Network(layers)))
    for name, depth in (("mup", 2), ("standard", 2), ("mean_field", 1)):
        found.append(abc(depth, *abc_exponents(name, depth)))
    block = ntksym.Network([ntksym.Dense(), ntksym.Residual([ntksym.Pointwise("tanh"), ntksym.Dense()]), ntksym.Pointwise("tanh"), ntksym.Dense(width=1)])
    found.append(abc(block, *abc_exponents("ntk", block)))
    found += [ntksym.derive(net, target) for net in wirings(8).values() if not net.is_chain for target in ("ntk", "jacobian")]
    return found


def main() -> int:
    """Print the table; the exit status is 1 where a mutant survived or a rule was not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-rule", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rule", action="append", default=[])
    options = parser.parse_args()
    begin = time.perf_counter()
    verdicts = list(mutation.mutants(derivations(), options.seed, options.per_rule, options.rule))
    print(f"seed {options.seed}, {len(verdicts)} mutants of {len({v.rule for v in verdicts})} rules, {time.perf_counter() - begin:.0f} s\n")
    outcomes = ("own check", "later step", "replay", "survived")
    print(f"{'rule':32}" + "".join(f"{outcome:>12}" for outcome in outcomes))
    for rule in sorted({v.rule for v in verdicts}):
        counts = Counter(v.outcome for v in verdicts if v.rule == rule)
        print(f"{rule:32}" + "".join(f"{counts[outcome]:12}" for outcome in outcomes))
    total = Counter(v.outcome for v in verdicts)
    print(f"{'all':32}" + "".join(f"{total[outcome]:12}" for outcome in outcomes))
    print("\nby change: " + ", ".join(f"{change} {count}" for change, count in sorted(Counter(v.change for v in verdicts).items())))
    escaped = [v for v in verdicts if v.outcome in ("replay", "survived")]
    for v in escaped:
        print(f"\n{v.outcome.upper()}  {v.rule}  ({v.change}): {v.detail}\n    was  {v.before}\n    made {v.after}")
    unreached = sorted(name for name in RULES if name not in {v.rule for v in verdicts}) if not options.rule else []
    print(f"\nnot reached: {', '.join(unreached) or 'none'}")
    return 1 if escaped or unreached else 0


if __name__ == "__main__":
    sys.exit(main())
