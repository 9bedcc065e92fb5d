"""Bundled sets and user files; every way a file can be wrong gets a DataError that names it."""

from __future__ import annotations

import numpy as np
import pytest

from ntksym.errors import DataError
from ntksym.evaluate.data import load_data, split


def test_digits_are_scaled_and_one_hot() -> None:
    data = load_data("digits")
    assert data.shape == (1797, 64) and data.x.min() == 0.0 and data.x.max() == 1.0 and len(data.classes) == 10
    targets = data.targets()
    assert np.allclose(targets.sum(axis=1), 0.0, atol=1e-15) and set(np.unique(targets)) == {-0.1, 0.9}
    assert data.labels is not None and np.array_equal(targets.argmax(axis=1), data.labels)


@pytest.mark.parametrize(
    ("name", "shape", "classes"), [("breast_cancer", (569, 30), 2), ("wine", (178, 13), 3), ("iris", (150, 4), 3), ("diabetes", (442, 10), 0)]
)
def test_other_bundled_sets(name: str, shape: tuple[int, int], classes: int) -> None:
    data = load_data(name)
    assert data.shape == shape and len(data.classes) == classes and data.is_classification is (classes > 0)
    parts = split(data, seed=3)
    assert np.allclose(parts.x_train.mean(axis=0), 0, atol=1e-12) and np.allclose(parts.x_train.std(axis=0), 1)


def test_split_is_a_seeded_partition() -> None:
    data = load_data("iris")
    one, again, other = split(data, seed=1), split(data, seed=1), split(data, seed=2)
    assert np.array_equal(one.x_train, again.x_train) and not np.array_equal(one.x_test, other.x_test)
    assert len(one.x_test) == 30 and len(one.x_train) == 120
    assert one.labels_test is not None and np.array_equal(one.y_test.argmax(axis=1), one.labels_test)


@pytest.mark.parametrize(
    ("y", "classes"),
    [(np.array([3, 3, 7, 7]), ("3", "7")), (np.array(["cat", "dog", "cat", "dog"]), ("cat", "dog")), (np.array([True, False, True, True]), ("False", "True"))],
)
def test_file_with_classes(tmp_path, y, classes) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, x=np.arange(8).reshape(4, 2), y=y)
    data = load_data(str(path))
    assert data.classes == classes and data.x.dtype == np.float64 and data.labels is not None
    assert [classes[i] for i in data.labels] == [str(value) for value in y]


@pytest.mark.parametrize("y", [np.array([0.5, 1.5, 2.5, 0.0]), np.ones((4, 3), dtype=np.float32)])
def test_file_with_real_targets(tmp_path, y) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, x=np.ones((4, 2)), y=y)
    data = load_data(str(path))
    assert not data.is_classification and data.targets().shape == (4, y.size // 4) and np.array_equal(data.targets().ravel(), y.ravel())


BAD = {
    "no x": ({"y": np.arange(4)}, "no x"),
    "no y": ({"x": np.ones((4, 2))}, "no y"),
    "one-dimensional": ({"x": np.ones(4), "y": np.arange(4)}, "shape (4,)"),
    "image stack": ({"x": np.ones((4, 2, 2)), "y": np.arange(4)}, "reshape"),
    "empty": ({"x": np.ones((0, 2)), "y": np.arange(0)}, "empty"),
    "text": ({"x": np.array([["a", "b"]] * 4), "y": np.arange(4)}, "x holds <U1"),
    "complex": ({"x": np.ones((4, 2), dtype=complex), "y": np.arange(4)}, "complex128"),
    "nan": ({"x": np.array([[1.0, np.nan]] * 4), "y": np.arange(4)}, "row 0"),
    "infinite target": ({"x": np.ones((4, 2)), "y": np.array([1.0, 2.0, 3.0, np.inf])}, "row 3"),
    "length": ({"x": np.ones((4, 2)), "y": np.arange(3)}, "(3,)"),
    "scalar target": ({"x": np.ones((4, 2)), "y": np.array(1)}, "shape ()"),
    "one class": ({"x": np.ones((4, 2)), "y": np.zeros(4, dtype=int)}, "single class"),
    "class matrix": ({"x": np.ones((4, 2)), "y": np.zeros((4, 2), dtype=int)}, "per row"),
    "complex target": ({"x": np.ones((4, 2)), "y": np.ones(4, dtype=complex)}, "complex128"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_are_named(tmp_path, case: str) -> None:
    arrays, said = BAD[case]
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError) as caught:
        load_data(str(path))
    assert said in str(caught.value) and "bad.npz" in str(caught.value)


def test_bad_files_are_named(tmp_path) -> None:
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "text.npz").write_text("not an archive")
    (tmp_path / "folder.npz").mkdir()
    np.savez(tmp_path / "pickled.npz", x=np.array([{}, {}], dtype=object), y=np.arange(2))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "pickled.npz").read_bytes()[:60])
    said = {"missing": "no such file", "empty": "empty", "text": "cannot be read", "folder": "folder", "pickled": "pickled", "cut": "cannot be read"}
    for name, words in said.items():
        with pytest.raises(DataError, match=words):
            load_data(str(tmp_path / f"{name}.npz"))
    with pytest.raises(DataError, match="digits"):
        load_data("mnist")


def test_too_few_rows(tmp_path) -> None:
    path = tmp_path / "two.npz"
    np.savez(path, x=np.ones((2, 1)), y=np.arange(2))
    with pytest.raises(DataError, match="only 2 rows"):
        split(load_data(str(path)))
