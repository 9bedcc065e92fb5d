"""Tables in ``.csv`` files: one row per line, numbers as inputs, one column as the target.  What is wrong is said with its line."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from ntksym.errors import DataError

_DELIMITERS = (",", ";", "\t")
_MOST_CLASSES = 50  # more different integers than that are asked about


def read_table(path: Path, label: str | None = None) -> tuple[np.ndarray, np.ndarray, str]:
    """Inputs (N, d), targets (N,) and the name of the target's column in the CSV file at ``path``, UTF-8, separated by comma, semicolon or tab.

    The target is the column called ``label``, by default the last one: text, integers or real numbers.  The first line is a header where no cell of
    an input column is a number, or where ``label`` is one of its cells.  DataError names file, line and column.
    """
    where = str(path)
    rows = _rows(path, where)
    if not rows:
        raise DataError("the file has no rows", where=where, fix="give one line per example, numbers and a target separated by commas")
    first_line, first = rows[0]
    if len(first) < 2:
        raise DataError(
            "there is one column",
            where=f"{where}, line {first_line}",
            why="a table needs an input column and a target",
            fix="separate the columns by commas, semicolons or tabs",
        )
    header = _is_header(first, label)
    if label is not None and not header:
        raise DataError(
            f"no header, so no column {label!r}",
            where=f"{where}, line {first_line}",
            fix="write the names of the columns above, or leave --label out",
        )
    names = first if header else [str(i + 1) for i in range(len(first))]
    target = _target_column(names, label, where)
    body = rows[1:] if header else rows
    if not body:
        raise DataError("there is a header and nothing below it", where=where, fix="give at least three rows")
    x = np.empty((len(body), len(names) - 1))
    cells: list[str] = []
    for i, (line, row) in enumerate(body):
        if len(row) != len(names):
            expected = "the header has" if header else "the first line has"
            raise DataError(
                f"{len(row)} cells where {expected} {len(names)}", where=f"{where}, line {line}", fix="give every line the same columns; quote text with commas"
            )
        x[i] = [_number(cell, where, line, names[j]) for j, cell in enumerate(row) if j != target]
        if not row[target]:
            raise DataError("the target is missing", where=f"{where}, line {line}, column {names[target]!r}", fix="fill it in or take the line out")
        cells.append(row[target])
    return x, _target_values(cells, where, [line for line, _ in body], names[target]), names[target]


def require_few_classes(y: np.ndarray, where: str) -> None:
    """DataError where integers may be classes or amounts."""
    count = len(np.unique(y)) if y.dtype.kind in "iu" else 0
    if count > _MOST_CLASSES:
        raise DataError(
            f"the target holds {count} different integers", where=where, why="they may be classes or amounts", fix="say which: --task classes or --task real"
        )


def _rows(path: Path, where: str) -> list[tuple[int, list[str]]]:
    """(line number, cells without surrounding blanks), blank lines left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=where, fix="check the path") from error
    except UnicodeDecodeError as error:
        raise DataError("this is no UTF-8 text", where=where, fix="save the table as UTF-8") from error
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, [cell.strip() for cell in row]))
    except csv.Error as error:
        raise DataError(f"no CSV ({error})", where=f"{where}, line {reader.line_num}", fix="check the quotes") from error
    return rows


def _is_header(first: list[str], label: str | None) -> bool:
    """Names stand where numbers belong; the last cell alone may be the name of a class.  A line of both is taken for data, and its text refused."""
    return (label is not None and label in first) or all(cell and _parsed(cell) is None for cell in first[:-1])


def _target_column(names: list[str], label: str | None, where: str) -> int:
    if label is None:
        return len(names) - 1
    count = names.count(label)
    if count != 1:
        raise DataError(
            f"{'no' if count == 0 else count} column{'s' if count > 1 else ''} named {label!r}",
            where=where,
            why=f"the columns are {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}",
            fix="check the spelling" if count == 0 else "rename one of them",
        )
    return names.index(label)


def _parsed(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _number(cell: str, where: str, line: int, column: str) -> float:
    value = _parsed(cell)
    if value is None or not math.isfinite(value):
        seen = "the cell is empty" if not cell else f"{cell!r} is {'no number' if value is None else 'not finite'}"
        raise DataError(
            seen,
            where=f"{where}, line {line}, column {column!r}",
            why="inputs of a kernel are real numbers",
            fix="write categories as numbers, and fill in or take out what is missing; a target that is not the last column is named by --label",
        )
    return value


def _target_values(cells: list[str], where: str, lines: list[int], column: str) -> np.ndarray:
    """Integers if all are, real numbers if all are numbers, text if none is."""
    numbers = [_parsed(cell) for cell in cells]
    which = [value is not None for value in numbers]
    if not any(which):
        return np.array(cells)
    if not all(which):
        odd = which.index(False)
        raise DataError(
            f"{cells[odd]!r} among numbers",
            where=f"{where}, line {lines[odd]}, column {column!r}",
            why="a target is text throughout, or numbers",
            fix="fix it",
        )
    try:
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    values = np.array(numbers, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(f"{cells[bad[0]]!r} is not finite", where=f"{where}, line {lines[bad[0]]}, column {column!r}", fix="fill it in or take the line out")
    return values
