"""``ntksym fit`` as a user meets it: what it prints and writes, against refits by hand; every wrong use by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import ntksym
from ntksym import cli
from ntksym.evaluate.data import load_data, split

ROOT = Path(__file__).parents[2]


def _run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Status, stdout and stderr of ``ntksym fit args``, in this process."""
    capsys.readouterr()  # the seed of the test
    with pytest.raises(SystemExit) as left:
        cli.main(["fit", *args])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_classes_against_a_fit_by_hand(capsys, tmp_path: Path) -> None:
    scores, arrays = tmp_path / "scores.json", tmp_path / "predictions.npz"
    times = ["--time", "0,0.1,30,inf", "--learning-rate", "0.5", "--ridge", "0.01", "--split", "0.6"]
    status, out, err = _run(capsys, "--data", "wine", "--activation", "erf", "--depth", "1", *times, "--output", str(scores), "--output", str(arrays))
    assert status == 0, err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.npz", "scores.json"]
    value, found = json.loads(scores.read_text()), np.load(arrays)
    assert value["schema_version"] == 1 and [s["time"] for s in value["scores"]] == [None, 0.0, 0.1, 30.0, "inf"]
    for score in value["scores"]:
        row = next(r.split() for r in out.splitlines() if r.split()[:1] == [score["model"].upper()] and f"{score['value']:.4f}" in r)
        assert row
    data = load_data("wine")
    parts = split(data, test_fraction=0.6)
    with jax.enable_x64(True):
        k = ntksym.kernel_fn(ntksym.fcn(1, "erf"))
        nngp, theta = (np.asarray(k(parts.x_train, None, name)) for name in ("nngp", "ntk"))
        nngp_cross, cross = (np.asarray(k(parts.x_test, parts.x_train, name)) for name in ("nngp", "ntk"))
        own = np.asarray(k(parts.x_test, None, "nngp"))
    n = len(theta)
    assert value["edge"] == pytest.approx(2 / np.linalg.eigvalsh(theta)[-1], rel=1e-10)
    mean = nngp_cross @ np.linalg.solve(nngp + 0.01 * np.eye(n), parts.y_train)
    assert np.allclose(found["nngp_mean"], mean, rtol=0, atol=1e-11)
    assert value["scores"][0]["value"] == np.mean(mean.argmax(axis=1) == parts.labels_test)
    # The flow with ridge as a linear system integrated by the exponential of an augmented matrix, and C from its definition.
    a = theta + 0.01 * np.eye(n)
    for t, tag in ((0.1, "ntk_t0.1"), (30.0, "ntk_t30"), (np.inf, "ntk_tinf")):
        decay = np.zeros((n, n)) if np.isinf(t) else _expm(-a * 0.5 * t)
        c = cross @ np.linalg.solve(a, np.eye(n) - decay)
        assert np.allclose(found[f"{tag}_mean"], c @ parts.y_train, rtol=0, atol=1e-10)
        cov = own + c @ nngp @ c.T - c @ nngp_cross.T - nngp_cross @ c.T
        score = next(s for s in value["scores"] if s["time"] == ("inf" if np.isinf(t) else t))
        assert np.allclose(found[f"{tag}_variance"][:, 0], score["scale"] * np.diag(cov), rtol=1e-7, atol=1e-12)
    # The scale at t = inf from the residuals and ensemble variances of n networks, each trained without one row.
    ratios = []
    for i in range(n):
        rest = np.delete(np.arange(n), i)
        c = np.linalg.solve(a[np.ix_(rest, rest)], theta[rest, i])
        variance = nngp[i, i] - 2 * c @ nngp[rest, i] + c @ nngp[np.ix_(rest, rest)] @ c
        ratios.append((parts.y_train[i] - c @ parts.y_train[rest]) ** 2 / variance)
    assert value["scores"][-1]["scale"] == pytest.approx(np.mean(ratios), rel=1e-8)
    assert np.array_equal(found["ntk_t0_mean"], np.zeros_like(found["ntk_t0_mean"]))


def _expm(a: np.ndarray) -> np.ndarray:
    """Scaling and squaring of a Taylor series."""
    squarings = max(0, int(np.ceil(np.log2(np.linalg.norm(a, 2)))) + 1)
    a, term, total = a / 2**squarings, np.eye(len(a)), np.eye(len(a))
    for i in range(1, 25):
        term = term @ a / i
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


def test_regression_from_a_table(capsys, tmp_path: Path, rng) -> None:
    x = rng.normal(size=(120, 2))
    y = 100 + 30 * np.sin(2 * x[:, 0]) * x[:, 1] + rng.normal(size=120)
    lines = ["first;price;second", *(f"{a!r};{t!r};{b!r}" for (a, b), t in zip(x.tolist(), y.tolist(), strict=True))]
    (tmp_path / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    table = str(tmp_path / "table.csv")
    picture = tmp_path / "scores.png"
    status, out, err = _run(capsys, "--data", table, "--label", "price", "--activation", "relu", "--depth", "2", "--ridge", "auto", "--json")
    value = json.loads(out)
    assert status == 0, err
    assert value["task"] == "regression" and value["measure"] == "RMSE"
    for score in value["scores"]:
        assert score["value"] < 0.5 * value["baseline"] and 0.6 < score["calibration"] <= 1
    status, out, err = _run(
        capsys, "--data", table, "--label", "price", "--activation", "relu", "--sigma-b", "auto", "--kernel", "ntk", "--time", "0.1,inf", "--plot", str(picture)
    )
    assert status == 0 and picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and "sigma_b" in out and "marginal likelihood" in out, err
    assert "90 % cover" in out and "NNGP" not in out


def test_given_test_rows_and_a_file_of_a_network(capsys, tmp_path: Path, rng) -> None:
    x = rng.normal(size=(40, 3))
    labels = (x[:, 0] > 0).astype(int)
    np.savez(tmp_path / "own.npz", X_train=x[:30], Y_train=labels[:30], X_test=x[30:], Y_test=labels[30:])
    (tmp_path / "net.json").write_text(ntksym.fcn(1, "gelu").to_json(), encoding="utf-8")
    args = ["--data", str(tmp_path / "own.npz"), "--network", str(tmp_path / "net.json"), "--kernel", "nngp"]
    status, out, err = _run(capsys, *args, "--json")
    value = json.loads(out)
    assert status == 0 and (value["n_train"], value["n_test"], value["seed"], value["edge"]) == (30, 10, None, None), err
    status, out, err = _run(capsys, *args, "--seed", "3")
    assert (status, out) == (2, "") and "--seed" in err and "own test rows" in err


WRONG = {
    "no network": (["--data", "iris"], "--activation"),
    "both": (["--data", "iris", "--activation", "erf", "--network", "a.json"], "one of"),
    "no json": (["--data", "iris", "--network", "erf"], ".json"),
    "no data": (["--activation", "erf"], "--data"),
    "unknown data": (["--data", "mnist", "--activation", "erf"], "digits"),
    "negative time": (["--data", "iris", "--activation", "erf", "--time", "1,-2"], "time starts at 0"),
    "no time": (["--data", "iris", "--activation", "erf", "--time", "soon"], "no time"),
    "time nan": (["--data", "iris", "--activation", "erf", "--time", "nan"], "time starts at 0"),
    "rate": (["--data", "iris", "--activation", "erf", "--learning-rate", "0"], "positive"),
    "ridge": (["--data", "iris", "--activation", "erf", "--ridge", "-1"], ">= 0"),
    "split": (["--data", "iris", "--activation", "erf", "--split", "1"], "between 0 and 1"),
    "timeless": (["--data", "iris", "--activation", "erf", "--kernel", "nngp", "--time", "1"], "no time"),
    "label": (["--data", "iris", "--activation", "erf", "--label", "a"], ".csv"),
    "task": (["--data", "iris", "--activation", "erf", "--task", "real"], "bundled"),
    "ending": (["--data", "iris", "--activation", "erf", "--output", "a.txt"], ".npz"),
    "folder": (["--data", "iris", "--activation", "erf", "--output", "no/such/a.json"], "no/such"),
    "picture": (["--data", "iris", "--activation", "erf", "--plot", "a.bmp"], ".png"),
    "sigma": (["--data", "iris", "--activation", "erf", "--sigma-w", "-1"], "sigma_w"),
    "sigma text": (["--data", "iris", "--activation", "erf", "--sigma-w", "wide"], "wide"),
    "jump": (["--data", "iris", "--activation", "sign"], "--derivative"),
    "free parameter": (["--data", "iris", "--activation", "max(0,x) + a*x"], "--param a="),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_says_what_and_writes_nothing(capsys, tmp_path: Path, monkeypatch, case: str) -> None:
    args, said = WRONG[case]
    monkeypatch.chdir(tmp_path)
    status, out, err = _run(capsys, *args)
    assert (status, out) == (2, "") and said in err and "Traceback" not in err, err
    assert list(tmp_path.iterdir()) == []


def test_singular_kernels_are_said(capsys, tmp_path: Path) -> None:
    x = np.repeat(np.eye(3), 10, axis=0)
    np.savez(tmp_path / "twice.npz", x=x, y=np.tile([0, 1, 1], 10))
    args = ["--data", str(tmp_path / "twice.npz"), "--activation", "erf", "--depth", "1"]
    status, out, _ = _run(capsys, *args)
    assert status == 0 and "singular to rounding" in out
    status, out, err = _run(capsys, *args, "--ridge", "0")
    assert (status, out) == (2, "") and "singular" in err and "larger ridge" in err


def test_help_loads_no_jax() -> None:
    script = """
import sys
from ntksym.cli import main
try:
    main(["fit", "--help"])
except SystemExit:
    print("LOADED", [name for name in ("jax", "scipy", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert "LOADED []" in done.stdout and "--ridge" in done.stdout
