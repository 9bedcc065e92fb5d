"""``ntksym check``: derive every theorem anew, which runs every rule and every check, and replay it."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from ntksym.commands.output import say, show_json
from ntksym.errors import NtksymError
from ntksym.library import derivation, find_ids
from ntksym.proof import Derivation, Status


@click.command("check")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_command(ids: tuple[str, ...], as_json: bool) -> None:
    """Derive every theorem (or those named) anew, run every check, replay, and exit with 1 if a step is FALSE or UNCHECKED."""
    entries: list[dict[str, Any]] = []
    failures = 0
    for name in find_ids(ids):
        begin = time.perf_counter()
        entry, complaint = _checked(name)
        entries.append(entry)
        failures += bool(complaint)
        seconds = time.perf_counter() - begin
        if not as_json:
            mark = "FAILED" if complaint else "ok"
            click.echo(f"{mark:<6}  {name:<31}  {entry['verdict']:<9}  {len(entry['steps']):>3} steps  {seconds:5.1f} s  {entry['title']}")
        if complaint:
            say(f"  {name}: {complaint}")
    if as_json:
        show_json({"schema_version": 1, "derivations": entries})
    else:
        click.echo(f"{len(entries)} derivations, {failures} failed")
    if failures:
        sys.exit(1)


def _checked(name: str) -> tuple[dict[str, Any], str]:
    """The entry of one derivation, and what is wrong with it ("" if nothing)."""
    try:
        made: Derivation = derivation(name)
        made.replay()
    except NtksymError as error:
        return {"id": name, "title": name, "verdict": Status.FALSE.name, "steps": []}, str(error)
    steps = [{"rule": step.rule.name, "verdict": step.verdict.status.name} for step in made.all_steps()]
    entry = {"id": name, "title": made.title, "verdict": made.verdict.name, "steps": steps}
    weak = [f"step {i} ({step['rule']}) is {step['verdict']}" for i, step in enumerate(steps, 1) if Status[step["verdict"]] <= Status.UNCHECKED]
    return entry, "; ".join(weak)
