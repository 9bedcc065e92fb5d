"""Files are whole or absent: the folder in the making, also when the work fails or is interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntksym.commands.output import folder_in_the_making, write_file, write_files
from ntksym.errors import OutputError

NAMES = ("a.txt", "b.txt")


def _tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_new_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with folder_in_the_making(target, NAMES) as making:
        write_files(making, {"a.txt": "one", "b.txt": "two\n"})
        assert not target.exists()
    assert _tree(tmp_path) == {"deep/out/a.txt": "one\n", "deep/out/b.txt": "two\n"}


def test_existing_folder_keeps_what_is_not_ours(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    for name in ("a.txt", "b.txt", "notes.txt"):
        (target / name).write_text("old")
    with folder_in_the_making(target, NAMES) as making:
        write_files(making, {"a.txt": "new"})
    assert _tree(tmp_path) == {"out/a.txt": "new\n", "out/notes.txt": "old"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("exists", [False, True])
def test_interruption_leaves_all_as_it_was(tmp_path: Path, error: type[BaseException], exists: bool) -> None:
    target = tmp_path / "new" / "out"
    if exists:
        target.mkdir(parents=True)
        (target / "a.txt").write_text("old")
    before = _tree(tmp_path), sorted(tmp_path.rglob("*"))
    with pytest.raises(error), folder_in_the_making(target, NAMES) as making:
        write_files(making, {"a.txt": "half"})
        raise error
    assert (_tree(tmp_path), sorted(tmp_path.rglob("*"))) == before


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full" / "a.txt").mkdir(parents=True)
    for target in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "full"):
        with pytest.raises(OutputError) as caught, folder_in_the_making(target, NAMES):
            raise AssertionError("the work must not start")
        assert str(target) in str(caught.value)
    for path in (tmp_path / "full", tmp_path / "file" / "below", tmp_path / "absent" / "k.py"):
        with pytest.raises(OutputError):
            write_file(path, "text")
    assert _tree(tmp_path) == {"file": "x"}


def test_one_file_in_one_rename(tmp_path: Path) -> None:
    path = tmp_path / "k.py"
    write_file(path, "x = 1")
    write_file(path, "x = 2\n")
    assert _tree(tmp_path) == {"k.py": "x = 2\n"}
