"""Writing a figure to the file that a user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntksym.errors import OutputError


def save_figure(figure: Any, path: str | Path | None) -> None:
    """``figure.savefig(path)``, nothing where path is None; OutputError where it cannot be written."""
    if path is None:
        return
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write the picture ({error})", where=str(path), fix="name a .png, .pdf or .svg file in a folder that exists") from error
