"""The language of argument: Statement, Rule, Step, Derivation, Verdict.  It knows no network, no kernel, no Gaussian."""

from ntksym.proof.derivation import Derivation, Step
from ntksym.proof.rule import RULES, Rule, rule
from ntksym.proof.statement import Assumption, Regime, Statement
from ntksym.proof.verdict import Evidence, Status, Verdict, cited, false, proved, tested, unchecked

__all__ = [
    "RULES",
    "Assumption",
    "Derivation",
    "Evidence",
    "Regime",
    "Rule",
    "Statement",
    "Status",
    "Step",
    "Verdict",
    "cited",
    "false",
    "proved",
    "rule",
    "tested",
    "unchecked",
]
