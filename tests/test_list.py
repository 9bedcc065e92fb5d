"""``ntksym list``: what it says of each row is what the derivation says."""

from __future__ import annotations

import json

import pytest

from ntksym import cli
from ntksym.activations import activation, catalogue
from ntksym.catalogue import default_texts, families
from ntksym.duals import dual, reason_outside
from ntksym.gaussian.fallback import without_numbers
from ntksym.parse import parse_number


def _run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(["list", *args])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_every_row_stands_in_its_family(capsys) -> None:
    status, out, _ = _run(capsys, "--json")
    value = json.loads(out)
    assert status == 0 and [entry["key"] for entry in value["families"]] == [family.key for family in families()]
    assert [(row["name"], row["family"]) for row in value["activations"]] == [(row.name, family.key) for family in families() for row in family.rows]
    for row in value["activations"]:
        assert row["dual"] in ("closed", "numeric") and (row["reason"] is None) == (row["dual"] == "closed")
        assert "steps" not in row, "nothing was derived"
    counts = {kind: sum(row["dual"] == kind for row in value["activations"]) for kind in ("closed", "numeric")}
    assert counts["closed"] + counts["numeric"] == len(catalogue()) and min(counts.values()) > 15
    status, text, _ = _run(capsys)
    assert status == 0 and f"{len(catalogue())} activations: {counts['closed']} closed, {counts['numeric']} numeric" in text


# The whole catalogue is derived by the table of duals; here one of each kind.
@pytest.mark.parametrize("name", ["relu", "threshold", "soft_shrink", "celu", "scaled_erf", "snake", "gabor_cos", "tanh", "softsign", "symlog"])
def test_the_decision_from_the_form_is_that_of_the_derivation(name: str) -> None:
    row = activation(name)
    made = dual(row)
    assert reason_outside(row) == made.reason
    assert (made.expr is None) == (made.reason is not None)


def test_every_numeric_row_can_be_computed() -> None:
    assert {row.name: said for row in catalogue() if reason_outside(row) and (said := without_numbers(row.phi))} == {}


def test_names_formulas_and_families(capsys) -> None:
    status, out, _ = _run(capsys, "ReLU", "tanh", "erf(x)^2")
    assert status == 0 and "3 activations: 1 closed, 2 numeric" in out and "outside the class: tanh(x) is not" in out and "Rectifiers" not in out
    status, out, _ = _run(capsys, "--family", "periodic")
    assert status == 0 and "snake" in out and "relu" not in out
    status, out, _ = _run(capsys, "gelu", "--json")
    (row,) = json.loads(out)["activations"]
    assert row["name"] == "gelu" and row["family"] == "error-functions" and row["source"].startswith("Hendrycks")


def test_derive_counts_the_steps(capsys) -> None:
    status, out, err = _run(capsys, "identity", "tanh", "--derive", "--json")
    found = {row["name"]: row for row in json.loads(out)["activations"]}
    assert status == 0 and "deriving identity" in err
    made = dual("identity")
    assert (found["identity"]["verdict"], found["identity"]["steps"]) == ("PROVED", sum(1 for _ in made.all_steps()))
    assert found["tanh"]["dual"] == "numeric" and found["tanh"]["verdict"] != "PROVED" and "tanh" in found["tanh"]["reason"]
    status, out, _ = _run(capsys, "identity", "--derive")
    assert status == 0 and "PROVED" in out and f"{found['identity']['steps']} steps" in out


@pytest.mark.parametrize(
    ("args", "says"),
    [(("rleu",), "did you mean relu"), (("--family", "rectifier"), "the families are rectifiers"), (("relu", "--family", "bumps"), "both names and a family")],
)
def test_wrong_use(capsys, args: tuple[str, ...], says: str) -> None:
    status, out, err = _run(capsys, *args)
    assert status == 2 and out == "" and says in err


@pytest.mark.parametrize("text", ["1/16", "-3/400", "1/100", "5", "123.456", "1/3", "-1.702", "sqrt(2)", "1.6732632423543772"])
def test_defaults_are_shown_exactly(text: str) -> None:
    row = activation("max(0, a*x)", a=text)
    (shown,) = default_texts(row)
    assert parse_number(shown.removeprefix("a=")) == row.defaults[0][1]
