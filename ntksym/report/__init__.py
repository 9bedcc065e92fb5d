"""Derivation -> neutral Document -> terminal, LaTeX, Markdown, HTML.  Knows no network, no theory and no generated code."""

from ntksym.report.build import document, explanation
from ntksym.report.document import Document

__all__ = ["Document", "document", "explanation"]
