"""One page for each family of activations, written from the derivations while the documentation is built.

Nothing on these pages is typed in: phi, V, V', the diagonal, the conditions, the verdict and the number of steps are read off the derivation
that ``ntksym dual NAME`` prints in full.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from ntksym.activations import activation
from ntksym.catalogue import Activation, Family, default_texts, families
from ntksym.duals import dual
from ntksym.forms import NumericDual, OutsideClass
from ntksym.report.markdown import escape

FOLDER = "activations"


def section(name: str) -> str:
    """The section of one activation, in Markdown."""
    row = activation(name)
    made = dual(row)
    claim = made.conclusion.claim
    whole = sum(1 for _ in made.all_steps())
    count = f"{len(made)} steps" + (f", {whole} with those of its lemmas" if whole != len(made) else "")
    report = made.markdown("result")
    kind = "computed numerically" if isinstance(claim, NumericDual) else "outside the class" if isinstance(claim, OutsideClass) else "closed form"
    lines = [
        f"## {row.name}",
        "",
        f"{escape(row.summary)}. {_facts(row)}",
        "",
        f"**{made.verdict.name}**, {kind}: {count}.",
        "",
        _part(report, "Result"),
    ]
    assumed = _part(report, "Assumptions")
    if assumed and not assumed.startswith("None beyond"):
        lines += ["", "It holds where:", "", assumed]
    lines += ["", f"Every step, and how it was checked: `ntksym dual {row.name}`.", ""]
    return "\n".join(lines)


def _facts(row: Activation) -> str:
    said = []
    if row.aliases:
        said.append(f"Also {', '.join(f'`{alias}`' for alias in row.aliases)}.")
    if row.defaults:
        said.append(f"Defaults {', '.join(f'`{text}`' for text in default_texts(row))}.")
    if row.source is not None:
        said.append(f"Source: {escape(str(row.source))}.")
    return " ".join(said)


def _part(markdown: str, title: str) -> str:
    """The section of a report under ``title``, without its heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def page(family: Family, sections: list[str]) -> str:
    """The page of a family."""
    head = [f"# {family.title}", "", escape(family.summary), ""]
    return "\n".join([*head, *sections])


def write_pages(folder: Path, workers: int) -> None:
    """Derive every row of the catalogue and write the pages into ``folder``; files that would not change are left alone."""
    folder.mkdir(exist_ok=True)
    names = [row.name for family in families() for row in family.rows]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        sections = dict(zip(names, pool.map(section, names), strict=True))
    for family in families():
        text = page(family, [sections[row.name] for row in family.rows])
        path = folder / f"{family.key}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def _generate(app: Any) -> None:
    write_pages(Path(app.srcdir) / FOLDER, workers=min(4, os.cpu_count() or 1))


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", _generate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
