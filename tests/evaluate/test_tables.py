"""Tables in .csv files, and arrays with test rows of their own; every way they can be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from ntksym.errors import DataError
from ntksym.evaluate.data import load_data, split

GOOD = {
    "header": ("a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n", {}, [0.5, 1.5, 2.5]),
    "none": ("1,2,0.5\n3,4,1.5\n", {}, [0.5, 1.5]),
    "classes of text": ("1,2,cat\n3,4,dog\n5,6,cat\n", {}, ["cat", "dog", "cat"]),
    "integers": ("a;y\n1;3\n2;7\n", {}, ["3", "7"]),
    "label": ("y\ta\tb\ncat\t1\t2\ndog\t3\t4\n", {"label": "y"}, ["cat", "dog"]),
    "quoted": ('"a, b",y\n"1","x, y"\n\n2,z\n', {}, ["x, y", "z"]),
    "mark and spaces": ("\ufeffa, y\r\n 1 , 2.0\r\n2, 3.5\r\n", {}, [2.0, 3.5]),
    "integers as amounts": ("a,y\n1,3\n2,7\n", {"task": "real"}, [3.0, 7.0]),
    "floats as classes": ("a,y\n1,3.0\n2,7.0\n", {"task": "classes"}, ["3", "7"]),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_table(tmp_path, case: str) -> None:
    text, keywords, wanted = GOOD[case]
    path = tmp_path / "own.csv"
    path.write_bytes(text.encode("utf-8"))
    data = load_data(str(path), **keywords)
    if isinstance(wanted[0], str):
        assert [data.classes[i] for i in data.labels] == wanted
    else:
        assert data.values[:, 0].tolist() == wanted
    if case == "label":
        assert data.x.tolist() == [[1, 2], [3, 4]]
    assert data.x.shape[0] == len(wanted) and data.x.dtype == np.float64


BAD = {
    "empty": ("", {}, "empty"),
    "blank": ("\n\n", {}, "no rows"),
    "one column": ("a\n1\n", {}, "line 1.*one column"),
    "header alone": ("a,b\n", {}, "nothing below"),
    "ragged": ("a,b,y\n1,2,3\n4,5\n", {}, "line 3.*2 cells where the header has 3"),
    "text": ("a,b,y\n1,2,3\n\n4,oops,5\n", {}, "line 4, column 'b'.*'oops' is no number"),
    "missing": ("a,b,y\n1,,3\n", {}, "line 2, column 'b'.*empty"),
    "missing in the first line": ("1,,3\n1,2,3\n", {}, "line 1, column '2'.*empty"),
    "nan": ("a,b,y\n1,nan,3\n", {}, "line 2, column 'b'.*not finite"),
    "no target": ("a,b,y\n1,2,\n", {}, "line 2, column 'y'.*missing"),
    "mixed target": ("a,y\n1,2.5\n2,cat\n", {}, "line 3, column 'y'.*'cat' among numbers"),
    "infinite target": ("a,y\n1,2.5\n2,inf\n", {}, "line 3, column 'y'"),
    "misspelled": ("a,y\n1,2\n", {"label": "z"}, "no column named 'z'.*a, y"),
    "twice": ("a,y,y\n1,2,3\n", {"label": "y"}, "2 columns named 'y'"),
    "no names": ("1,2\n3,4\n", {"label": "y"}, "line 1.*no header"),
    "many integers": ("a,y\n" + "".join(f"{i},{i}\n" for i in range(60)), {}, "60 different integers.*--task"),
    "fractions": ("a,y\n1,2.5\n2,3.5\n", {"task": "classes"}, "fractions"),
    "words": ("a,y\n1,cat\n2,dog\n", {"task": "real"}, "text"),
    "quotes": ('a,y\n1,"2\n', {}, "quotes"),
    "one class": ("a,y\n1,cat\n2,cat\n", {}, "single class"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_named(tmp_path, case: str) -> None:
    text, keywords, said = BAD[case]
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said) as caught:
        load_data(str(path), **keywords)
    assert "own.csv" in str(caught.value)


def test_other_encodings_are_refused(tmp_path) -> None:
    (tmp_path / "own.csv").write_bytes("a,größe\n1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        load_data(str(tmp_path / "own.csv"))


def test_test_rows_of_their_own(tmp_path) -> None:
    x = np.arange(12.0).reshape(6, 2)
    np.savez(tmp_path / "own.npz", x_train=x[:4], y_train=x[:4, 0], x_test=x[4:], y_test=x[4:, 0])
    data = load_data(str(tmp_path / "own.npz"))
    for seed in (0, 1):
        parts = split(data, seed=seed, test_fraction=0.5)
        assert np.array_equal(parts.x_test, x[4:]) and np.array_equal(parts.x_train, x[:4]) and np.array_equal(parts.y_test[:, 0], x[4:, 0])
    for wrong, said in (
        ({"x_test": x[4:, :1]}, "same columns"),
        ({"y_test": np.arange(2)}, "same type"),
        ({"y_test": x[3:, 0]}, "y_test 3"),
    ):
        np.savez(tmp_path / "bad.npz", **{"x_train": x[:4], "y_train": x[:4, 0], "x_test": x[4:], "y_test": x[4:, 0], **wrong})
        with pytest.raises(DataError, match=said):
            load_data(str(tmp_path / "bad.npz"))
    np.savez(tmp_path / "part.npz", x_train=x, y_train=x[:, 0])
    with pytest.raises(DataError, match="no x_test and no y_test"):
        load_data(str(tmp_path / "part.npz"))
