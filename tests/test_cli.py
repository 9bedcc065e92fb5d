"""The command line as a user meets it: what it prints where, what it writes, how it exits."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ntksym
from ntksym import __version__, cli, library
from ntksym.commands import check, derive
from ntksym.proof import Derivation, Statement, rule, unchecked
from ntksym.sources import Citation

FILES = ["derivation.html", "derivation.json", "derivation.md", "derivation.tex", "kernel.py"]
ROOT = Path(__file__).parent.parent


def _run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Status, stdout and stderr of ``ntksym args``, in this process."""
    with pytest.raises(SystemExit) as left:
        cli.main(list(args))
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def _python(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **env}
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, check=False, timeout=120, encoding="utf-8", env=variables)


def test_version_and_module(capsys) -> None:
    assert _run(capsys, "--version") == (0, f"ntksym {__version__}\n", "")
    assert _python("-m", "ntksym", "--version").stdout == f"ntksym {__version__}\n"


@pytest.mark.parametrize(("commands", "absent"), [([["--help"], ["--version"]], ("sympy", "jax", "numpy", "networkx"))])
def test_help_loads_nothing_heavy(commands: list[list[str]], absent: tuple[str, ...]) -> None:
    assert _loaded(commands, absent) == []


def test_no_jax_where_no_numbers_are_needed(tmp_path: Path) -> None:
    out, kernel = str(tmp_path / "out"), str(tmp_path / "k.py")
    commands = [
        ["list"],
        ["dual", "relu"],
        ["emit", "relu", "-o", kernel],
        ["derive", "relu", "--depth", "1", "--out", out],
        ["check", "jacobian", "gronwall"],
        ["derive", "--help"],
    ]
    assert _loaded(commands, ("jax", "jaxlib", "sklearn")) == []


def _loaded(commands: list[list[str]], names: tuple[str, ...]) -> list[str]:
    script = f"""
import sys
from ntksym.cli import main
for command in {commands!r}:
    try:
        main(command)
    except SystemExit as left:
        assert left.code == 0, (command, left.code)
print("LOADED", *[name for name in {names!r} if name in sys.modules])
"""
    done = _python("-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


def test_the_main_job(capsys, tmp_path: Path) -> None:
    status, out, err = _run(capsys, "derive", "relu", "--depth", "2", "--data", "wine", "--out", str(tmp_path / "relu-2"))
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "relu-2").iterdir()) == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["relu-2"]
    assert "wine: 178 x 13" in out and "seed 0" in out and "142 training rows, 36 test rows" in out and "peak memory" in out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.split()[:1] in (["NNGP"], ["NTK"])}
    assert float(rows["NNGP"][1]) > 0.9 and float(rows["NTK"][1]) > 0.9 and float(rows["NTK"][2]) > 1
    assert "wrote" in err and "wrote" not in out
    stored = json.loads((tmp_path / "relu-2" / "derivation.json").read_text())
    assert stored


def test_own_file_and_json(capsys, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    np.savez(tmp_path / "own.npz", x=x, y=x.sum(axis=1))
    status, out, _ = _run(capsys, "derive", "erf", "--depth", "1", "--data", str(tmp_path / "own.npz"), "--seed", "5", "--json", "--sigma-b", "1/2")
    value = json.loads(out)
    assert status == 0 and value["schema_version"] == 1 and value["spec"] == "erf" and value["files"] == []
    data = value["data"]
    assert data["seed"] == 5 and data["task"] == "regression" and data["n_test"] == 12
    assert all(score["measure"] == "RMSE" and score["value"] < 0.5 * data["baseline"] for score in data["scores"])


def test_dual_and_emit(capsys, tmp_path: Path) -> None:
    status, out, _ = _run(capsys, "dual", "abs", "--json")
    assert status == 0 and json.loads(out)["verdict"] in ("PROVED", "CITED", "TESTED")
    status, out, _ = _run(capsys, "dual", "relu")
    assert status == 0 and "PROVED" in out
    status, out, _ = _run(capsys, "emit", "relu", "--depth", "2", "--sigma-w", "sqrt(2)")
    assert status == 0
    compile(out, "kernel.py", "exec")
    path = tmp_path / "k.py"
    status, nothing, err = _run(capsys, "emit", "relu", "--depth", "2", "--sigma-w", "sqrt(2)", "-o", str(path))
    assert (status, nothing, path.read_text()) == (0, "", out) and str(path) in err


def test_variable_of_a_formula(capsys) -> None:
    status, out, _ = _run(capsys, "dual", "a*sin(z)", "--variable", "z", "--detail", "result")
    assert status == 0 and "a²" in out
    status, out, _ = _run(capsys, "dual", "relu", "--psi", "x", "--json")
    assert status == 0 and json.loads(out)["spec"] == "relu"


def test_kernel_that_does_not_exist_on_the_data(capsys) -> None:
    status, _, err = _run(capsys, "derive", "exp(x^2/2)", "--depth", "2", "--data", "wine")
    assert status == 2 and "small variance" in err


def test_list(capsys) -> None:
    status, out, _ = _run(capsys, "list", "--json")
    value = json.loads(out)
    assert status == 0 and value["schema_version"] == 1
    assert {"relu", "gelu", "erf"} <= {row["name"] for row in value["activations"]}
    ids = [row["id"] for row in value["derivations"]]
    assert ids == sorted(library.derivations()) and ids
    names = {name for row in value["activations"] for name in (row["name"], *row["aliases"])}
    assert not names & {*ids, "notes"}, "an activation would hide behind a derivation"
    status, text, _ = _run(capsys, "list")
    assert status == 0 and all(name in text for name in [*ids, "relu"])


def test_check(capsys) -> None:
    ids = sorted(library.derivations())[::7]  # test_derivations.py derives and replays every one
    status, out, _ = _run(capsys, "check", "--json", *ids)
    value = json.loads(out)
    assert status == 0 and value["schema_version"] == 1 and [entry["id"] for entry in value["derivations"]] == ids
    for entry in value["derivations"]:
        assert set(entry) == {"id", "title", "verdict", "steps"} and entry["steps"]
        assert all(set(step) == {"rule", "verdict"} for step in entry["steps"])
        assert entry["verdict"] in ("TESTED", "CITED", "PROVED")


@rule(source=Citation("", "test"), check=lambda premises, conclusion: unchecked("nobody looked"), reason="A step that nobody checked.")
def cli_test_guess() -> Statement:
    """$1 = 1$"""
    return Statement(True)


def test_check_fails_on_an_unchecked_step(capsys, monkeypatch) -> None:
    monkeypatch.setattr(check, "find_ids", lambda ids: ("guess",))
    monkeypatch.setattr(check, "derivation", lambda name: Derivation("A guess").by(cli_test_guess))
    status, out, err = _run(capsys, "check", "--json")
    assert status == 1 and "cli_test_guess" in err
    assert json.loads(out)["derivations"] == [
        {"id": "guess", "title": "A guess", "verdict": "UNCHECKED", "steps": [{"rule": "cli_test_guess", "verdict": "UNCHECKED"}]}
    ]


def test_check_reports_what_does_not_derive(capsys, monkeypatch) -> None:
    def broken(name: str) -> Derivation:
        raise ntksym.NtksymError("the sign is wrong", where=name)

    monkeypatch.setattr(check, "derivation", broken)
    status, out, err = _run(capsys, "check")
    assert status == 1 and "FAILED" in out and "the sign is wrong" in err


def test_a_derivation_is_a_spec(capsys) -> None:
    name = next(iter(library.derivations()))
    status, out, _ = _run(capsys, "derive", name, "--detail", "outline")
    assert status == 0 and library.derivations()[name].title in " ".join(out.split())
    status, _, err = _run(capsys, "derive", name, "--depth", "2")
    assert status == 2 and "--depth" in err


WRONG = {
    "no command": (["drive", "relu"], "derive"),
    "unknown option": (["derive", "relu", "--dept", "2"], "--depth"),
    "unknown activation": (["derive", "rleu"], "relu"),
    "python": (["derive", "__import__('os').system('x')"], ""),
    "attribute": (["dual", "x.__class__"], ""),
    "lambda": (["dual", "lambda x: x"], ""),
    "two symbols": (["dual", "a*b"], "a, b"),
    "not integrable": (["dual", "exp(x^4)"], ""),
    "depth zero": (["derive", "relu", "--depth", "0"], "depth"),
    "depth negative": (["derive", "relu", "--depth", "-2"], "depth"),
    "depth broken": (["derive", "relu", "--depth", "1.5"], "1.5"),
    "sigma zero": (["derive", "relu", "--sigma-w", "0"], "sigma_w"),
    "sigma negative": (["emit", "relu", "--sigma-w", "-1"], "sigma_w"),
    "sigma nan": (["derive", "relu", "--sigma-w", "nan"], "nan"),
    "bias negative": (["derive", "relu", "--sigma-b", "-1"], "sigma_b"),
    "target": (["derive", "relu", "--target", "hessian"], "hessian"),
    "jump": (["derive", "sign"], "--derivative"),
    "parameter": (["derive", "relu", "--param", "alpha=1"], "alpha"),
    "parameter form": (["derive", "leaky_relu", "--param", "alpha"], "NAME=VALUE"),
    "no such data": (["derive", "relu", "--data", "mnist"], "digits"),
    "missing file": (["derive", "relu", "--data", "absent.npz"], "no such file"),
    "data without kernel": (["derive", "relu", "--target", "jacobian", "--data", "iris"], "--target"),
    "no derivation": (["check", "nngp_recursio"], "nngp_recursion"),
    "output": (["emit", "relu", "-o", "no/such/folder/k.py"], "no/such/folder"),
    "free parameter on data": (["derive", "max(0,x) + a*x", "--data", "iris"], "--param a="),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_says_what_and_writes_nothing(capsys, tmp_path: Path, monkeypatch, case: str) -> None:
    args, said = WRONG[case]
    monkeypatch.chdir(tmp_path)
    status, out, err = _run(capsys, *args, *(["--out", "result"] if args[0] == "derive" else []))
    assert (status, out) == (2, "") and said in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_output_that_cannot_be_written(capsys, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    status, out, err = _run(capsys, "derive", "relu", "--depth", "1", "--out", str(tmp_path / place))
    assert (status, out) == (2, "") and place in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "mine"


def test_interruption(capsys, tmp_path: Path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(derive, "write_files", interrupted)
    status, out, _ = _run(capsys, "derive", "relu", "--depth", "1", "--out", str(tmp_path / "out"))
    assert (status, out) == (130, "") and list(tmp_path.iterdir()) == []


def test_ascii_terminal() -> None:
    done = _python("-m", "ntksym", "dual", "relu", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and done.stdout.isascii() and "?" not in done.stdout


def test_outputs_do_not_depend_on_the_hash_seed(capsys, tmp_path: Path) -> None:
    command = ["derive", "gelu", "--depth", "2", "--sigma-b", "0.1", "--out"]
    status, out, _ = _run(capsys, *command, str(tmp_path / "here"))  # the seed of this process is drawn at random
    assert status == 0
    done = _python("-m", "ntksym", *command, str(tmp_path / "there"), PYTHONHASHSEED="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout == out
    for name in FILES:
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes(), name


def test_face_table_mirrors_its_type_imports() -> None:
    tree = ast.parse((ROOT / "ntksym" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = {alias.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imports == ntksym._HOMES
    assert sorted(ntksym.__all__) == sorted({*imports, "__version__"})
    for name in ntksym.__all__:
        assert getattr(ntksym, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'flow_field'"):
        _ = ntksym.flow_field


def test_import_loads_neither_sympy_nor_jax() -> None:
    done = _python("-c", "import sys, ntksym; print([name for name in ('sympy', 'jax', 'numpy') if name in sys.modules])")
    assert done.stdout == "[]\n"
