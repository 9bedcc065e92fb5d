"""Derivation -> Document."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ntksym.errors import NotationError, RuleError
from ntksym.forms import AbcClass, NumericDual, OutsideClass, Recursion
from ntksym.gaussian.laws import HALF, POINT, Law, Slot
from ntksym.nodes import Array, Delta, DistributedAs, Entry, Expect, Gaussian, GradientAt, Indicator, LossAt
from ntksym.notation import (
    ABC_CONVENTIONS_TEX,
    CONVENTIONS_TEX,
    CROSS_ENTROPY_CONVENTIONS_TEX,
    DEFAULT,
    MEANINGS,
    POSTERIOR_CONVENTIONS_TEX,
    TRAINING_CONVENTIONS_TEX,
    Profile,
    sigma,
    sigma_w,
    t,
    tau,
    u,
    v,
    w1,
    w2,
    x,
)
from ntksym.proof import Derivation, Evidence, Regime, Status, Step
from ntksym.report.claims import Page, blocks_of, closed_duals, numeric_duals, numeric_method
from ntksym.report.diagram import Diagram
from ntksym.report.document import (
    Bibliography,
    BibliographyEntry,
    Block,
    Bullets,
    Code,
    Document,
    Equation,
    Figure,
    Formula,
    Inline,
    Prose,
    Ref,
    Section,
    StepLine,
    SymbolEntry,
    SymbolList,
    Tex,
    Text,
    VerdictMark,
)
from ntksym.report.functions import described
from ntksym.report.glyphs import Call
from ntksym.report.laws import Laws
from ntksym.report.letters import Letters, definition, expressions_of
from ntksym.report.page import page_form
from ntksym.report.prose import joined, sentence, stop, words
from ntksym.sources import SOURCES

DETAILS = ("result", "outline", "full")


def document(derivation: Derivation, detail: str = "full", profile: Profile = DEFAULT, diagram: Diagram | None = None) -> Document:
    """The report of a derivation: ``detail`` "result" (the conclusion), "outline" (the steps in words) or "full" (every step, lemmas included).

    ``diagram``: a picture of the network it is about.  NotationError where the picture gives a letter to another function than the derivation does.
    """
    if detail not in DETAILS:
        raise RuleError(f"no detail {detail!r}", where="report", fix=f"choose one of {', '.join(DETAILS)}")
    page = page_of(derivation, profile)
    conclusion = derivation.conclusion
    checked = derivation.steps[-1].verdict.evidence if isinstance(conclusion.claim, NumericDual) else ()
    sections = [Section("Result", (*blocks_of(conclusion.claim, page), *(evidence_prose(e) for e in checked), *regime_notes(conclusion.regime)))]
    if diagram is not None:
        _require_same_letters(diagram, page)
        key = (Equation(diagram.key),) if diagram.key else ()
        sections.append(Section("Network", (Figure(diagram), *key)))
    conventions = _conventions(derivation)
    if conventions:
        sections.append(Section("Conventions", (Bullets(tuple(sentence(text) for text in conventions)),)))
    symbols = _symbols(derivation, page, detail)
    if symbols.entries:
        sections.append(Section("Symbols", (symbols,)))
    functions = described(_expressions(derivation, detail), page.reserved)
    if functions:
        sections.append(Section("Functions", functions))
    sections.append(Section("Assumptions", (_assumptions(derivation),)))
    if detail != "result":
        sections.append(Section("Derivation", tuple(_lines(derivation, page, detail, "", Seen()))))
    if derivation.sources():
        sections.append(Section("Sources", (_bibliography(derivation),)))
    return Document(derivation.title, key_of(derivation), derivation.verdict, _summary(derivation), tuple(sections), profile)


def explanation(derivation: Derivation, number: int | str, profile: Profile = DEFAULT) -> Document:
    """One step in full: identity, premises, arguments, conclusion, checks.  ``number`` is 3, or "3.1" for a step of a lemma."""
    step, home, label = _find(derivation, str(number))
    page = page_of(derivation, profile)
    prefix = label.rpartition(".")[0]
    sections = [Section("Rule", (Prose((Code(step.rule.name), Text(": "), *stop(sentence(step.rule.reason)).parts)), _identity(step), *_source_line(step)))]
    if step.premises:
        blocks: list[Block] = []
        for premise in step.premises:
            inner = f"{prefix}.{premise}" if prefix else str(premise)
            blocks += [Prose((Text("Step "), Ref(inner), Text(":"))), *blocks_of(home.steps[premise - 1].conclusion.claim, page)]
        sections.append(Section("Rests on", tuple(blocks)))
    arguments = [(name, value) for name, value in step.args]
    if arguments:
        sections.append(Section("Arguments", tuple(block for name, value in arguments for block in _argument(name, value, page))))
    sections.append(Section("Conclusion", (*blocks_of(step.conclusion.claim, page, label), *_notes(step, home))))
    sections.append(Section("Checks", (Bullets(tuple(evidence_prose(e) for e in step.verdict.evidence) or (words("Not checked."),)),)))
    if step.conclusion.assumptions:
        sections.append(Section("Assumptions", (Bullets(tuple(stop(sentence(a.text)) for a in step.conclusion.assumptions)),)))
    title = f"Step {label} of: {derivation.title}"
    return Document(
        title, f"{key_of(derivation)}-step-{label.replace('.', '-')}", step.verdict.status, _status_words(step.verdict.status), tuple(sections), profile
    )


def _conventions(derivation: Derivation) -> tuple[str, ...]:
    """Those of the claims that are shown: of the parameterization where a network's kernel stands, of training where arrays move.

    None where functions of time are all that stands there.
    """
    if isinstance(derivation.conclusion.claim, AbcClass):
        return ABC_CONVENTIONS_TEX
    expressions = _expressions(derivation, "full")
    if not any(expression.has(Array) for expression in expressions):
        if all(expression.free_symbols <= {t, tau, sigma} for expression in expressions):
            return ()
        return CROSS_ENTROPY_CONVENTIONS_TEX if any(expression.has(sp.Symbol("crossentropy")) for expression in expressions) else CONVENTIONS_TEX
    of_a_network = any(expression.has(sigma_w) for expression in expressions)
    arrays = {array for expression in expressions for array in expression.atoms(Array)}
    trained = TRAINING_CONVENTIONS_TEX if any(array.time for array in arrays) else ()
    posterior = POSTERIOR_CONVENTIONS_TEX if any(array.name in ("gpmean", "gpcov", "evidence") for array in arrays) else ()
    return (*(CONVENTIONS_TEX if of_a_network else ()), *(trained[:-1] if posterior else trained), *posterior)


def _require_same_letters(diagram: Diagram, page: Page) -> None:
    pairs = (definition(page.letters, function) for function in page.letters.functions)
    here = {pair[0].letter: pair[1] for pair in pairs if pair is not None}
    for row in diagram.key:
        if isinstance(row.left, Call) and row.left.letter in here and here[row.left.letter] != row.right.xreplace({row.left.arguments[0]: x}):
            raise NotationError(
                f"{row.left.letter.text} is one function in the picture and another in the derivation",
                where="report",
                why="a letter has one meaning in a document",
                fix="show the picture by itself",
            )


def page_of(derivation: Derivation, profile: Profile) -> Page:
    """Letters for the functions of all claims, the conclusion's first."""
    claims = [derivation.conclusion.claim] if derivation.steps else []
    claims += [step.conclusion.claim for step in derivation.all_steps()]
    used = {symbol.name for claim in claims for expression in expressions_of(claim) for symbol in expression.atoms(sp.Symbol)}
    letters = Letters(claims)
    own = {s.name for function in letters.functions for s in function.free_symbols}
    return Page(letters, profile, frozenset(key for key in used & set(MEANINGS) if key not in own or _is_entry(key, claims)))


def _is_entry(name: str, claims: list[Any]) -> bool:
    """Whether a tensor of the network has this name, so that a parameter of the activation cannot."""
    return any(entry.name == name for claim in claims for expression in expressions_of(claim) for entry in expression.atoms(Entry))


def key_of(derivation: Derivation) -> str:
    """A label prefix: words of the title and six digits of its hash, so that two reports in one paper do not collide."""
    slug = re.sub(r"[^a-z0-9]+", "-", derivation.title.lower()).strip("-")[:40].strip("-") or "derivation"
    text = derivation.title + "\n" + "\n".join(step.rule.name for step in derivation.all_steps())
    return f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


class Seen:
    """What the report has shown already: lemmas, and recursions, each with the number of the step that shows it."""

    def __init__(self) -> None:
        self.lemmas: dict[int, str] = {}
        self.recursions: list[tuple[Recursion, str]] = []

    def recursion(self, claim: Recursion) -> tuple[Recursion, str] | None:
        """An earlier recursion with the same equations, and its step."""
        for earlier, number in self.recursions:
            if (earlier.depth, earlier.base, earlier.blocks, earlier.outputs) == (claim.depth, claim.base, claim.blocks, claim.outputs):
                return earlier, number
        return None


def _lines(derivation: Derivation, page: Page, detail: str, prefix: str, seen: Seen) -> Iterator[StepLine]:
    for step in derivation.steps:
        yield _line(step, derivation, page, detail, prefix, seen)


def _line(step: Step, home: Derivation, page: Page, detail: str, prefix: str, seen: Seen) -> StepLine:
    number = f"{prefix}{step.number}"
    full = detail == "full"
    notes: list[Prose] = list(_notes(step, home))
    lemma_lines: tuple[StepLine, ...] = ()
    lemma = step.lemma
    if lemma is not None:
        known = seen.lemmas.get(id(lemma))
        if known is not None:
            notes.insert(0, Prose((Text("The lemma is proved in step "), Ref(known), Text("."))))
        else:
            seen.lemmas[id(lemma)] = number
            lemma_lines = tuple(_lines(lemma, page, detail, f"{number}.", seen))
    return StepLine(
        number=number,
        rule=step.rule.name,
        reason=_reason(step, page),
        premises=tuple(f"{prefix}{p}" for p in dict.fromkeys(step.premises)),
        conclusion=_conclusion(step, home, page, number, seen) if full else (),
        verdict=VerdictMark(step.verdict.status, tuple(evidence_prose(e) for e in step.verdict.evidence) if full else ()),
        source=_source(step) if full else None,
        notes=tuple(notes) if full else (),
        lemma_title="" if lemma is None else lemma.title,
        lemma=lemma_lines,
    )


def _reason(step: Step, page: Page) -> Prose:
    """The rule's reason; where it only points to a lemma about an average, that average too."""
    claim = step.conclusion.claim
    if step.lemma is None or step.lemma.conclusion.claim != claim or not isinstance(claim, sp.Eq) or not claim.lhs.has(Expect):
        return stop(sentence(step.rule.reason))
    return Prose((*sentence(step.rule.reason.rstrip(".") + ": ").parts, Formula(page_form(Laws().marked(page.shown(claim.lhs)))), Text(".")))


def _is_about(earlier: Any, claim: NumericDual) -> bool:
    return isinstance(earlier, OutsideClass) and (earlier.phi, earlier.reason) == (claim.phi, claim.reason)


def _conclusion(step: Step, home: Derivation, page: Page, number: str, seen: Seen) -> tuple[Block, ...]:
    """The claim; where the report has shown it already, a pointer there."""
    if step.lemma is not None and step.lemma.conclusion.claim == step.conclusion.claim:
        return (Prose((Text("This is what the lemma concludes in step "), Ref(f"{number}.{step.lemma.last}"), Text("."))),)
    claim = step.conclusion.claim
    if isinstance(claim, Recursion):
        earlier = seen.recursion(claim)
        if earlier is not None and (earlier[0].duals == claim.duals or not earlier[0].duals):
            news = () if earlier[0].duals == claim.duals else closed_duals(claim, page)
            news = (*news, *(() if earlier[0].numeric == claim.numeric else numeric_duals(claim, page)))
            return (Prose((Text("The recursion of step "), Ref(earlier[1]), Text("," if news else "."))), *news)
        seen.recursions.append((claim, number))
    if isinstance(claim, NumericDual) and any(_is_about(home.steps[p - 1].conclusion.claim, claim) for p in step.premises):
        return numeric_method(claim, page, number)
    return blocks_of(claim, page, number)


def _notes(step: Step, home: Derivation) -> Iterator[Prose]:
    """Assumptions and regime that come in, or go, with this step."""
    below = {a.key: a for p in step.premises for a in home.steps[p - 1].conclusion.assumptions}
    if step.lemma is not None:
        below |= {a.key: a for a in step.lemma.assumptions}
    for assumption in step.conclusion.assumptions:
        if assumption.key not in below:
            yield joined(words("Assumed here: "), stop(sentence(assumption.text)))
    for key in step.rule.discharges:
        if key in below:
            yield joined(words("No longer assumed: "), stop(sentence(below[key].text)))
    regimes = {home.steps[p - 1].conclusion.regime for p in step.premises} | ({step.lemma.conclusion.regime} if step.lemma is not None else set())
    if step.conclusion.regime is not Regime.EXACT and step.conclusion.regime not in regimes:
        yield from regime_notes(step.conclusion.regime)


_REGIME_WORDS = {
    Regime.ALMOST_EVERYWHERE: "Holds almost everywhere.",
    Regime.LIMIT_SEQUENTIAL: "Holds in the sequential limit: the width of layer 1 tends to infinity, then that of layer 2, and so on.",
    Regime.LIMIT_JOINT: "Holds in the joint limit: all widths tend to infinity together.",
    Regime.ORDER_IN_WIDTH: "Holds up to the order in the width that is stated.",
    Regime.WITH_PROBABILITY: r"Holds with probability at least $1-\delta$.",
    Regime.MODEL: "Holds in the model.",
}


def regime_notes(regime: Regime) -> tuple[Prose, ...]:
    """In what sense a claim holds, if not exactly."""
    return (sentence(_REGIME_WORDS[regime]),) if regime in _REGIME_WORDS else ()


def evidence_prose(evidence: Evidence) -> Prose:
    """One check as a sentence."""
    parts: list[Inline] = []
    if evidence.status is Status.TESTED or (evidence.status is Status.UNCHECKED and evidence.oracle):
        points = f"{evidence.points} point" + ("" if evidence.points == 1 else "s")
        seed = "" if evidence.seed is None else f" (seed {evidence.seed})"
        parts += [Text(f"agrees to {evidence.digits} digits at {points}{seed} with "), *sentence(evidence.oracle or "an independent computation").parts]
        parts += [Text("; "), *sentence(evidence.scope).parts] if evidence.scope else []
    elif evidence.status is Status.CITED:
        parts += [Text("rests on "), *sentence(evidence.oracle).parts]
        parts += [Text("; hypotheses: "), *sentence(evidence.scope).parts] if evidence.scope else []
    elif evidence.status is Status.FALSE:
        parts += [*sentence(evidence.scope).parts]
    else:
        parts += (
            list(sentence(evidence.scope).parts)
            if evidence.scope
            else [Text("decided symbolically" if evidence.status is Status.PROVED else "no check was made")]
        )
    return stop(Prose((Text(f"{evidence.status.name.capitalize()}: "), *parts)))


def _summary(derivation: Derivation) -> Prose:
    counts = Counter(step.verdict.status for step in derivation.all_steps())
    total = sum(counts.values())
    told = ", ".join(f"{counts[status]} {status.name}" for status in sorted(Status, reverse=True) if counts[status])
    stored = " Stored, not replayed." if derivation.stored else ""
    weakest = "" if len(counts) == 1 else " The verdict of the whole is that of its weakest step."
    return words(f"{total} step{'' if total == 1 else 's'}: {told}.{weakest}{stored}")


def _status_words(status: Status) -> Prose:
    return words(f"This step is {status.name}.")


def _assumptions(derivation: Derivation) -> Block:
    if not derivation.assumptions:
        return words("None beyond the conventions.")
    return Bullets(tuple(stop(sentence(a.text)) for a in derivation.assumptions))


def _bibliography(derivation: Derivation) -> Bibliography:
    found = (SOURCES[key] for key in derivation.sources())
    return Bibliography(tuple(BibliographyEntry(s.key, s.authors, s.title, s.venue, s.year, s.eprint) for s in found))


def _expressions(derivation: Derivation, detail: str) -> list[sp.Basic]:
    """What stands in the formulas shown."""
    claims: list[Any] = [derivation.conclusion.claim] if detail != "full" else [step.conclusion.claim for step in derivation.all_steps()]
    return [expression for claim in claims for expression in expressions_of(claim)]


def _symbols(derivation: Derivation, page: Page, detail: str) -> SymbolList:
    """The symbols of the theory that stand in the formulas shown, with their meanings."""
    used: set[str] = set()
    for expression in _expressions(derivation, detail):
        used |= {str(s) for s in expression.atoms(sp.Symbol)} | {node.func.__name__ for node in expression.atoms(AppliedUndef)}
        used |= {key for key, node in (("loss", LossAt), ("lossgrad", GradientAt)) if expression.has(node)}
    for key in _TWINS:
        if _TWINS[key] in used:
            used.discard(key)
    own = sorted({s for function in page.letters.functions for s in function.free_symbols if s.is_Symbol}, key=str)
    skipped = {s.name for s in own if s not in page.renamed}
    entries = [
        SymbolEntry(page.renamed.get(x, x) if m.key == "x" else sp.Symbol(m.key), sentence(m.stands_for)) for m in MEANINGS.values() if m.key in used - skipped
    ]
    entries += [SymbolEntry(page.renamed.get(s, s), words("parameter of the activation")) for s in own]
    return SymbolList(tuple(entries))


# A kernel of one input with itself needs no line of its own beside that of two inputs.
_TWINS = {"K11": "K12", "K22": "K12", "Theta11": "Theta12", "Theta22": "Theta12", "s11": "s12", "s22": "s12"}


def _find(derivation: Derivation, number: str) -> tuple[Step, Derivation, str]:
    home, label = derivation, ""
    parts = number.split(".")
    for position, part in enumerate(parts):
        if not part.isdigit() or not 1 <= int(part) <= len(home.steps):
            raise RuleError(
                f"there is no step {number}", where=derivation.title, fix=f"the steps are 1 to {len(derivation.steps)}; those of a lemma are 3.1, 3.2, ..."
            )
        step = home.steps[int(part) - 1]
        label = f"{label}.{part}" if label else part
        if position == len(parts) - 1:
            return step, home, label
        if step.lemma is None:
            raise RuleError(f"step {label} uses no lemma, so there is no step {number}", where=derivation.title, fix="drop the part after the dot")
        home = step.lemma
    raise RuleError(f"there is no step {number}", where=derivation.title)


def _identity(step: Step) -> Prose:
    identity = step.rule.identity
    if "$" in identity:
        return joined(words("Identity: "), sentence(identity))
    if "\\" in identity or "=" in identity:
        return Prose((Text("Identity: "), Tex(identity.rstrip(".")), Text(".")))
    return words(identity)


def _source(step: Step) -> Prose | None:
    text = str(step.rule.source)
    return stop(sentence(f"Source: {text}")) if text else None


def _source_line(step: Step) -> tuple[Block, ...]:
    source = _source(step)
    return (source,) if source else ()


def _argument(name: str, value: Any, page: Page) -> tuple[Block, ...]:
    head = Prose((Code(name), Text(":")))
    if isinstance(value, Derivation):
        return (Prose((Code(name), Text(f": the lemma \u201c{value.title}\u201d, {len(value)} steps."))),)
    if isinstance(value, sp.Basic):
        return (head, *blocks_of(value, page))
    if isinstance(value, Law):
        return (Prose((Code(name), Text(": the law of the two inputs,"))), *blocks_of(_law(value), page))
    if isinstance(value, Slot):
        factor = _factor(value, *((u, w1) if name == "one" else (v, w2)))
        return (Prose((Code(name), Text(": the polynomial alone" if factor is None else ": beside the polynomial stands "), *_formula(factor, page))),)
    return (Prose((Code(name), Text(": "), Code(_short(value)))),)


def _formula(expression: sp.Expr | None, page: Page) -> tuple[Inline, ...]:
    return () if expression is None else (Formula(page.shown(expression)),)


def _factor(slot: Slot, variable: sp.Symbol, helper: sp.Symbol) -> sp.Expr | None:
    """What stands beside the polynomial in ``variable``: a step, a delta, or nothing."""
    if slot.kind not in (HALF, POINT):
        return None
    argument = slot.mu * variable + slot.shift + (helper if slot.kappa != 0 else 0)
    return (Indicator if slot.kind == HALF else Delta)(argument)


def _law(law: Law) -> sp.Basic:
    """The law as a claim; an input of variance zero is fixed."""
    known = ((u, law.a, law.m1), (v, law.b, law.m2))
    free = [(s, a, m) for s, a, m in known if a != 0]
    upper = (law.a, law.c, law.b) if len(free) == 2 else tuple(a for _, a, _ in free)
    fixed = [sp.Eq(s, m, evaluate=False) for s, a, m in known if a == 0]
    random = [
        DistributedAs(sp.Tuple(*(s for s, _, _ in free)), Gaussian(sp.Tuple(*(s for s, _, _ in free)), sp.Tuple(*(m for _, _, m in free)), sp.Tuple(*upper)))
    ]
    return sp.Tuple(*(random if free else []), *fixed)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:197] + "..."


def equations(document_: Document) -> Iterator[Equation]:
    """Every displayed equation of a document, in order."""
    for section in document_.sections:
        yield from _equations(section.blocks)


def _equations(blocks: tuple[Block, ...]) -> Iterator[Equation]:
    for block in blocks:
        if isinstance(block, Equation):
            yield block
        elif isinstance(block, StepLine):
            yield from _equations(block.conclusion)
            yield from _equations(block.lemma)
