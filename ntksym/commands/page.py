"""A derivation on the terminal."""

from __future__ import annotations

import click

from ntksym.commands.output import can_show_unicode, wants_colour, width
from ntksym.proof import Derivation
from ntksym.report import document
from ntksym.report.terminal import render


def show_derivation(derivation: Derivation, detail: str) -> None:
    """Print ``derivation`` on stdout, in the width and the letters the terminal has."""
    click.echo(render(document(derivation, detail=detail), width=width(), ascii=not can_show_unicode(), color=wants_colour()))
