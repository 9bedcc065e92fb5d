"""Every theorem of ``derivations/``: it says its claim and source, derives, is checked throughout, replays, survives JSON, and renders."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ntksym
from ntksym.library import derivation
from ntksym.proof import Derivation, Status

FOLDER = Path(__file__).parents[1] / "derivations"
IDS = sorted(path.stem for path in FOLDER.glob("*.py"))


def test_the_library_lists_the_folder() -> None:
    assert sorted(ntksym.derivations()) == IDS
    assert {"jacobian", "nngp_recursion", "ntk_recursion"} <= set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_the_file_states_its_claim_and_source(name: str) -> None:
    text = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))) or ""
    assert "Claim." in text and "Source." in text
    assert text.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", IDS)
def test_it_derives_and_no_step_is_unchecked(name: str) -> None:
    found = derivation(name)
    assert len(tuple(found.all_steps())) > 3
    assert all(step.verdict.status not in (Status.UNCHECKED, Status.FALSE) for step in found.all_steps())
    assert found.replay() == found


@pytest.mark.parametrize("name", IDS)
def test_every_step_is_used_or_is_the_conclusion(name: str) -> None:
    """A step nothing rests on would be decoration; statements of their own are the joint limit and whether gradients are independent."""
    found = derivation(name)
    used = {number for step in found.steps for number in step.premises} | {found.last}
    idle = [step.rule.name for step in found.steps if step.number not in used]
    assert set(idle) <= {"joint_limit", "gradient_independence"}


@pytest.mark.parametrize("name", IDS)
def test_json_and_pages(name: str) -> None:
    found = derivation(name)
    stored = Derivation.from_json(found.to_json())
    assert stored.stored and stored.replay() == found  # lemmas in it are stored as well
    for page in (found.latex(), found.markdown(), found.html(), str(found)):
        assert found.title in page
