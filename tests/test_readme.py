"""What the readme shows is what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ntksym

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def _block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)\n```", README, re.S)
    assert found, name
    return found[1]


def test_quickstart_prints_what_the_readme_says(capsys) -> None:
    exec(compile(_block("quickstart"), "README.md", "exec"), {})
    out = capsys.readouterr().out
    said = _block("output")
    head, tail = said.split("\n...\n")
    assert out.startswith(head)
    printed = out.rstrip().splitlines()[-len(tail.splitlines()) :]
    number = re.compile(r"\d+\.\d+")
    assert [number.sub("#", line).split() for line in printed] == [number.sub("#", line).split() for line in tail.splitlines()]
    assert [float(n) for n in number.findall("\n".join(printed))] == pytest.approx([float(n) for n in number.findall(tail)], rel=2e-6)


def test_result_of_the_first_command() -> None:
    assert ntksym.derive(ntksym.fcn(3, "relu")).text("result").startswith(_block("result"))


def test_names_given_to_newcomers_exist() -> None:
    page = (Path(__file__).parent.parent / "docs" / "neural-tangents.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in page.splitlines() if line.startswith("| `") and "predict" not in line and "init_fn" not in line]
    names = {name for row in rows for name in re.findall(r'`"([a-z_]+)"`', row)}
    assert {"relu", "leaky_relu", "scaled_erf", "rbf"} <= names
    for name in sorted(names):
        ntksym.activation(name)
