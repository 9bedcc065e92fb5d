"""``ntksym list``: the catalogue, family by family, and the derivations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import click

from ntksym.catalogue import Activation, Family, default_texts, families, sequence_names
from ntksym.commands.output import say, show_json
from ntksym.commands.specs import read_activation
from ntksym.duals import dual, reason_outside
from ntksym.errors import NtksymError
from ntksym.forms import OutsideClass
from ntksym.gaussian.fallback import without_numbers
from ntksym.library import titles


@dataclass(frozen=True)
class Entry:
    """A row and what is known of its dual: ``reason`` is None where it has a closed form; the rest only where it was derived."""

    row: Activation
    reason: str | None
    hindrance: str = ""  # why it cannot be computed either
    verdict: str = ""
    steps: int = 0
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        return "closed" if self.reason is None else "refused" if self.hindrance else "numeric"

    def as_json(self) -> dict[str, Any]:
        """The entry for JSON."""
        row = self.row
        family = next((chosen.key for chosen in families() if any(other.name == row.name for other in chosen.rows)), None)
        found: dict[str, Any] = {
            "name": row.name,
            "family": family,
            "aliases": list(row.aliases),
            "phi": str(row.expr),
            "parameters": {symbol.name: str(value) for symbol, value in row.defaults},
            "summary": row.summary,
            "source": None if row.source is None else str(row.source),
            "dual": self.kind,
            "reason": self.reason,
            **({"hindrance": self.hindrance} if self.hindrance else {}),
        }
        if self.steps:
            found |= {"verdict": self.verdict, "steps": self.steps, "seconds": round(self.seconds, 2)}
        return found


@click.command("list")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--family", metavar="KEY", help="Only this family; the keys stand in the headings.")
@click.option("--derive", "derived", is_flag=True, help="Derive each dual: verdict, number of steps, seconds. The whole catalogue takes minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(names: tuple[str, ...], family: str | None, derived: bool, as_json: bool) -> None:
    """List the activations of the catalogue and the ids of the derivations; or only NAME..., which may be formulas.

    "closed" and "numeric" are decided from the form of phi alone: whether it is a sum of terms whose Gaussian averages have closed forms here.
    "numeric" duals are computed with an error bound; "refused" ones cannot be computed either. With --derive the dual itself is derived and every step checked.
    """
    shown = _shown(names, family)
    entries = {chosen.key: [_entry(row, derived) for row in chosen.rows] for chosen in shown}
    whole = not names and family is None
    theorems = titles() if whole else {}
    if as_json:
        show_json(
            {
                "schema_version": 1,
                "families": [{"key": chosen.key, "title": chosen.title, "summary": chosen.summary} for chosen in shown if chosen.key],
                "activations": [entry.as_json() for chosen in shown for entry in entries[chosen.key]],
                "sequences": list(sequence_names()) if whole else [],
                "derivations": [{"id": name, "title": title} for name, title in theorems.items()],
            }
        )
        return
    every = [entry for group in entries.values() for entry in group]
    counts = [f"{sum(entry.kind == kind for entry in every)} {kind}" for kind in ("closed", "numeric", "refused") if any(e.kind == kind for e in every)]
    wide = max(len(entry.row.name) for entry in every)
    for chosen in shown:
        if chosen.key:
            click.echo(f"{chosen.title} ({chosen.key}): {chosen.summary}\n")
        for entry in entries[chosen.key]:
            for line in _lines(entry, wide, explained=derived or bool(names)):
                click.echo(line)
        click.echo()
    click.echo(f"{len(every)} activation{'s' * (len(every) != 1)}: {', '.join(counts)}. Next: ntksym dual NAME, ntksym derive NAME")
    if whole:
        click.echo(f'Numbered by n, for instance activation("hermite", n=4): {", ".join(sequence_names())}')
        click.echo(f"\nDerivations ({len(theorems)}): ntksym derive ID, ntksym check ID\n")
        wide = max((len(name) for name in theorems), default=0)
        for name, title in theorems.items():
            click.echo(f"  {name:<{wide}}  {title}")


def _shown(names: tuple[str, ...], family: str | None) -> tuple[Family, ...]:
    """The families with the rows asked for; formulas stand in one without a key."""
    if family is not None:
        found = tuple(chosen for chosen in families() if chosen.key == family)
        if not found:
            raise NtksymError(f"no family {family!r}", where="--family", fix=f"the families are {', '.join(chosen.key for chosen in families())}")
        if names:
            raise NtksymError("both names and a family", where="ntksym list", fix="give the one or the other")
        return found
    return (Family("", "", "", tuple(read_activation(name) for name in names)),) if names else families()


def _entry(row: Activation, derived: bool) -> Entry:
    if not derived:
        reason = reason_outside(row)
        return Entry(row, reason, without_numbers(row.phi) if reason else "")
    say(f"deriving {row.name} ...")
    begin = time.perf_counter()
    made = dual(row)
    steps = sum(1 for _ in made.all_steps())
    claim = made.conclusion.claim
    reason = claim.reason if isinstance(claim, OutsideClass) else None
    return Entry(row, reason, without_numbers(row.phi) if reason else "", made.verdict.name, steps, time.perf_counter() - begin)


def _lines(entry: Entry, wide: int, explained: bool) -> list[str]:
    row = entry.row
    defaults = ", ".join(default_texts(row))
    also = f" (also {', '.join(row.aliases)})" if row.aliases else ""
    derived = f"  {entry.verdict:<8} {entry.steps:>4} steps {entry.seconds:6.1f} s" if entry.steps else ""
    lines = [f"  {row.name:<{wide}}  {entry.kind:<7}{derived}  {row.summary}{also}{f'  [{defaults}]' if defaults else ''}"]
    if explained and entry.reason is not None:
        lines.append(f"  {'':<{wide}}  outside the class: {entry.reason}")
    if entry.hindrance:
        lines.append(f"  {'':<{wide}}  no numbers: {entry.hindrance}")
    return lines
