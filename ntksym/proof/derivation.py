"""Step and Derivation.  Only ``Derivation.by`` makes a step, and it does so by running the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Self

from ntksym.errors import CheckError, RuleError, SerializationError
from ntksym.proof.rule import Rule, find_rule
from ntksym.proof.statement import Assumption, Statement, join_regimes, union
from ntksym.proof.verdict import Status, Verdict
from ntksym.sources import SOURCES

# Readers and writers of derivations stand on higher floors and are looked up by name.
_FORMATS = {
    "from_json": "ntksym.serialize",
    "to_json": "ntksym.serialize",
    "as_html": "ntksym.report.views",
    "as_latex": "ntksym.report.views",
    "as_markdown": "ntksym.report.views",
    "as_text": "ntksym.report.views",
    "explain": "ntksym.report.views",
    "notebook_html": "ntksym.report.views",
    "notebook_latex": "ntksym.report.views",
}


def _looked_up(name: str) -> Callable[..., Any]:
    return getattr(import_module(_FORMATS[name]), name)


@dataclass(frozen=True)
class Step:
    """``conclusion`` follows from the steps ``premises`` (their numbers, from 1) by ``rule`` with ``args``; ``verdict`` says how that was checked.

    An argument that is itself a Derivation is a lemma: its steps are the step's sub-steps.
    """

    number: int
    rule: Rule
    premises: tuple[int, ...]
    args: tuple[tuple[str, Any], ...]
    conclusion: Statement
    verdict: Verdict

    @property
    def lemma(self) -> Derivation | None:
        """The derivation this step rests on, if it is the use of a lemma."""
        for _, value in self.args:
            if isinstance(value, Derivation):
                return value
        return None


@dataclass(frozen=True)
class Derivation:
    """A chain of steps.  The answer *is* the last conclusion."""

    title: str
    steps: tuple[Step, ...] = ()
    stored: bool = False

    def by(self, rule: Rule, *premises: int, **args: Any) -> Self:
        """Run ``rule`` on the conclusions of the steps numbered ``premises`` (negative counts from the end) and append the step.

        Raises RuleError where the rule does not fit, or a premise does not exist; CheckError where the checker refutes the conclusion.
        """
        numbers = tuple(self._number(p) for p in premises)
        statements = tuple(self.steps[n - 1].conclusion for n in numbers)
        step = _run(len(self.steps) + 1, rule, numbers, statements, tuple(args.items()))
        return replace(self, steps=(*self.steps, step))

    def _number(self, premise: int) -> int:
        number = premise if premise > 0 else len(self.steps) + 1 + premise
        if not 1 <= number <= len(self.steps):
            raise RuleError(f"there is no step {premise}", where=self.title, fix=f"the steps are 1 to {len(self.steps)}")
        return number

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> int:
        """Number of the last step."""
        return len(self.steps)

    @property
    def conclusion(self) -> Statement:
        if not self.steps:
            raise RuleError("the derivation has no step yet", where=self.title)
        return self.steps[-1].conclusion

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        return self.conclusion.assumptions

    @property
    def verdict(self) -> Status:
        """The weakest status of all steps, lemmas included; "stored" derivations are UNCHECKED until replayed."""
        if self.stored or not self.steps:
            return Status.UNCHECKED
        return min(step.verdict.status for step in self.all_steps())

    def all_steps(self) -> Iterator[Step]:
        """Every step, the steps of lemmas before the step that uses them."""
        for step in self.steps:
            if step.lemma is not None:
                yield from step.lemma.all_steps()
            yield step

    def replay(self) -> Self:
        """Run every rule and every check again and compare with what stands here; CheckError at the first difference."""
        fresh = replace(self, steps=(), stored=False)
        for step in self.steps:
            args = {name: value.replay() if isinstance(value, Derivation) else value for name, value in step.args}
            rule = find_rule(step.rule.name)
            fresh = fresh.by(rule, *step.premises, **args)
            made = fresh.steps[-1]
            if made.conclusion != step.conclusion or made.verdict != step.verdict:
                what = "conclusion" if made.conclusion != step.conclusion else "verdict"
                raise CheckError(
                    f"step {step.number} ({step.rule.name}) has another {what} when run again",
                    where=self.title,
                    why=f"stored {getattr(step, what)}, replayed {getattr(made, what)}",
                    fix="derive it anew with this version",
                )
        return fresh

    def to_json(self, *, indent: int | None = None) -> str:
        """JSON text from a closed table of heads; the same bytes in every process."""
        return _looked_up("to_json")(self, indent=indent)

    @staticmethod
    def from_json(text: str) -> Derivation:
        """The derivation that ``text`` holds, marked ``stored`` until it is replayed; SerializationError for any other text."""
        found = _looked_up("from_json")(text)
        if not isinstance(found, Derivation):
            raise SerializationError(
                f"a {type(found).__name__}", where="Derivation.from_json", why="the text holds no derivation", fix="give what Derivation.to_json wrote"
            )
        return found

    def latex(self, fragment: bool = False, detail: str = "full") -> str:
        r"""LaTeX: a full article, or with ``fragment`` what ``\input`` takes; ``detail`` is "result", "outline" or "full"."""
        return _looked_up("as_latex")(self, fragment=fragment, detail=detail)

    def markdown(self, detail: str = "full") -> str:
        """Markdown with mathematics between dollars."""
        return _looked_up("as_markdown")(self, detail=detail)

    def html(self, detail: str = "full") -> str:
        """One self-contained HTML file that shows its mathematics offline."""
        return _looked_up("as_html")(self, detail=detail)

    def text(self, detail: str = "full", *, width: int = 100, ascii: bool = False) -> str:
        """Text for a terminal."""
        return _looked_up("as_text")(self, detail=detail, width=width, ascii=ascii)

    def explain(self, number: int | str, *, width: int = 100, ascii: bool = False) -> str:
        """Step ``number`` in full, as text: its rule's identity, premises, arguments, conclusion and checks; "3.1" is step 1 of the lemma of step 3."""
        return _looked_up("explain")(self, number, width=width, ascii=ascii)

    def __str__(self) -> str:
        return self.text() if self.steps else repr(self)

    def __repr__(self) -> str:
        return f"<Derivation {self.title!r}: {len(self)} steps, {self.verdict.name}>"

    def _repr_html_(self) -> str | None:
        return _looked_up("notebook_html")(self) if self.steps else None

    def _repr_latex_(self) -> str | None:
        return _looked_up("notebook_latex")(self) if self.steps else None

    def sources(self) -> tuple[str, ...]:
        """Keys of the publications the steps cite, sorted."""
        return tuple(sorted({step.rule.source.key for step in self.all_steps() if step.rule.source.key}))

    def bibtex(self) -> str:
        """BibTeX entries of the sources used."""
        return "\n\n".join(SOURCES[key].bibtex() for key in self.sources())


def _run(number: int, rule: Rule, numbers: tuple[int, ...], premises: tuple[Statement, ...], args: tuple[tuple[str, Any], ...]) -> Step:
    """Apply and check one rule; regime and assumptions of the conclusion are joined here, once, so that no rule can forget to."""
    named = dict(args)
    raw = rule.apply(*premises, **named)
    lemmas = [value.conclusion for value in named.values() if isinstance(value, Derivation)]
    below = (*premises, *lemmas)
    regime = rule.changes_regime or join_regimes([*(s.regime for s in below), raw.regime])
    assumptions = union([*(s.assumptions for s in below), raw.assumptions])
    kept = tuple(a for a in assumptions if a.key not in rule.discharges)
    conclusion = Statement(raw.claim, regime, kept)
    try:
        verdict = rule.check(premises, conclusion, **named)
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        # A conclusion that its checker cannot even read is as wrong as one that it refutes.
        raise CheckError(
            f"the check of step {number} ({rule.name}) cannot read the conclusion {conclusion.claim}: {error}",
            where=rule.name,
            why="the conclusion has not the form the rule promises",
            fix="please report it with the input that led here",
        ) from error
    if verdict.status is Status.FALSE:
        raise CheckError(
            f"the check of step {number} ({rule.name}) failed: {verdict}",
            where=rule.name,
            why="the conclusion does not follow",
            fix="please report it with the input that led here",
        )
    return Step(number, rule, numbers, args, conclusion, verdict)
