"""Algebra of statements: put in, shift the layer, collect, use a lemma."""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.proof import Derivation, Statement, rule
from ntksym.rules.checks import algebra as checks
from ntksym.rules.checks import calculus as exact
from ntksym.sources import Citation


@rule(source=Citation("", "equals for equals"), check=exact.substitution, reason="Put in what was found for each term.")
def substitute_terms(target: Statement, *equations: Statement) -> Statement:
    r"""X = Y + \dots,\; Y = Z \;\Rightarrow\; X = Z + \dots

    Each equation's left side stands once, as a term, on the right of the target.
    """
    places = {}
    for equation in equations:
        if not target.claim.rhs.has(equation.claim.lhs):
            raise RuleError(f"{equation.claim.lhs} does not stand in {target.claim}", where="substitute_terms")
        places[equation.claim.lhs] = equation.claim.rhs
    return Statement(sp.Eq(target.claim.lhs, target.claim.rhs.xreplace(places), evaluate=False))


@rule(
    source=Citation("", "a statement about every layer holds at each"),
    check=checks.at_layer,
    reason="The statement holds at every layer; here it is at this one.",
)
def at_layer(statement: Statement, *, layer: sp.Expr) -> Statement:
    r"""\forall\ell\; P(\ell) \;\Rightarrow\; P(m)"""
    return Statement(statement.claim.xreplace({notation.layer: layer}))


@rule(source=Citation("", "equals for equals"), check=checks.name_by, reason="The derivative under the name given to it.")
def name_by(statement: Statement, definition: Statement) -> Statement:
    r"""Y = X,\; Y =: Z \;\Rightarrow\; Z = X

    ``definition`` names what stands on the left of ``statement``, at its own coordinates.
    """
    pattern, found = definition.claim.lhs, statement.claim.lhs
    names = dict(zip((*pattern.of.indices, *pattern.by.indices), (*found.of.indices, *found.by.indices), strict=True))
    if pattern.xreplace(names) != found:
        raise RuleError(f"{pattern} does not name {found}", where="name_by")
    return Statement(sp.Eq(definition.claim.rhs.xreplace(names), statement.claim.rhs, evaluate=False))


@rule(source=Citation("", "conjunction"), check=checks.collect, reason="The statements together.")
def collect(*statements: Statement) -> Statement:
    r"""P,\; Q \;\Rightarrow\; P \wedge Q"""
    return Statement(sp.Tuple(*(part for s in statements for part in (s.claim if isinstance(s.claim, sp.Tuple) else (s.claim,)))))


@rule(source=Citation("", "a derivation of its own"), check=checks.use_lemma, reason="Derived separately; its steps stand below.")
def use_lemma(*, derivation: Derivation) -> Statement:
    r"""\vdash P \;\Rightarrow\; P

    ``derivation``: its conclusion is the conclusion.
    """
    return Statement(derivation.conclusion.claim)
