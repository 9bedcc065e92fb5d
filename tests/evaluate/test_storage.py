"""Kernels in files: what goes in comes out, and what was changed on the way is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import ntksym
from ntksym.errors import DataError, OutputError, ShapeError
from ntksym.evaluate.storage import load_kernel, save_kernel

NETWORK = ntksym.fcn(2, "relu", sigma_w=1.5, sigma_b=0.1)
X1, X2 = (np.random.default_rng(0).standard_normal((n, 4)).astype(np.float32) for n in (3, 2))
K = (X1 @ X2.T).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_kernel(tmp_path / "k.npz", K, network=NETWORK, x1=X1, x2=X2)
    return tmp_path / "k.npz"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_goes_in_comes_out(dtype: str, tmp_path: Path) -> None:
    x = X1.astype(dtype)
    with jax.enable_x64(dtype == "float64"):
        kernels = ntksym.kernel_fn(NETWORK)(x, get=("nngp", "ntk"), sigma_w=1.3)
    written = save_kernel(tmp_path / "k.npz", kernels, network=NETWORK, x1=x, keywords={"sigma_w": 1.3})
    assert [p.name for p in written] == sorted(p.name for p in tmp_path.iterdir())[::-1] == ["k.npz", "k.json"]
    found = load_kernel(tmp_path / "k.npz", network=NETWORK, x1=x)
    assert found.kernel._fields == ("nngp", "ntk")
    for name in found.kernel._fields:
        stored = getattr(found.kernel, name)
        assert stored.dtype == dtype and np.array_equal(stored, getattr(kernels, name))
    assert found.network == NETWORK and dict(found.keywords) == {"sigma_w": 1.3}
    assert found.version == ntksym.__version__ and "standard deviations" in found.conventions[0]
    text = (tmp_path / "k.json").read_text()
    save_kernel(tmp_path / "again.npz", kernels, network=NETWORK, x1=x, keywords={"sigma_w": 1.3})
    assert (tmp_path / "again.json").read_text() == text
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "k.npz").read_bytes()


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 5, 5), (4, 3, 2), (4, 3, 2, 5, 5)])
def test_every_shape_of_a_kernel(shape: tuple[int, ...], tmp_path: Path) -> None:
    kernel = np.ones(shape)
    save_kernel(tmp_path / "k.npz", {"ntk": kernel}, network=NETWORK, x1=X1, x2=X2)
    assert load_kernel(tmp_path / "k.npz").kernel.ntk.shape == shape
    save_kernel(tmp_path / "k.npz", np.ones(3), network=NETWORK, x1=X1)
    assert load_kernel(tmp_path / "k.npz").kernel.shape == (3,)


def test_the_layout_in_memory_is_no_part_of_the_hash(path: Path) -> None:
    load_kernel(path, x1=np.asfortranarray(X1), x2=X2.astype(">f4"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"network": ntksym.fcn(3, "relu", sigma_w=1.5, sigma_b=0.1)}, ["another network", "k.json"]),
        ({"x1": X1 + np.float32(1e-6)}, ["x1", "other entries"]),
        ({"x1": X1[:2]}, ["x1", "another shape", "[3, 4], not [2, 4]"]),
        ({"x2": X2.astype(float)}, ["x2", "another dtype", "float32, not float64"]),
    ],
)
def test_another_network_and_other_data_are_refused(given: dict[str, Any], words: list[str], path: Path) -> None:
    load_kernel(path, network=NETWORK, x1=X1, x2=X2)
    with pytest.raises(DataError) as caught:
        load_kernel(path, **given)
    for word in words:
        assert word in str(caught.value)


def test_a_second_set_where_there_was_none(tmp_path: Path) -> None:
    save_kernel(tmp_path / "k.npz", X1 @ X1.T, network=NETWORK, x1=X1)
    with pytest.raises(DataError, match="without x2"):
        load_kernel(tmp_path / "k.npz", x1=X1, x2=X1)


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        beside = path.with_suffix(".json")
        record = json.loads(beside.read_text())
        change(record)
        beside.write_text(json.dumps(record))

    return edit


def other_arrays(path: Path) -> None:
    np.savez(path, ntk=K, more=K)


def with_an_object(path: Path) -> None:
    np.savez(path, ntk=np.array([{"a": 1}], dtype=object))


TAMPERED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an entry": (lambda path: np.savez(path, ntk=np.nextafter(K, np.float32(9))), "the kernel ntk is not the one"),
    "its dtype": (lambda path: np.savez(path, ntk=K.astype(float)), "the kernel ntk is not the one"),
    "its shape": (lambda path: np.savez(path, ntk=K.T.reshape(2, 3)), "the kernel ntk is not the one"),
    "one more array": (other_arrays, "it holds more, ntk, its side-car names ntk"),
    "a pickled object": (with_an_object, "no file of arrays"),
    "half a file": (lambda path: path.write_bytes(path.read_bytes()[:150]), "no file of arrays"),
    "an empty file": (lambda path: path.write_bytes(b""), "no file of arrays"),
    "no array file": (lambda path: path.unlink(), "no file of arrays"),
    "no side-car": (lambda path: path.with_suffix(".json").unlink(), "cannot be read"),
    "half a side-car": (lambda path: path.with_suffix(".json").write_text('{"format": "ntk'), "no JSON"),
    "another JSON": (lambda path: path.with_suffix(".json").write_text("[1]"), "no side-car of a kernel"),
    "a later schema": (edited(lambda r: r.update(schema_version=2)), "this version reads schema 1"),
    "a field less": (edited(lambda r: r.pop("network")), "the field 'network'"),
    "a fact less": (edited(lambda r: r["kernels"]["ntk"].pop("sha256")), "the facts about an array"),
    "other conventions": (edited(lambda r: r["conventions"].__setitem__(0, "sigma_w is a variance.")), "sigma_w is a variance."),
    "a network that is none": (edited(lambda r: r["network"].update(object=["Popen", {}])), "the network in it cannot be read"),
    "a hash": (edited(lambda r: r["kernels"]["ntk"].update(sha256="0" * 64)), "the kernel ntk is not the one"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_is_named(what: str, path: Path) -> None:
    tamper, words = TAMPERED[what]
    tamper(path)
    with pytest.raises(DataError) as caught:
        load_kernel(path)
    assert words in str(caught.value)
    assert path.parent.name in str(caught.value)


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"kernel": K.T}, ShapeError, "the kernel ntk has shape (2, 3)"),
        ({"kernel": K.astype(int)}, ShapeError, "ntk has dtype int"),
        ({"kernel": (K, K)}, ShapeError, "a tuple without names"),
        ({"kernel": {"a b": K}}, ShapeError, "the names 'a b'"),
        ({"kernel": {}}, ShapeError, "of no kernels"),
        ({"x1": "abc"}, ShapeError, "x1 has dtype"),
        ({"network": "relu"}, ShapeError, "is no network"),
        ({"keywords": {"sigma_w": "big"}}, ShapeError, "the keyword sigma_w='big'"),
        ({"path": "k.npy"}, OutputError, "the name 'k.npy'"),
        ({"path": "nowhere/k.npz"}, OutputError, "cannot write here"),
    ],
)
def test_what_cannot_be_saved(keywords: dict[str, Any], error: type[Exception], words: str, tmp_path: Path) -> None:
    given = {"kernel": K, "network": NETWORK, "x1": X1, "x2": X2, **keywords}
    with pytest.raises(error) as caught:
        save_kernel(tmp_path / given.pop("path", "k.npz"), given.pop("kernel"), **given)
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_old_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        args[0].write(b"half")
        raise OSError(28, "No space left on device")

    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OutputError, match="No space left"):
        save_kernel(path, 2 * K, network=NETWORK, x1=X1, x2=X2)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def test_a_tracer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="a tracer"):
        jax.jit(lambda k: save_kernel(tmp_path / "k.npz", k, network=NETWORK, x1=X1, x2=X2))(K)
