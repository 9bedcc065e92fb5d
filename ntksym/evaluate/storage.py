"""Kernels in files: the arrays as ``.npz``, and beside it a ``.json`` that says of what they are the kernels.

The side-car names the network, the conventions and the version, and holds a SHA-256 of every array, of the data as well as of the kernels.  It is written
last, so a pair of files that an interrupted save left behind does not load.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ntksym._version import __version__
from ntksym.errors import DataError, NtksymError, OutputError, ShapeError
from ntksym.evaluate.parameters import concrete
from ntksym.network import Network
from ntksym.notation import CONVENTIONS

FORMAT, SCHEMA_VERSION = "ntksym kernel", 1
FLOATS = ("float32", "float64")


@dataclass(frozen=True, eq=False)
class StoredKernel:
    """What a file holds: ``kernel`` as it was given to :func:`save_kernel`, an array or a named tuple of arrays, and what it is the kernel of.

    ``keywords``: the values that were given to the kernel function in place of the network's own; ``version``: the ntksym that wrote the file.
    """

    kernel: Any
    network: Network
    keywords: Mapping[str, Any]
    conventions: tuple[str, ...]
    version: str


def save_kernel(
    path: str | os.PathLike[str], kernel: Any, *, network: Network, x1: Any, x2: Any = None, get: str = "ntk", keywords: Mapping[str, Any] | None = None
) -> tuple[Path, Path]:
    """Write ``kernel`` to ``path`` (``.npz``) and what it is the kernel of beside it (``.json``); returns both paths.

    ``kernel``: one array, named ``get``, or a named tuple or dictionary of arrays, as :func:`ntksym.kernel_fn` and the empirical kernels return them: (N1, N2),
    (N1,) for a diagonal, (N1, N2, k, k), or any of these behind an axis of layers; float32 or float64.  ``x1``, ``x2``: the data, of which shapes and hashes
    are kept.  ``keywords``: what was given to the kernel function besides (``sigma_w=1.3``).  Both files are whole or absent.

    ShapeError for arrays that do not fit the data, OutputError where the files cannot be written.

        ntksym.save_kernel("kernel.npz", k(x, get=("nngp", "ntk")), network=network, x1=x)
    """
    where = "save_kernel"
    target = _npz(path, OutputError)
    if not isinstance(network, Network):
        raise ShapeError(f"{network!r} is no network"[:200], where=where, why="the side-car says whose kernel it is", fix="give the ntksym.Network")
    data = {"x1": _array(x1, "x1", where), "x2": None if x2 is None else _array(x2, "x2", where)}
    arrays = {name: _array(array, name, where) for name, array in _named(kernel, get).items()}
    rows = [len(each) for each in data.values() if each is not None]
    for name, array in arrays.items():
        _require_fit(name, array, rows[0], rows[-1], where)
    record = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "ntksym": __version__,
        "conventions": list(CONVENTIONS),
        "network": json.loads(network.to_json()),
        "keywords": _plain(keywords or {}, where),
        "single": not isinstance(kernel, Mapping | tuple),
        "kernels": {name: _facts(array) for name, array in arrays.items()},
        "data": {name: None if array is None else _facts(array) for name, array in data.items()},
    }
    _write(target, arrays, json.dumps(record, indent=2, ensure_ascii=True) + "\n")
    return target, target.with_suffix(".json")


def load_kernel(path: str | os.PathLike[str], *, network: Network | None = None, x1: Any = None, x2: Any = None) -> StoredKernel:
    """Read what :func:`save_kernel` wrote to ``path``, arrays with their dtype and bits; nothing in the files is run.

    The arrays must be those the side-car was written for, under the conventions of this version.  What is given is compared: ``network`` with the one
    stored, ``x1`` and ``x2`` with the data's shapes, dtypes and hashes.

    DataError for files that are missing, damaged or of another kind, and for another network, data or convention, each by name.

        k = ntksym.load_kernel("kernel.npz", network=network, x1=x).kernel
    """
    target = _npz(path, DataError)
    beside = target.with_suffix(".json")
    record = _read_record(beside)
    stored = _network(record, beside)
    if network is not None and network != stored:
        raise DataError("the kernel of another network", where=str(beside), why=f"it holds {_short(stored)}, not {_short(network)}", fix="name the right file")
    for name, given in (("x1", x1), ("x2", x2)):
        if given is not None:
            _require_data(name, _array(given, name, "load_kernel"), record["data"][name], beside)
    arrays = _read_arrays(target, record["kernels"])
    names = tuple(record["kernels"])
    kernel = arrays[names[0]] if record["single"] else namedtuple("Kernels", names)(*(arrays[name] for name in names))
    return StoredKernel(kernel, stored, MappingProxyType(record["keywords"]), tuple(record["conventions"]), record["ntksym"])


# -- writing -----------------------------------------------------------------------------------------------------------


def _npz(path: str | os.PathLike[str], error: type[NtksymError]) -> Path:
    target = Path(path)
    if target.suffix != ".npz":
        raise error(
            f"the name {target.name!r}",
            where=str(target),
            why="the arrays are in a .npz, and a .json of the same name stands beside it",
            fix="end it with .npz",
        )
    return target


def _named(kernel: Any, get: str) -> dict[str, Any]:
    if isinstance(kernel, Mapping):
        found = dict(kernel)
    elif isinstance(kernel, tuple):
        if not hasattr(kernel, "_fields"):
            raise ShapeError("kernel is a tuple without names", where="save_kernel", fix="give a named tuple or a dictionary, or one array")
        found = dict(zip(kernel._fields, kernel, strict=True))
    else:
        found = {get: kernel}
    if not found or not all(isinstance(name, str) and name.isidentifier() and not name.startswith("_") for name in found):
        raise ShapeError(f"the names {', '.join(map(repr, found)) or 'of no kernels'}", where="save_kernel", fix='name each kernel, as in get="ntk"')
    return found


def _array(given: Any, name: str, where: str) -> np.ndarray:
    if not concrete(given):
        raise ShapeError(f"{name} is a tracer", where=where, why="files hold numbers", fix="call it outside jit, vmap and grad")
    array = np.asarray(given)
    if array.dtype.name not in FLOATS:
        raise ShapeError(f"{name} has dtype {array.dtype}", where=where, why="kernels and their data are float32 or float64", fix="convert it")
    if array.ndim == 0 or array.size == 0:
        raise ShapeError(f"{name} has shape {array.shape}", where=where, why="its rows are examples", fix="give an array with at least one")
    return array


def _require_fit(name: str, array: np.ndarray, rows: int, columns: int, where: str) -> None:
    shape = array.shape
    fits = shape[:2] == (rows, columns) or shape[1:3] == (rows, columns) or (shape[-1:] == (rows,) and array.ndim <= 2 and rows == columns)
    if not fits:
        raise ShapeError(
            f"the kernel {name} has shape {shape}",
            where=where,
            why=f"the data have {rows} and {columns} rows",
            fix=f"give ({rows}, {columns}), with further axes behind, or one for layers in front",
        )


def _plain(keywords: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Numbers and lists of numbers."""
    found: dict[str, Any] = {}
    for name, value in keywords.items():
        try:
            found[name] = np.asarray(value, dtype=float).tolist()
        except (TypeError, ValueError) as error:
            raise ShapeError(f"the keyword {name}={value!r}", where=where, why="keywords of a kernel are numbers", fix="give its value") from error
    return found


def _facts(array: np.ndarray) -> dict[str, Any]:
    """Shape, dtype, and the SHA-256 of both and of the entries (row by row, little-endian)."""
    entries = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{array.dtype.name} {list(array.shape)}\n".encode())
    digest.update(entries.tobytes())
    return {"shape": list(array.shape), "dtype": array.dtype.name, "sha256": digest.hexdigest()}


def _write(target: Path, arrays: dict[str, np.ndarray], record: str) -> None:
    """Both files under other names first, then the two renames."""
    beside = target.with_suffix(".json")
    making = [path.parent / f".{path.name}.{os.getpid()}.partial" for path in (target, beside)]
    try:
        for path in (target, beside):
            if path.is_dir():
                raise IsADirectoryError(21, "this is a folder", str(path))
        with making[0].open("wb") as file:
            np.savez(file, **arrays)
        making[1].write_text(record, encoding="utf-8", newline="\n")
        os.replace(making[0], target)
        os.replace(making[1], beside)
    except OSError as error:
        raise OutputError(f"cannot write here ({error.strerror or error})", where=str(target), fix="name another file") from error
    finally:
        for path in making:
            if path.parent.is_dir():
                path.unlink(missing_ok=True)


# -- reading -----------------------------------------------------------------------------------------------------------


def _read_record(beside: Path) -> dict[str, Any]:
    """The side-car, its fields checked for what is read of them."""
    try:
        record = json.loads(beside.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot be read ({error.strerror or error})", where=str(beside), why="it says whose kernel the .npz holds", fix="keep both files together"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError("no JSON", where=str(beside), fix="save the kernel anew") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT or record.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            "no side-car of a kernel, or one of another schema",
            where=str(beside),
            why=f"this version reads schema {SCHEMA_VERSION}",
            fix="save the kernel anew",
        )
    kinds = {"ntksym": str, "conventions": list, "network": dict, "keywords": dict, "single": bool, "kernels": dict, "data": dict}
    for name, kind in kinds.items():
        if not isinstance(record.get(name), kind):
            raise DataError(f"the field {name!r} is missing or no {kind.__name__}", where=str(beside), fix="save the kernel anew")
    kernels, data = record["kernels"], record["data"]
    names_fit = all(name.isidentifier() and not name.startswith("_") for name in kernels) and kernels and (len(kernels) == 1 or not record["single"])
    facts = [*kernels.values(), data.get("x1"), *([data["x2"]] if data.get("x2") is not None else [])]
    if not names_fit or set(data) != {"x1", "x2"} or not all(isinstance(f, dict) and set(f) == {"shape", "dtype", "sha256"} for f in facts):
        raise DataError("the facts about an array are missing", where=str(beside), fix="save the kernel anew")
    if record["conventions"] != list(CONVENTIONS):
        raise DataError(
            "a kernel under other conventions",
            where=str(beside),
            why=f"it was written by ntksym {record['ntksym']} under: {' '.join(map(str, record['conventions']))}",
            fix="compute it anew, or read it with the version that wrote it",
        )
    return record


def _network(record: dict[str, Any], beside: Path) -> Network:
    try:
        return Network.from_json(json.dumps(record["network"]))
    except NtksymError as error:
        raise DataError("the network in it cannot be read", where=str(beside), why=str(error), fix="save the kernel anew") from error


def _require_data(name: str, array: np.ndarray, stored: dict[str, Any] | None, beside: Path) -> None:
    if stored is None:
        raise DataError(f"the kernel was computed without {name}", where=str(beside), why="it pairs x1 with itself", fix=f"leave {name} out")
    facts = _facts(array)
    for what, said in (("shape", "another shape"), ("dtype", "another dtype"), ("sha256", "other entries")):
        if facts[what] != stored[what]:
            seen = "" if what == "sha256" else f": {stored[what]}, not {facts[what]}"
            raise DataError(
                f"the kernel is of an {name} with {said}{seen}", where=str(beside), why="a kernel belongs to its data", fix="compute the kernel anew"
            )


def _read_arrays(target: Path, wanted: dict[str, Any]) -> dict[str, np.ndarray]:
    try:
        # opened here, for numpy leaves a damaged file open
        with target.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if set(file.files) != set(wanted):
                raise DataError(
                    f"it holds {', '.join(sorted(file.files)) or 'nothing'}, its side-car names {', '.join(wanted)}",
                    where=str(target),
                    fix="save the kernel anew",
                )
            arrays = {name: file[name] for name in wanted}
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise DataError(f"no file of arrays ({error})", where=str(target), why="it is missing or damaged", fix="save the kernel anew") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.name not in FLOATS or _facts(array) != wanted[name]:
            raise DataError(
                f"the kernel {name} is not the one its side-car describes",
                where=str(target),
                why="one of the two files was changed",
                fix="save the kernel anew",
            )
    return arrays


def _short(network: Network) -> str:
    text = str(network)
    return text if len(text) <= 300 else text[:297] + "..."
