"""Real data: scikit-learn's bundled sets and the user's own ``.npz`` or ``.csv``, as arrays of inputs and targets.

Not here: downloads, pickles, images in folders.  A file is read with ``allow_pickle=False``, so it cannot run code.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ntksym.errors import DataError
from ntksym.evaluate.tables import read_table, require_few_classes

# Bundled set -> (loader in sklearn.datasets, what happens to the inputs).  Columns of unlike units are standardised on the training rows.
_BUNDLED = MappingProxyType(
    {
        "breast_cancer": ("load_breast_cancer", "standardise"),
        "diabetes": ("load_diabetes", "standardise"),
        "digits": ("load_digits", "sixteenth"),
        "iris": ("load_iris", "standardise"),
        "wine": ("load_wine", "standardise"),
    }
)

NAMES: tuple[str, ...] = tuple(sorted(_BUNDLED))
TASKS = ("auto", "classes", "real")


@dataclass(frozen=True)
class Dataset:
    """Inputs ``x`` (N, d) and targets: class numbers ``labels`` (N,) with their names, or real ``values`` (N, k).

    ``scaling`` says in words what was or will be done to the inputs; ``standardise`` asks :func:`split` to do it.
    The last ``held_out`` rows are the test set that came with the data; 0 where none did.
    """

    name: str
    x: np.ndarray
    labels: np.ndarray | None
    values: np.ndarray | None
    classes: tuple[str, ...]
    scaling: str
    standardise: bool = False
    held_out: int = 0

    @property
    def is_classification(self) -> bool:
        return self.labels is not None

    @property
    def shape(self) -> tuple[int, int]:
        return self.x.shape[0], self.x.shape[1]

    def targets(self) -> np.ndarray:
        """What the regression fits, (N, k): one-hot minus 1/k for classes, the values themselves otherwise."""
        if self.labels is None:
            assert self.values is not None
            return self.values
        k = len(self.classes)
        return np.eye(k)[self.labels] - 1.0 / k


@dataclass(frozen=True)
class Split:
    """Training and test rows of a :class:`Dataset`, drawn with ``seed``; ``labels_test`` is None for regression."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    labels_test: np.ndarray | None
    seed: int


def load_data(spec: str, *, label: str | None = None, task: str = "auto") -> Dataset:
    """The bundled set of this name, or the ``.npz`` or ``.csv`` file at this path.

    ``.npz``: arrays ``x`` (N, d) and ``y``, or ``x_train``, ``y_train``, ``x_test``, ``y_test``; capitals will do.  ``.csv``: the last column is the target,
    or the one named ``label``.  y of integers, booleans or text (N,) means classes, y of floats (N,) or (N, k) means regression, unless ``task`` says "classes"
    or "real"; x is taken as it is.
    Raises DataError where the file is missing, empty, not numeric, or its arrays do not fit each other.
    """
    if task not in TASKS:
        raise DataError(f"task {task!r}", where="data", fix=f"use one of {', '.join(TASKS)}")
    ending = Path(spec).suffix.lower()
    if label is not None and (spec in _BUNDLED or ending != ".csv"):
        raise DataError(f"a label {label!r}, but no .csv file", where=f"data {spec}", why="only the columns of a table have names", fix="leave the label out")
    if spec in _BUNDLED:
        if task != "auto":
            raise DataError(f"task {task!r}", where=f"data {spec}", why="a bundled set says itself what its targets are", fix="leave the task out")
        return _load_bundled(spec)
    if ending not in (".npz", ".csv"):
        raise DataError(
            f"{spec!r} is neither a bundled data set nor a .npz or .csv file",
            where="data",
            fix=f"use one of {', '.join(NAMES)}, a file written by numpy.savez(path, x=x, y=y), or a table",
        )
    path = Path(spec)
    _require_file(path, ending)
    if ending == ".npz":
        return _load_file(path, task)
    x, y, column = read_table(path, label)
    if task == "auto":
        require_few_classes(y, f"{path}, column {column!r}")
    return _from_arrays(x, y, 0, path, task)


def split(data: Dataset, *, seed: int = 0, test_fraction: float = 0.2) -> Split:
    """A random split: the first rows of a permutation drawn by ``numpy.random.default_rng(seed)`` are the test set.

    Data that came with a test set keep it.
    """
    if not 0 < test_fraction < 1:
        raise DataError(f"the test fraction {test_fraction} does not lie between 0 and 1", where="data")
    n = data.shape[0]
    n_test = data.held_out or max(1, round(n * test_fraction))
    if n - n_test < 2:
        raise DataError(f"{data.name} has only {n} rows", where="data", why="a split needs at least two training rows and one test row", fix="bring more data")
    order = np.random.default_rng(seed).permutation(n)
    if data.held_out:
        order = np.roll(np.arange(n), n_test)
    test, train = order[:n_test], order[n_test:]
    x = data.x
    if data.standardise:
        centre, spread = x[train].mean(axis=0), x[train].std(axis=0)
        x = (x - centre) / np.where(spread > 0, spread, 1.0)
    y = data.targets()
    return Split(x[train], y[train], x[test], y[test], None if data.labels is None else data.labels[test], seed)


def _load_bundled(name: str) -> Dataset:
    try:
        sets = import_module("sklearn.datasets")
    except ImportError as error:
        raise DataError(
            f"the data set {name!r} comes with scikit-learn, which is not installed",
            where="data",
            fix='pip install "ntksym[data]", or give a .npz file of your own',
        ) from error
    loader, treatment = _BUNDLED[name]
    bunch: Any = getattr(sets, loader)()
    x, y = np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target)
    if treatment == "sixteenth":
        x, scaling = x / 16.0, "scaled by 1/16"
    else:
        scaling = "columns standardised on the training rows"
    labels, values, classes = _targets(y, name, tuple(str(c) for c in getattr(bunch, "target_names", ())))
    return Dataset(name, x, labels, values, classes, scaling, treatment == "standardise")


_EXAMPLE = "write it with numpy.savez(path, x=x, y=y)"


def _require_file(path: Path, ending: str) -> None:
    where = str(path)
    if not path.exists():
        raise DataError("no such file", where=where, fix="check the path")
    if not path.is_file():
        raise DataError("this is a folder, not a file", where=where, fix=f"name the {ending} file itself")
    if path.stat().st_size == 0:
        raise DataError("the file is empty", where=where, fix=_EXAMPLE if ending == ".npz" else "give a table of numbers")


def _load_file(path: Path, task: str) -> Dataset:
    where = str(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            names = {name.lower(): name for name in sorted(archive.files)}
            if len(names) < len(archive.files):
                raise DataError(f"the file holds {', '.join(sorted(archive.files))}", where=where, why="two names differ in capitals only", fix="rename one")
            parted = "x_train" in names and "x" not in names
            wanted = ("x_train", "y_train", "x_test", "y_test") if parted else ("x", "y")
            missing = [name for name in wanted if name not in names]
            if missing:
                raise DataError(f"the file holds {', '.join(names.values()) or 'no array'}, but no {' and no '.join(missing)}", where=where, fix=_EXAMPLE)
            x, y, *rest = (archive[names[name]] for name in wanted)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(
            f"the file cannot be read as an .npz archive of plain arrays ({error})",
            where=where,
            why="pickled objects are refused, they could run code",
            fix=_EXAMPLE,
        ) from error
    if not rest:
        return _from_arrays(x, y, 0, path, task)
    for one, other, name in ((x, rest[0], "x"), (y, rest[1], "y")):
        if one.ndim != other.ndim or one.shape[1:] != other.shape[1:] or one.dtype.kind != other.dtype.kind:
            raise DataError(
                f"{name}_train is {one.dtype} in shape {one.shape}, {name}_test {other.dtype} in shape {other.shape}",
                where=where,
                why="both hold rows of one kind",
                fix="give the same columns and the same type",
            )
    if len(rest[0]) != len(rest[1]) or len(rest[0]) == 0:
        raise DataError(f"x_test has {len(rest[0])} rows and y_test {len(rest[1])}", where=where, fix="give one row of y_test per row of x_test, at least one")
    return _from_arrays(np.concatenate([x, rest[0]]), np.concatenate([y, rest[1]]), len(rest[0]), path, task)


def _from_arrays(x: np.ndarray, y: np.ndarray, held_out: int, path: Path, task: str) -> Dataset:
    """Arrays of a file as a Dataset, once they are rows of finite numbers with a target each."""
    where = str(path)
    if x.ndim != 2:
        raise DataError(f"x has shape {x.shape}", where=where, why="inputs are rows, (N, d)", fix="reshape x to two dimensions, x.reshape(len(x), -1)")
    if x.size == 0:
        raise DataError(f"x is empty, shape {x.shape}", where=where, fix="give at least three rows and one column")
    if x.dtype.kind not in "fiub":
        raise DataError(f"x holds {x.dtype}", where=where, why="inputs of a kernel are real numbers", fix="convert x to float64")
    x = x.astype(np.float64)
    _require_finite(x, "x", where)
    if len(y) != len(x) if y.ndim else True:
        raise DataError(f"x has {len(x)} rows and y has shape {y.shape}", where=where, why="every input needs its target", fix="give one row of y per row of x")
    labels, values, classes = _targets(_as_task(y, task, where), where)
    return Dataset(path.name, x, labels, values, classes, "inputs taken as they are", held_out=held_out)


def _as_task(y: np.ndarray, task: str, where: str) -> np.ndarray:
    """``y`` as integers or text for classes, as floats for real targets."""
    if task == "real" and y.dtype.kind in "iub":
        return y.astype(np.float64)
    if task == "classes" and y.dtype.kind == "f":
        if not np.array_equal(y, np.round(y)):
            raise DataError("y holds fractions", where=where, why="classes are integers or text", fix="leave the task out, or give whole numbers")
        return y.astype(np.int64)
    if task == "real" and y.dtype.kind in "US":
        raise DataError("y holds text", where=where, why="real targets are numbers", fix="leave the task out")
    return y


def _targets(y: np.ndarray, where: str, names: tuple[str, ...] = ()) -> tuple[np.ndarray | None, np.ndarray | None, tuple[str, ...]]:
    """(labels, None, class names) or (None, values (N, k), ())."""
    if y.dtype.kind in "iubUS":
        if y.ndim != 1:
            raise DataError(f"y holds {y.dtype} in shape {y.shape}", where=where, why="classes are one number or word per row", fix="give y of shape (N,)")
        found, labels = np.unique(y, return_inverse=True)
        if len(found) < 2:
            raise DataError(f"y holds a single class, {found[0]}", where=where, why="there is nothing to tell apart", fix="bring at least two classes")
        text = [c.decode("utf-8", "replace") if isinstance(c, bytes) else str(c) for c in found.tolist()]
        return labels, None, names if len(names) == len(found) else tuple(text)
    if y.dtype.kind != "f":
        raise DataError(f"y holds {y.dtype}", where=where, why="targets are classes (integers or text) or real numbers", fix="convert y")
    if y.ndim > 2 or y.size == 0:
        raise DataError(f"y has shape {y.shape}", where=where, why="real targets are (N,) or (N, k)", fix="reshape y")
    values = y.astype(np.float64).reshape(len(y), -1)
    _require_finite(values, "y", where)
    return None, values, ()


def _require_finite(array: np.ndarray, name: str, where: str) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row = int(bad[0][0])
        raise DataError(f"{name} has {len(bad)} entries that are NaN or infinite, the first in row {row}", where=where, fix="remove or fill them in")
