"""What ``Derivation``'s methods call, by name: one function for each way to show a derivation."""

from __future__ import annotations

from ntksym.proof import Derivation
from ntksym.report import html, latex, markdown, terminal
from ntksym.report.build import document, explanation


def as_latex(derivation: Derivation, fragment: bool = False, detail: str = "full") -> str:
    """LaTeX: an article, or a fragment."""
    return latex.render(document(derivation, detail), fragment)


def as_markdown(derivation: Derivation, detail: str = "full") -> str:
    """Markdown."""
    return markdown.render(document(derivation, detail))


def as_html(derivation: Derivation, detail: str = "full") -> str:
    """One self-contained HTML file."""
    return html.render(document(derivation, detail))


def as_text(derivation: Derivation, detail: str = "full", width: int = 100, ascii: bool = False) -> str:
    """Text for a terminal."""
    return terminal.render(document(derivation, detail), width, ascii)


def explain(derivation: Derivation, number: int | str, width: int = 100, ascii: bool = False) -> str:
    """One step in full, as text."""
    return terminal.render(explanation(derivation, number), width, ascii)


def notebook_html(derivation: Derivation) -> str:
    """HTML for a notebook cell."""
    return html.render_notebook(document(derivation))


def notebook_latex(derivation: Derivation) -> str:
    """LaTeX for a notebook cell: the result."""
    return html.display(document(derivation, "result"))
