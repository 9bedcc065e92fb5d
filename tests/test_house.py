"""The walls of the house, read off the source: who imports whom, what text may reach, what the public names are."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import ntksym
from ntksym.proof import RULES

PACKAGE = Path(ntksym.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_derivations" not in path.parts)
ROOT = PACKAGE.parent

# Room -> floor.  A room is a sub-package or a module of the top level; arrows point to a floor that is not higher.
FLOORS = {
    "errors": 0,
    "_version": 0,
    "sources": 0.1,
    "notation": 0.1,
    "vocabulary": 0.2,
    "parse": 0.3,
    "nodes": 1,
    "forms": 1.1,
    "proof": 2,
    "serialize": 2.1,
    "admission": 3,
    "catalogue": 3.1,
    "activations": 3.2,
    "gaussian": 3,
    "duals": 3.3,
    "rules": 4,
    "report": 4,
    "lowering": 4,
    "network": 5,
    "theory": 6,
    "evaluate": 7,
    "library": 8,
    "cli": 8.1,
    "commands": 8.2,
    "__init__": 8.3,
    "__main__": 8.4,
}
# Rooms on one floor that must not know each other, and the three that never do.
STRANGERS = [{"report", "lowering", "theory"}, {"rules", "report"}, {"rules", "lowering"}, {"gaussian", "activations"}, {"gaussian", "catalogue"}]
# The tables by which a module may be found by name at run time: printers, chapters of rules, lazy public names, commands, optional packages.
BY_NAME = {"evaluate/flows/losses.py", "__init__.py", "cli.py", "proof/derivation.py", "serialize.py", "evaluate/data.py", "report/png.py"}
# Runs text as Python: our own emitted source, and the file just written from it.
RUNS_SOURCE = {"lowering/build.py", "evaluate/experiment.py"}
MOST_LINES = 550


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def type_checking_only(tree: ast.Module) -> set[ast.stmt]:
    """Statements under ``if TYPE_CHECKING:`` are for readers and checkers, they import nothing."""
    found: set[ast.stmt] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.update(n for n in ast.walk(node) if isinstance(n, ast.stmt))
    return found


def imports_of(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports."""
    tree = tree_of(path)
    skipped = type_checking_only(tree)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports by a relative name"
            module = str(node.module)
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "ntksym" else (module,)


def calls_of(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            function = node.func
            yield (function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""), node


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} <= set(FLOORS)


def test_arrows_point_down() -> None:
    wrong = []
    for path in FILES:
        here = room_of(path)
        for module in imports_of(path):
            if module.split(".")[0] != "ntksym" or module == "ntksym":
                continue
            there = module.split(".")[1]
            there = "_version" if there == "__version__" else there if there in FLOORS else "__init__"
            strangers = any(here in group and there in group and here != there for group in STRANGERS)
            if FLOORS[there] > FLOORS[here] or strangers:
                wrong.append(f"{name_of(path)} imports {module}")
    assert not wrong


def test_packages_stay_in_their_rooms() -> None:
    wrong = []
    for path in FILES:
        for module in imports_of(path):
            package = module.split(".")[0]
            if package in {"jax", "jaxlib"} and room_of(path) != "evaluate" or package == "networkx" and room_of(path) != "network":
                wrong.append(f"{name_of(path)} imports {module}")
            if package in {"pickle", "marshal", "shelve", "sklearn", "mpmath"} and not (
                package == "mpmath" and room_of(path) in {"gaussian", "lowering", "rules"}
            ):
                wrong.append(f"{name_of(path)} imports {module}")
    assert not wrong


def test_no_import_inside_a_function() -> None:
    wrong = []
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                wrong += [f"{name_of(path)}:{n.lineno}" for n in ast.walk(node) if isinstance(n, (ast.Import, ast.ImportFrom))]
        if name_of(path) not in BY_NAME:
            wrong += [f"{name_of(path)}:{call.lineno}" for name, call in calls_of(path) if name in {"import_module", "__import__"}]
    assert not wrong


def test_text_from_outside_is_never_run() -> None:
    wrong = []
    for path in FILES:
        for name, call in calls_of(path):
            where = f"{name_of(path)}:{call.lineno} {name}"
            bare = isinstance(call.func, ast.Name)
            if name in {"eval", "parse_expr", "srepr", "lambdastr"} and (bare or name != "eval"):
                wrong.append(where)
            if name in {"exec", "compile"} and bare and name_of(path) not in RUNS_SOURCE:
                wrong.append(where)
            if name == "sympify" and not any(keyword.arg == "strict" for keyword in call.keywords):
                wrong.append(where + " without strict=True would run text")
    assert not wrong


def test_files_are_small() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    print("past 300 lines:", ", ".join(f"{name} {count}" for name, count in sorted(lengths.items()) if count > 300))
    assert not {name: count for name, count in lengths.items() if count > MOST_LINES}


def test_nothing_names_a_machine() -> None:
    pattern = re.compile(r"/(home|root|work|tmp/venv|Users)/|https?://(localhost|127\.|10\.|192\.168\.)")
    text = [path for path in (*FILES, *ROOT.glob("derivations/*.py"), *ROOT.glob("*.toml"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.is_file()]
    assert not [path.name for path in text if pattern.search(path.read_text(encoding="utf-8"))]


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="only a git checkout says which files are the project's")
def test_the_top_level_is_fixed() -> None:
    """What is tracked: a user's own `relu-3/` or virtual environment beside it is nobody's business."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tops = {name.split("/")[0] for name in listed.split("\0") if name}
    assert {top for top in tops if not top.startswith(".")} == {"pyproject.toml", "README.md", "ntksym", "derivations", "tests", "docs"}


def test_every_file_says_what_it_is() -> None:
    assert not [name_of(path) for path in FILES if not ast.get_docstring(tree_of(path))]
    assert not [name_of(path) for path in FILES if b"\r" in path.read_bytes()]


def in_a_fresh_process(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.parametrize(
    "code",
    [
        "import ntksym",
        "import ntksym; ntksym.activation('gelu')",
        "import ntksym; ntksym.dual('relu').latex()",
        "import ntksym; ntksym.derive(ntksym.fcn(2, 'relu')).markdown()",
        "import ntksym.cli",
    ],
)
def test_no_jax_before_numbers(code: str) -> None:
    assert in_a_fresh_process(f"{code}\nimport sys; print(sorted(m for m in sys.modules if m.split('.')[0] in ('jax', 'jaxlib')))").strip() == "[]"


def test_the_face_is_lazy() -> None:
    assert in_a_fresh_process("import ntksym, sys; print('sympy' in sys.modules, 'networkx' in sys.modules)").strip() == "False False"


def test_every_rule_is_complete() -> None:
    for room in ("gaussian", "rules", "theory"):
        __import__(f"ntksym.{room}")
    assert len(RULES) >= 20
    for name, rule in RULES.items():
        assert rule.identity and rule.identity.count("$") % 2 == 0, name
        assert rule.reason.endswith("."), name
        assert rule.source.key or rule.source.where, name
        assert rule.check is not rule.apply, name


# Public names with their parameters; more may follow if they have defaults.  Any other change breaks users: it needs a deprecation first.
SIGNATURES = {
    "abc": "(network, a, b, c)",
    "abc_exponents": "(name, network)",
    "apply_fn": "(network)",
    "init_fn": "(network)",
    "linearize": "(apply_fn, params)",
    "monte_carlo_kernel_fn": "(network)",
    "taylor_expand": "(apply_fn, params, order)",
    "activation": "(spec, *, variable=None, **params)",
    "ensemble_fn": "(dynamics='gradient_flow')",
    "factorize": "(k_train_train)",
    "flow_fn": "(loss='mse', dynamics='gradient_flow')",
    "max_learning_rate": "(k, *, loss_scale=1.0, momentum=0.0)",
    "unvec": "(column, k)",
    "vec": "(outputs)",
    "chain_graph": "(network)",
    "derivations": "()",
    "derive": "(network, target='ntk')",
    "dual": "(phi, psi=None)",
    "emit": "(network, target='ntk')",
    "hermite_coefficients": "(phi, order)",
    "hermite_expansion": "(phi, order)",
    "kernel_fn": "(network)",
    "extreme_eigenvalues": "(kernel, x, *, get='ntk')",
    "kernel_matvec": "(kernel, x, v, *, x_test=None)",
    "solve_kernel": "(kernel, x, y, *, ridge)",
    "leave_one_out": "(k_train_train, y_train)",
    "log_marginal_likelihood": "(k_train_train, y_train)",
    "maximize_marginal_likelihood": "(kernel, x, y)",
    "plot_training": "(training)",
    "posterior": "(nngp, y_train)",
    "train": "(network_or_apply_fn, params, x, y, t)",
}
FCN = {"depth", "activation", "sigma_w", "sigma_b", "parameterization", "widths", "out"}


@pytest.mark.parametrize("name", SIGNATURES)
def test_public_signatures(name: str) -> None:
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in inspect.signature(getattr(ntksym, name)).parameters.values()]
    promised = SIGNATURES[name].count(",") + (SIGNATURES[name] != "()") - SIGNATURES[name].count("*, ")
    assert str(inspect.Signature(bare[:promised])) == SIGNATURES[name]
    assert all(p.default is not inspect.Parameter.empty or p.kind is p.VAR_KEYWORD for p in bare[promised:])


def test_public_names() -> None:
    assert set(ntksym.__all__) >= {*SIGNATURES, "fcn", "Network", "Dense", "Pointwise", "NtksymError", "PrecisionWarning"}
    assert all(hasattr(ntksym, name) for name in ntksym.__all__)
    assert set(inspect.signature(ntksym.fcn).parameters) >= FCN
    assert list(inspect.signature(ntksym.fcn).parameters)[:2] == ["depth", "activation"]
    with pytest.raises(AttributeError, match="no attribute 'spam'"):
        _ = ntksym.spam
