"""Sentences: words with mathematics between dollars -> Prose."""

from __future__ import annotations

import re

from ntksym.report.document import Inline, Prose, Tex, Text

# TeX that does something else than set mathematics; a sentence holding it is shown as the words it is made of.
_NOT_MATHEMATICS = re.compile(
    r"\\(?:input|include|includegraphics|openin|openout|read|write|immediate|special|catcode|csname|def|edef|gdef|xdef|let|futurelet|newcommand|renewcommand"
    r"|usepackage|documentclass|begin\s*\{document\}|end\s*\{document\}|href|url|expandafter|loop|repeat|every[a-z]+|output|shipout|jobname|tracing[a-z]+)(?![A-Za-z])|\^\^"
)


def words(text: str) -> Prose:
    """Text without any mathematics, dollars included."""
    return Prose((Text(text),))


def sentence(text: str) -> Prose:
    """Text in which ``$...$`` is mathematics in LaTeX; with unpaired dollars, or TeX that is no mathematics, everything is words."""
    pieces = text.split("$")
    if len(pieces) % 2 == 0 or any(not _is_mathematics(piece) for piece in pieces[1::2]):
        return words(text)
    parts: list[Inline] = []
    for position, piece in enumerate(pieces):
        if piece:
            parts.append(Tex(piece.strip()) if position % 2 else Text(piece))
    return Prose(tuple(parts))


def joined(*groups: Prose) -> Prose:
    """Several Proses as one paragraph, nothing in between."""
    return Prose(tuple(part for group in groups for part in group.parts))


def stop(prose: Prose) -> Prose:
    """The same sentence, ending in a full stop."""
    if not prose.parts:
        return prose
    last = prose.parts[-1]
    if isinstance(last, Text):
        body = last.body.rstrip()
        return prose if body.endswith((".", "!", "?", ":")) else Prose((*prose.parts[:-1], Text(body + ".")))
    return Prose((*prose.parts, Text(".")))


def _is_mathematics(source: str) -> bool:
    if not source.strip() or _NOT_MATHEMATICS.search(source):
        return False
    depth = 0
    for token in re.findall(r"\\.|[{}%]", source):
        if token == "%":
            return False
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"(?<!\\)(?:\\\\)*\\$", source)
