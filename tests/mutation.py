"""Wrong rules on purpose: change what a rule concludes, and see which check notices.

A mutant is one change at one place of one conclusion: a sign, a factor, an exponent, a dropped term, a dropped delta term, two arguments
exchanged, an orthant or a special function mistaken for its neighbour, an expectation's law altered, an assumption forgotten.  It is judged in this order:

* ``own check``: the rule's checker refutes it (FALSE), or can no longer decide (UNCHECKED);
* ``later step``: the derivation, continued from the wrong conclusion, meets a rule or a check that refuses;
* ``replay``: the continued derivation ends in another final conclusion with no check refusing (only re-running would show it);
* ``survived``: neither.

Equal values in another form are no error: such mutants are recognised by their value at random points and drawn again.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
from mpmath import mp, mpf
from sympy.functions.elementary.piecewise import ExprCondPair

from ntksym import notation
from ntksym.forms import OutsideClass
from ntksym.nodes import (
    Applied,
    Array,
    ChannelLaw,
    CorrelationAngle,
    CorrelationArcsine,
    Delta,
    Dual,
    Entry,
    Expect,
    Gaussian,
    HalfLineProbability,
    Indicator,
    Mean,
    NormalCDF,
    NormalPDF,
    OfOrder,
    QuadrantProbability,
    TendsTo,
    Where,
    Width,
)
from ntksym.notation import K11, K12, K22, Theta12, q11, q12, q22, s11, s12, sigma_b, sigma_w, u, v, x
from ntksym.proof import Assumption, Derivation, Rule, Statement, Status, Step
from ntksym.proof.derivation import _run

Path = tuple[Any, ...]


# -- places ------------------------------------------------------------------------------------------------------------


def places(value: Any, path: Path = (), scalar: bool = True) -> Iterator[tuple[Path, sp.Basic, bool]]:
    """Every SymPy sub-expression of ``value`` (an expression, a form, a tuple), the way to it, and whether a number stands there."""
    if isinstance(value, sp.Basic):
        yield path, value, scalar and isinstance(value, sp.Expr) and not isinstance(value, sp.Lambda)
        for k, part in enumerate(value.args):
            yield from places(part, (*path, k), _is_scalar(value, k, scalar))
    elif isinstance(value, tuple):
        for k, part in enumerate(value):
            yield from places(part, (*path, k), not (k == 0 and len(value) == 2 and isinstance(part, sp.Symbol)))
    elif dataclasses.is_dataclass(value) and not isinstance(value, (Derivation, Rule, type)):
        for field in dataclasses.fields(value):
            yield from places(getattr(value, field.name), (*path, field.name), field.name not in ("state", "outputs", "parameters"))


def _is_scalar(parent: sp.Basic, k: int, inherited: bool) -> bool:
    """Does a number stand in slot ``k`` of ``parent``?  Names of variables, indices, layers and limits are no numbers."""
    if isinstance(parent, (sp.Pow, Expect, Mean, sp.Sum, sp.Product, sp.Integral, sp.Derivative, Where)):
        return k == 0
    if isinstance(parent, Dual):
        return k >= 2
    if isinstance(parent, Gaussian):
        return k >= 1
    if isinstance(parent, ChannelLaw):
        return k == 1
    if isinstance(parent, (Applied, sp.Lambda)):
        return k == 1
    if isinstance(parent, (TendsTo, OfOrder)):
        return k < 2
    if isinstance(parent, sp.KroneckerDelta):
        return False
    if isinstance(parent, sp.Tuple):
        return inherited
    return isinstance(parent, (sp.Add, sp.Mul, sp.Eq, sp.Rel, sp.Function, sp.Piecewise, ExprCondPair, sp.And, sp.Or))


def put(value: Any, path: Path, new: sp.Basic) -> Any:
    """``value`` with the sub-expression at ``path`` replaced."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(head, str):
        return replace(value, **{head: put(getattr(value, head), rest, new)})
    if isinstance(value, tuple):
        return (*value[:head], put(value[head], rest, new), *value[head + 1 :])
    args = list(value.args)
    args[head] = put(args[head], rest, new)
    if isinstance(value, (sp.core.relational.Relational, sp.Derivative)):
        return value.func(*args, evaluate=False)
    return value.func(*args)


# -- changes: a number is changed into another one, or a node of the theory into a neighbour ------------------------------


def _sign(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    if isinstance(e, sp.Add):
        term = rng.choice(e.args)
        return sp.Add(*(-t if t is term else t for t in e.args))
    return -e if e != 0 else None


def _factor(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    if e == 0:
        return None
    scale = rng.choice((2, sp.Rational(1, 2), 3, sp.pi))
    if isinstance(e, sp.Add):
        term = rng.choice(e.args)
        return sp.Add(*(scale * t if t is term else t for t in e.args))
    return scale * e


def _exponent(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    return e.base ** (e.exp + rng.choice((1, -1))) if isinstance(e, sp.Pow) and e.base != sp.E else None


def _drop(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    if not isinstance(e, sp.Add):
        return None
    out = rng.randrange(len(e.args))
    return sp.Add(*(t for k, t in enumerate(e.args) if k != out))


def _drop_delta(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    """The terms with a delta forgotten."""
    if not e.has(Delta) or not isinstance(e, (sp.Add, sp.Mul, Delta)):
        return None
    return sp.Add(*(t for t in sp.Add.make_args(e) if not t.has(Delta)))


def _swap(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    """The two inputs exchanged, or a variance and the covariance."""
    first, second = rng.choice(((q11, q22), (u, v), (q11, q12), (K11, K12), (K11, K22), (Theta12, K12), (s11, s12), (sigma_w, sigma_b)))
    return e.xreplace({first: second, second: first}) if e.has(first, second) else None


def _swap_arguments(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    if not isinstance(e, (CorrelationAngle, CorrelationArcsine, Dual, HalfLineProbability, QuadrantProbability)):
        return None
    args = list(e.args)
    i, j = rng.sample(range(max(0, len(args) - 3) if isinstance(e, Dual) else 0, len(args)), 2)
    args[i], args[j] = args[j], args[i]
    return e.func(*args)


def _law(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    if not isinstance(e, Gaussian):
        return None
    if rng.random() < 0.3:
        k = rng.randrange(len(e.mean))
        mean = [m + rng.choice((1, q12)) if i == k else m for i, m in enumerate(e.mean)]
        return Gaussian(e.variables, sp.Tuple(*mean), e.upper)
    upper = list(e.upper)
    k = rng.randrange(len(upper))
    upper[k] = upper[k] + 1 if rng.random() < 0.5 else 2 * upper[k] + sp.Rational(1, 3)
    return Gaussian(e.variables, e.mean, sp.Tuple(*upper))


def _prime(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    """phi where phi' should stand, or the other way round."""
    if isinstance(e, sp.Lambda):
        variable = e.variables[0]
        return sp.Lambda(variable, e.expr.expr if isinstance(e.expr, sp.Derivative) else sp.Derivative(e.expr, variable, evaluate=False))
    return None


def _layer(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    return e.func(*(arg + 1 if arg == e.layer else arg for arg in e.args)) if isinstance(e, (Entry, Width)) else None


def _index(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    """Another index, or another input, of those that the claim mentions."""
    if not isinstance(e, Entry):
        return None
    entries = [place for _, place, _ in places(claim) if isinstance(place, Entry)]
    labels, indices = ({part for entry in entries for part in getattr(entry, kind)} for kind in ("inputs", "indices"))
    slots = [(2, k) for k in range(len(e.inputs))] + [(3, k) for k in range(len(e.indices))]
    if not slots:
        return None
    slot, k = rng.choice(slots)
    others = sorted((labels if slot == 2 else indices) - {e.args[slot][k]}, key=str)
    if not others:
        return None
    args = list(e.args)
    parts = list(args[slot])
    parts[k] = rng.choice(others)
    args[slot] = sp.Tuple(*parts)
    return Entry(*args)


def _time(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    """An array of the training dynamics at another time: one that the claim mentions, or 0, or t."""
    if not isinstance(e, Array) or not e.time:
        return None
    times = {place.time[0] for _, place, _ in places(claim) if isinstance(place, Array) and place.time} | {sp.S.Zero, notation.t}
    others = sorted(times - {e.time[0]}, key=str)
    return Array(e.name, e.inputs, (rng.choice(others),), e.layer) if others else None


def _array(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    """Another array of the same shape, of those that the claim mentions."""
    if not isinstance(e, Array):
        return None
    others = {place.name for _, place, _ in places(claim) if isinstance(place, Array) and place.shape == e.shape and place.inputs == e.inputs} - {e.name}
    return Array(rng.choice(sorted(others)), e.inputs, e.time, e.layer) if others else None


_NEIGHBOURS: dict[type, Callable[..., sp.Basic]] = {
    CorrelationAngle: lambda a, c, b: CorrelationAngle(a, -c, b),
    CorrelationArcsine: CorrelationAngle,
    HalfLineProbability: lambda m, a: HalfLineProbability(-m, a),
    QuadrantProbability: lambda m1, m2, a, c, b: QuadrantProbability(m1, m2, a, -c, b),
    Indicator: lambda t: Indicator(-t),
    Delta: lambda t: Delta(2 * t),
    sp.erfi: lambda t: sp.erfi(-t),
    NormalCDF: lambda t: NormalCDF(-t),
    NormalPDF: lambda t: NormalPDF(2 * t),
    sp.erf: lambda t: sp.erf(-t),
    sp.sin: sp.cos,
    sp.cos: sp.sin,
    sp.cosh: sp.sinh,
    sp.sinh: sp.cosh,
    sp.exp: lambda t: sp.exp(-t),
    sp.KroneckerDelta: lambda i, j: sp.S.One,
}


def _neighbour(e: sp.Basic, rng: random.Random, claim: Any) -> sp.Basic | None:
    other = _NEIGHBOURS.get(type(e))
    return None if other is None else other(*e.args)


# name -> (the change, whether it is one of numbers only).
CHANGES: dict[str, tuple[Callable[[sp.Basic, random.Random, Any], sp.Basic | None], bool]] = {
    "sign": (_sign, True),
    "factor": (_factor, True),
    "exponent": (_exponent, True),
    "dropped term": (_drop, True),
    "dropped delta": (_drop_delta, True),
    "swapped inputs": (_swap, True),
    "swapped arguments": (_swap_arguments, True),
    "law": (_law, False),
    "phi for phi'": (_prime, False),
    "layer": (_layer, False),
    "index": (_index, False),
    "neighbour": (_neighbour, False),
    "time": (_time, False),
    "array": (_array, False),
}


# -- equal in value? ---------------------------------------------------------------------------------------------------


def _quadrant(m1: mpf, m2: mpf, a: mpf, c: mpf, b: mpf) -> mpf:
    """P(L >= 0, M >= 0): the first variable integrated, the second given the first."""
    sd, rest = mp.sqrt(a), mp.sqrt(b - c * c / a)
    return mp.quad(lambda z: mp.npdf(z) * mp.ncdf((m2 + c * z / sd) / rest), mp.linspace(-m1 / sd, 16 + abs(m1 / sd), 9))


_MODULES: list[Any] = [
    {
        "CorrelationAngle": lambda a, c, b: mp.atan2(mp.sqrt(a * b - c * c), c),
        "CorrelationArcsine": lambda a, c, b: mp.atan2(c, mp.sqrt(a * b - c * c)),
        "HalfLineProbability": lambda m, a: mp.ncdf(m / mp.sqrt(a)),
        "QuadrantProbability": _quadrant,
        "NormalCDF": mp.ncdf,
        "NormalPDF": mp.npdf,
        "Indicator": lambda t: mpf(1 if t > 0 else 0),
    },
    "mpmath",
]
_POINTS: tuple[dict[str, str], ...] = (
    {"q11": "1.3", "q12": "0.4", "q22": "0.7", "u": "0.3", "v": "-1.1"},
    {"q11": "0.6", "q12": "-0.5", "q22": "1.9", "u": "-0.8", "v": "0.45"},
)


def same_value(first: sp.Basic, second: sp.Basic) -> bool:
    """Two expressions that agree at two points, both signs of the variable; False where they cannot be evaluated."""
    if first == second:
        return True
    if not (isinstance(first, sp.Expr) and isinstance(second, sp.Expr)):
        return False
    symbols = sorted(first.free_symbols | second.free_symbols, key=str)
    if not all(isinstance(s, sp.Symbol) for s in symbols):
        return False
    try:
        function = sp.lambdify(symbols, (first, second), modules=_MODULES)
        with mp.workdps(30):
            for k, point in enumerate(_POINTS):
                values = [
                    mpf(point[s.name]) if s.name in point else (mpf("0.37") + mpf(i) / 7) * (-1 if k and not s.is_positive else 1)
                    for i, s in enumerate(symbols)
                ]
                left, right = function(*values)
                if abs(left - right) > mpf(10) ** -22 * (1 + abs(left)):
                    return False
    except Exception:  # an inert node, an unspecified function: not to be evaluated, so different as they stand
        return False
    return True


def _sorted_duals(value: Any) -> Any:
    """V_{f,f}(a, c, b) = V_{f,f}(b, c, a): one of the two stands for both."""
    if not isinstance(value, sp.Basic):
        return value
    places = {e: Dual(e.f, e.g, *e.q[::-1]) for e in value.atoms(Dual) if e.f == e.g and str(e.q[0]) > str(e.q[2])}
    return value.xreplace(places)


def _contracted(value: Any) -> Any:
    """delta_ij f_j = delta_ij f_i."""
    places = {}
    for product in value.atoms(sp.Mul) if isinstance(value, sp.Basic) else ():
        for delta in sorted(product.atoms(sp.KroneckerDelta) & set(product.args), key=str):
            i, j = sorted(delta.args, key=str)
            places[product] = delta * (product / delta).xreplace({j: i})
    return value.xreplace(places)


def _marginal(value: Any) -> Any:
    """An average sees only the law of the variables it mentions."""
    places = {}
    for average in value.atoms(Expect) if isinstance(value, sp.Basic) else ():
        law = average.law
        used = [k for k, name in enumerate(law.variables) if average.integrand.has(name)]
        upper = [law.cov(i, j) for n, i in enumerate(used) for j in used[n:]]
        places[average] = Expect(average.integrand, Gaussian(*(sp.Tuple(*(part[k] for k in used)) for part in law.args[:2]), sp.Tuple(*upper)))
    return value.xreplace(places)


def _standard_form(value: Any) -> Any:
    return _marginal(_contracted(_sorted_duals(value)))


def _without_covariance(claim: sp.Basic) -> dict[sp.Basic, sp.Basic]:
    return {law: Gaussian(law.variables, law.mean, sp.Tuple()) for law in claim.atoms(Gaussian)}


def _equivalent(old: Any, new: Any) -> bool:
    if old == new or isinstance(new, sp.Basic) and _standard_form(old) == _standard_form(new):
        return True
    if isinstance(old, (sp.Eq, TendsTo)) and isinstance(new, type(old)):
        if old.rhs == new.rhs == 0 and (new.lhs / old.lhs).is_number:
            return True  # half of nothing is nothing
        if old.rhs == new.rhs and old.rhs.is_number and old.lhs.xreplace(_without_covariance(old)) == new.lhs.xreplace(_without_covariance(new)):
            return True  # a number that does not depend on the covariance: P(u >= 0) = 1/2, E u = 0
        return all(same_value(a, b) for a, b in zip(old.args[:2], new.args[:2], strict=True))
    if isinstance(old, (sp.Gt, sp.Ge, sp.Lt, sp.Le)) and isinstance(new, type(old)) and old.rhs == new.rhs == 0:
        return bool((new.lhs / old.lhs).is_positive and (new.lhs / old.lhs).is_number)  # half of what is positive is positive
    if dataclasses.is_dataclass(old) and type(old) is type(new):
        pairs = [(getattr(old, f.name), getattr(new, f.name)) for f in dataclasses.fields(old)]
        return all(a == b or isinstance(a, sp.Expr) and isinstance(b, sp.Expr) and same_value(a, b) for a, b in pairs)
    return same_value(old, new)


_OPPOSITES = (("needs no", "needs an"), ("used once", "used twice"), ("it holds", "it fails"), ("is needed", "is not needed"))


def mutate(claim: Any, rng: random.Random, change: str | None = None) -> tuple[str, Any] | None:
    """A wrong claim near ``claim`` and what was changed; None where no change of that kind fits."""
    if isinstance(claim, OutsideClass):  # what it says of phi is a sentence; only phi and the term can be wrong
        return rng.choice([("term", replace(claim, term=sp.tan(x))), ("phi", replace(claim, phi=sp.Lambda(x, 2 * claim.phi(x))))])
    if isinstance(claim, str):  # a sentence: another number, or the opposite
        wrongs = [re.sub(r"\{(\d+)\}", lambda m: f"{{{int(m[1]) + 1}}}", claim, count=1), *(claim.replace(a, b) for a, b in _OPPOSITES)]
        changed = [wrong for wrong in wrongs if wrong != claim]
        return ("words", rng.choice(changed)) if changed else None
    found = list(places(claim))
    for name in [change] if change else rng.sample(sorted(CHANGES), len(CHANGES)):
        apply, numbers_only = CHANGES[name]
        for path, place, scalar in rng.sample(found, min(len(found), 80)):
            if numbers_only and not scalar or isinstance(claim, sp.Eq) and path[:1] == (0,) and rng.random() < 0.8:
                continue  # mostly the right side of an equation: there stands what the rule made
            try:
                new = apply(place, rng, claim)
                if new is None or new == place:
                    continue
                wrong = put(claim, path, new)
            except (TypeError, ValueError, AttributeError, IndexError, NotImplementedError, ZeroDivisionError):
                continue
            if not (wrong in (sp.true, sp.false) or _equivalent(claim, wrong)):
                return name, wrong
    return None


# -- judging -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A step inside a derivation, perhaps inside a lemma of a lemma: ``parents`` are (derivation, index of the step that uses the lemma)."""

    derivation: Derivation
    index: int
    parents: tuple[tuple[Derivation, int], ...] = ()

    @property
    def step(self) -> Step:
        return self.derivation.steps[self.index]


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    rule: str
    change: str
    outcome: str
    detail: str
    before: str
    after: str


def all_places(derivation: Derivation, parents: tuple[tuple[Derivation, int], ...] = ()) -> Iterator[Place]:
    """Every step of ``derivation`` and of its lemmas."""
    for index, step in enumerate(derivation.steps):
        yield Place(derivation, index, parents)
        if step.lemma is not None:
            yield from all_places(step.lemma, (*parents, (derivation, index)))


def with_conclusion(place: Place, conclusion: Statement) -> Step:
    """The step run again by a rule that concludes ``conclusion``; raises what the check raises."""
    step = place.step
    liar = replace(step.rule, apply=lambda *premises, **args: conclusion)
    premises = tuple(place.derivation.steps[n - 1].conclusion for n in step.premises)
    return _run(step.number, liar, step.premises, premises, step.args)


def carry_on(derivation: Derivation, index: int, step: Step) -> Derivation:
    """``derivation`` with ``step`` at ``index`` and every later step run again on it."""
    made = replace(derivation, steps=(*derivation.steps[:index], step))
    for later in derivation.steps[index + 1 :]:
        made = made.by(later.rule, *later.premises, **dict(later.args))
    return made


def judge(place: Place, change: str, wrong: Statement) -> Verdict:
    """Run the mutant through its own check, then through the rest of the derivation."""
    step = place.step

    def verdict(outcome: str, detail: str) -> Verdict:
        return Verdict(step.rule.name, change, outcome, detail[:160], *_difference(str(step.conclusion.claim), str(wrong.claim)))

    try:
        made = with_conclusion(place, wrong)
    except Exception as error:
        return verdict("own check", f"{type(error).__name__}: {error}")
    if made.verdict.status <= Status.UNCHECKED:
        return verdict("own check", str(made.verdict))
    try:
        derivation, index, current = place.derivation, place.index, made
        finished = carry_on(derivation, index, current)
        for parent, at in reversed(place.parents):
            using = parent.steps[at]
            args = {name: finished if isinstance(value, Derivation) else value for name, value in using.args}
            before = replace(parent, steps=parent.steps[:at])
            finished = carry_on(parent, at, before.by(using.rule, *using.premises, **args).steps[-1])
    except Exception as error:
        return verdict("later step", f"{type(error).__name__}: {error}")
    top = place.parents[0][0] if place.parents else place.derivation
    if finished.verdict <= Status.UNCHECKED < top.verdict:
        return verdict("later step", "the derivation ends UNCHECKED")
    if finished.conclusion != top.conclusion:
        return verdict("replay", f"own verdict {made.verdict}; the final conclusion differs")
    return verdict("survived", f"own verdict {made.verdict}; the final conclusion is the same")


def _difference(before: str, after: str, width: int = 150) -> tuple[str, str]:
    """Both texts around the first character in which they differ."""
    first = next((k for k, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, first - width // 2)
    return before[start : start + width], after[start : start + width]


def own_assumptions(place: Place) -> list[Assumption]:
    """Assumptions that the step itself brings in."""
    step = place.step
    below = [place.derivation.steps[n - 1].conclusion for n in step.premises] + [value.conclusion for _, value in step.args if isinstance(value, Derivation)]
    return [a for a in step.conclusion.assumptions if a not in {b for statement in below for b in statement.assumptions}]


def mutants(derivations: Iterable[Derivation], seed: int, per_rule: int, only: Iterable[str] = ()) -> Iterator[Verdict]:
    """``per_rule`` judged mutants of every rule the derivations use, drawn by ``seed``; delta terms are dropped wherever there are some."""
    wanted = set(only)
    by_rule: dict[str, list[Place]] = {}
    for derivation in derivations:
        for place in all_places(derivation):
            by_rule.setdefault(place.step.rule.name, []).append(place)
    for name in sorted(by_rule):
        if wanted and name not in wanted:
            continue
        found = by_rule[name]
        rng = random.Random(f"{seed} {name}")  # of its own, so that a new rule leaves the draws of the others as they are
        with_delta = [p for p in found if isinstance(p.step.conclusion.claim, sp.Basic) and p.step.conclusion.claim.has(Delta)]
        plan = [(rng.choice(found), None) for _ in range(per_rule)] + [(rng.choice(with_delta), "dropped delta") for _ in range(2 if with_delta else 0)]
        for place, change in plan:
            mutant = mutate(place.step.conclusion.claim, rng, change)
            if mutant is not None:
                yield judge(place, mutant[0], replace(place.step.conclusion, claim=mutant[1]))
        for place in rng.sample(found, min(len(found), 4)):
            for assumption in own_assumptions(place):
                kept = tuple(a for a in place.step.conclusion.assumptions if a != assumption)
                yield judge(place, "forgotten assumption", replace(place.step.conclusion, assumptions=kept))
