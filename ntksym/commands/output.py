"""What a command writes: text to the terminal, files that are whole or absent."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ntksym.errors import OutputError


def say(text: str) -> None:
    """A line about progress, to stderr."""
    click.echo(text, err=True)


def show_json(value: Any) -> None:
    """``value`` as JSON on stdout, keys in the order given."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def can_show_unicode() -> bool:
    """Whether stdout can encode the mathematics of the terminal report."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "Θσ𝔼ϕ′²₁₂√→≥".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def width() -> int:
    """Columns to write in: the terminal's, within reason; 100 where the output is no terminal."""
    if not sys.stdout.isatty():
        return 100
    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 140))


def wants_colour() -> bool:
    """Colour on a terminal only, and not where NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def folder_in_the_making(target: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """A new folder beside ``target`` to write into; when the body ends well, its files move into ``target``.

    ``names`` are the files this command may write.  A new ``target`` appears in one rename.  In an existing one each of these files
    is replaced in one rename, or removed where it was not written anew; all other files there stay as they are.
    Where the body fails or is interrupted, ``target`` is untouched.  Raises OutputError where ``target`` cannot be written.
    """
    target = target.absolute()
    if target.exists() and not target.is_dir():
        raise OutputError("this is a file, not a folder", where=str(target), fix="name a folder for --out")
    for name in names:
        if (target / name).is_dir():
            raise OutputError(f"it holds a folder named {name}", where=str(target), fix="name another folder for --out")
    making = target.parent / f".{target.name}.{os.getpid()}.partial"
    made_parents = [parent for parent in (target.parent, *target.parent.parents) if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir()
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(13, "the folder is not writable")
    except OSError as error:
        _remove(making, made_parents)
        raise OutputError(f"cannot write here ({error.strerror or error})", where=str(target), fix="name another folder for --out") from error
    try:
        yield making
        if target.exists():
            for name in names:
                if (making / name).exists():
                    os.replace(making / name, target / name)
                else:
                    (target / name).unlink(missing_ok=True)
        else:
            os.rename(making, target)
            made_parents = []
    except OSError as error:
        raise OutputError(f"cannot write here ({error.strerror or error})", where=str(target), fix="name another folder for --out") from error
    finally:
        _remove(making, made_parents)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files`` (name -> text) into ``folder``, UTF-8, one line feed at every line end."""
    for name, text in files.items():
        (folder / name).write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", newline="\n")


def write_file(path: Path, text: str | bytes) -> None:
    """Write one file in one rename; OutputError where that cannot be done."""
    making = path.parent / f".{path.name}.{os.getpid()}.partial"
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "this is a folder")
        if isinstance(text, bytes):
            making.write_bytes(text)
        else:
            making.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", newline="\n")
        os.replace(making, path)
    except OSError as error:
        raise OutputError(f"cannot write here ({error.strerror or error})", where=str(path), fix="name another file") from error
    finally:
        _remove(making, [])


def _remove(making: Path, empty_parents: list[Path]) -> None:
    if making.is_dir():
        shutil.rmtree(making, ignore_errors=True)
    else:
        making.unlink(missing_ok=True) if making.parent.is_dir() else None
    for parent in empty_parents:
        try:
            parent.rmdir()
        except OSError:
            return
