"""``ntksym list``: the catalogue and the derivations."""

from __future__ import annotations

import click

from ntksym.activations import catalogue
from ntksym.commands.output import show_json
from ntksym.library import titles


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List the activations of the catalogue and the ids of the derivations."""
    rows = catalogue()
    theorems = titles()
    if as_json:
        show_json(
            {
                "schema_version": 1,
                "activations": [
                    {
                        "name": row.name,
                        "aliases": list(row.aliases),
                        "phi": str(row.expr),
                        "parameters": {symbol.name: str(value) for symbol, value in row.defaults},
                        "summary": row.summary,
                        "source": None if row.source is None else str(row.source),
                    }
                    for row in rows
                ],
                "derivations": [{"id": name, "title": title} for name, title in theorems.items()],
            }
        )
        return
    click.echo(f"Activations ({len(rows)}): ntksym derive NAME, ntksym dual NAME\n")
    wide = max(len(row.name) for row in rows)
    for row in rows:
        defaults = ", ".join(f"{symbol.name}={value}" for symbol, value in row.defaults)
        also = f" (also {', '.join(row.aliases)})" if row.aliases else ""
        click.echo(f"  {row.name:<{wide}}  {row.summary}{also}{f'  [{defaults}]' if defaults else ''}")
    click.echo(f"\nDerivations ({len(theorems)}): ntksym derive ID, ntksym check ID\n")
    wide = max((len(name) for name in theorems), default=0)
    for name, title in theorems.items():
        click.echo(f"  {name:<{wide}}  {title}")
