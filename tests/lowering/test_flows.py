"""Emitted training modules: standalone, byte-identical, and the same numbers as the public functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import ntksym
from ntksym.errors import LoweringError

SEED = 2


def test_a_module_stands_alone(tmp_path: Path) -> None:
    """In a process that cannot import ntksym: kernels, flow and ensemble, against the public functions."""
    network = ntksym.fcn(2, "erf", sigma_w=1.4, sigma_b=0.3)
    source = ntksym.emit(network, "ensemble")
    (tmp_path / "trained.py").write_text(source, encoding="utf-8")
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(7, 3)), z=rng.normal(size=(4, 3)), y=rng.normal(size=(7, 2)))
    (tmp_path / "main.py").write_text(
        "import sys; sys.modules['ntksym'] = None\n"
        "import jax, numpy as np, trained\n"
        "from typing import NamedTuple\n"
        "class K(NamedTuple):\n    train_train: object\n    test_train: object\n    test_test: object\n"
        "d = np.load('data.npz')\n"
        "with jax.enable_x64(True):\n"
        "    x, z, y = d['x'], d['z'], d['y']\n"
        "    k = trained.kernel_fn\n"
        "    nngp, ntk = (K(k(x, None, n), k(z, x, n), k(z, None, n)) for n in ('nngp', 'ntk'))\n"
        "    spectrum = trained.factorize(ntk.train_train)\n"
        "    y, t = jax.numpy.asarray(y), jax.numpy.array([1.0, 30.0])\n"
        "    train, test = trained.flow(spectrum, y, t, k_test_train=ntk.test_train, learning_rate=0.2, ridge=0.1)\n"
        "    mean, cov = trained.ensemble(nngp, ntk, y, 30.0, learning_rate=0.2, ridge=0.1)\n"
        "np.savez('out.npz', train=train, test=test, mean=mean, cov=cov)\n",
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "main.py"], cwd=tmp_path, check=True, capture_output=True, text=True)
    out, data = np.load(tmp_path / "out.npz"), np.load(tmp_path / "data.npz")
    with jax.enable_x64(True):
        k = ntksym.kernel_fn(network)
        ntk, cross = k(data["x"]), k(data["z"], data["x"])
        train, test = ntksym.flow_fn()(ntk, data["y"], [1.0, 30.0], k_test_train=cross, learning_rate=0.2, ridge=0.1)
        assert np.max(np.abs(out["train"] - np.asarray(train))) < 1e-13
        assert np.max(np.abs(out["test"] - np.asarray(test))) < 1e-13
        assert np.max(np.abs(out["mean"] - np.asarray(test[1]))) < 1e-12
        assert out["cov"].shape == (4, 4) and np.linalg.eigvalsh(out["cov"])[0] > -1e-12


def test_alias_and_targets() -> None:
    network = ntksym.fcn(1, "relu")
    assert ntksym.emit(network, "flow") == ntksym.emit(network, "linearized")
    assert "def ensemble" not in ntksym.emit(network, "flow") and "def flow" not in ntksym.emit(network, "ntk")
    with pytest.raises(LoweringError, match="target 'sgd'"):
        ntksym.emit(network, "sgd")


@pytest.mark.parametrize("dynamics", ["gradient_flow", "gradient_descent", "momentum", "momentum_flow"])
def test_the_text_names_its_formula(dynamics: str) -> None:
    """The module holds the derived filter; nothing of another dynamics."""
    source = ntksym.flow_fn(dynamics=dynamics).source
    assert "psi_t(lam) = " in source and "solve_by_modes" in source
    assert ("_after_steps" in source) is (dynamics in ("gradient_descent", "momentum"))
    assert ("_second_order" in source) is (dynamics == "momentum_flow")
    compile(source, "flow", "exec")
