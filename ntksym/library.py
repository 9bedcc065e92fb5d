"""The theorems of ``derivations/``: one file each, whose docstring is the claim and whose ``derive()`` returns the Derivation.

In a wheel the folder travels as ``ntksym/_derivations``; in a checkout, or an editable install, it lies beside ``ntksym/``.
"""

from __future__ import annotations

import ast
import difflib
import functools
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from ntksym.errors import NtksymError
from ntksym.proof import Derivation


def derivations() -> Mapping[str, Derivation]:
    """{id: Derivation} of everything in ``derivations/``, by id; each is derived when it is first asked for."""
    return _Library()


class _Library(Mapping[str, Derivation]):
    def __getitem__(self, key: str) -> Derivation:
        if key not in _files():
            raise KeyError(key)
        return derivation(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_files())

    def __len__(self) -> int:
        return len(_files())

    def __contains__(self, key: object) -> bool:
        return key in _files()

    def __repr__(self) -> str:
        return f"derivations({', '.join(_files())})"


@functools.cache
def derivation(name: str) -> Derivation:
    """The derivation of this id, derived now (and once): every rule runs, every check runs."""
    (name,) = find_ids((name,))
    path = _files()[name]
    spec = spec_from_file_location(f"ntksym_derivation_{name}", path)
    if spec is None or spec.loader is None:
        raise NtksymError("this file cannot be loaded", where=str(path))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made = getattr(module, "derive", None)
    if made is None:
        raise NtksymError("the file has no function derive()", where=path.name, fix="see docs/contributing.md, 'A derivation'")
    return made()


def titles() -> dict[str, str]:
    """{id: first line of the file's docstring}; nothing is derived."""
    found: dict[str, str] = {}
    for name, path in _files().items():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or name
        found[name] = text.splitlines()[0].strip()
    return found


def find_ids(names: tuple[str, ...]) -> tuple[str, ...]:
    """``names`` where all of them are ids (all ids if none is given); NtksymError with near names otherwise."""
    known = _files()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"the ids are {', '.join(known)}"
            raise NtksymError(f"no derivation {name!r}", where="derivations", fix=hint)
    return names or tuple(known)


@functools.cache
def _files() -> dict[str, Path]:
    here = Path(__file__).parent
    for folder in (here / "_derivations", here.parent / "derivations"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("[!_]*.py"))}
    raise NtksymError("the folder of derivations is missing", where=str(here), fix="install ntksym anew, or run it from a checkout")
