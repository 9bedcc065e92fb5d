"""Wrong conclusions are refuted by the checker of the rule that made them: every rule of these chapters, hand-picked mutations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy as sp

import ntksym
from ntksym import notation
from ntksym.errors import CheckError
from ntksym.network import Dense, Network, Pointwise, fcn
from ntksym.nodes import Dual, Entry, Gaussian, Mean, OfOrder, TendsTo, Width
from ntksym.proof import RULES, Derivation, Statement, Status, Step
from ntksym.theory import abc, abc_exponents, derive, theorems

X, Y = notation.x1, notation.x2
n = sp.Symbol("n", positive=True)
P, Q, A, B = sp.symbols("i j a b", integer=True, positive=True)


def _derivations() -> list[Derivation]:
    jump = Network([Dense(1.5), Pointwise("sign", derivative="almost_everywhere"), Dense(1.5)])
    return [
        theorems.jacobian_theorem(),
        theorems.nngp_theorem(),
        theorems.ntk_theorem(),
        derive(fcn(2, "relu", sigma_b=0.1)),
        derive(jump),
        derive(jump, "jacobian"),
        ntksym.derivations()["parameterizations"],
        abc(2, *abc_exponents("mup", 2)),
    ]


def _steps() -> dict[str, tuple[Derivation, Step]]:
    """One step per rule of these chapters."""
    found: dict[str, tuple[Derivation, Step]] = {}
    for derivation in _derivations():
        for step in derivation.steps:
            if step.rule.apply.__module__.startswith("ntksym.rules."):
                found.setdefault(step.rule.name, (derivation, step))
    return found


STEPS = _steps()


def _judge(name: str, change: Callable[[object], object]) -> Status:
    derivation, step = STEPS[name]
    premises = tuple(derivation.steps[k - 1].conclusion for k in step.premises)
    wrong = change(step.conclusion.claim)
    assert wrong != step.conclusion.claim, f"the mutation leaves {name} as it is"
    statement: Statement = replace(step.conclusion, claim=wrong)
    try:
        return step.rule.check(premises, statement, **dict(step.args)).status
    except CheckError:
        return Status.FALSE


def on_right(change: Callable[[sp.Expr], sp.Expr]) -> Callable[[object], object]:
    """Change the right side of an equation or a limit."""

    def apply(claim: object) -> object:
        assert isinstance(claim, sp.Basic)
        if isinstance(claim, sp.Eq):
            return sp.Eq(claim.lhs, change(claim.rhs), evaluate=False)
        if isinstance(claim, sp.Tuple):
            return sp.Tuple(*claim[:-1], apply(claim[-1]))
        return claim.func(claim.args[0], change(claim.args[1]), *claim.args[2:])

    return apply


def in_law(change: Callable[[sp.Expr], sp.Expr]) -> Callable[[object], object]:
    """Change the covariance of a Gaussian law."""
    return on_right(lambda law: Gaussian(law.args[0], law.args[1], sp.Tuple(law.args[2][0], change(law.args[2][1]), law.args[2][2])))


def in_block(change: Callable[[sp.Expr], sp.Expr]) -> Callable[[object], object]:
    """Change the update of the last state symbol of a recursion."""

    def apply(recursion: object) -> object:
        block = recursion.blocks[0]  # type: ignore[attr-defined]
        symbol, value = block.update[-1]
        return replace(recursion, blocks=(replace(block, update=(*block.update[:-1], (symbol, change(value)))),))  # type: ignore[type-var]

    return apply


def negate(e: sp.Expr) -> sp.Expr:
    return -e


def double(e: sp.Expr) -> sp.Expr:
    return 2 * e


def swap_inputs(e: sp.Expr) -> sp.Expr:
    return e.xreplace({X: Y, Y: X})


def swap_neurons(e: sp.Expr) -> sp.Expr:
    return e.xreplace({P: Q, Q: P, A: B, B: A})


def shift_layer(e: sp.Expr) -> sp.Expr:
    return e.xreplace({notation.layer: notation.layer + 1})


def shift_number(e: sp.Expr) -> sp.Expr:
    return e.replace(lambda part: isinstance(part, Entry), lambda part: Entry(part.args[0], part.layer + 1, part.inputs, part.indices))


def drop_last_term(e: sp.Expr) -> sp.Expr:
    return sp.Add(*sp.Add.make_args(e)[:-1])


def other_width(e: sp.Expr) -> sp.Expr:
    return e.replace(lambda part: isinstance(part, Width), lambda part: Width(part.layer + 1))


def slope_for_value(e: sp.Expr) -> sp.Expr:
    """V_phi where V_phi' belongs, or the other way round."""

    def turned(node: Dual) -> sp.Expr:
        x = notation.x
        phi = node.f.expr.args[0] if isinstance(node.f.expr, sp.Derivative) else sp.Derivative(node.f.expr, x, evaluate=False)
        return Dual(sp.Lambda(x, phi), sp.Lambda(x, phi), *node.q)

    return e.xreplace({node: turned(node) for node in e.atoms(Dual)})


EQUATIONS = {
    "forward_pass": [negate, double, shift_layer],
    "local_jacobian": [negate, double, other_width],
    "chain_rule": [negate, double, shift_layer],
    "name_jacobian": [negate, double],
    "tangent_kernel": [negate, double, shift_layer],
    "sum_over_layers": [negate, drop_last_term, shift_layer],
    "outer_product_gram": [negate, double, other_width],
    "total_derivative": [negate, double, other_width],
    "gram_through_map": [negate, double, swap_neurons, swap_inputs],
    "substitute_terms": [negate, drop_last_term, swap_inputs],
    "at_layer": [negate, double, shift_layer],
    "name_by": [negate, double],
    "collect": [negate, double],
    "law_of_large_numbers": [negate, double, slope_for_value, lambda e: e.xreplace({Entry("K", notation.layer, (X, X)): Entry("K", notation.layer, (Y, Y))})],
    "fresh_weight_moments": [negate, double, drop_last_term],
    "fresh_weights": [negate, double, slope_for_value, lambda e: e.xreplace({sp.KroneckerDelta(P, Q): sp.S.One})],
    "tangent_kernel_converges": [negate, double, drop_last_term, lambda e: e.xreplace({sp.KroneckerDelta(P, Q): sp.S.One})],
    "ntk_induction": [negate, drop_last_term, slope_for_value],
    "nngp_induction": [negate, drop_last_term, slope_for_value],
    "jacobian_of_network": [negate, shift_number, lambda e: e.xreplace({notation.sigma_w: notation.sigma_b})],
    "standard_parameters": [negate, double, other_width],
    "same_network": [negate, double, drop_last_term],
    "derivative_by_standard": [negate, double, lambda e: e.xreplace({notation.sigma_w: notation.sigma_b})],
    "gram_by_standard": [negate, double, other_width, swap_inputs],
    "standard_kernel": [negate, double, drop_last_term],
    "kernel_layer_by_layer": [negate, double, drop_last_term, lambda e: e.xreplace({notation.sigma_w: notation.sigma_b})],
    "choose_derivative": [lambda f: sp.Lambda(notation.x, f.expr + 1)],
}
LAWS = {
    "gaussian_conditioning": [negate, double, swap_neurons, lambda e: e.xreplace({sp.KroneckerDelta(P, Q): sp.S.One})],
    "conditioned_law_converges": [negate, double, slope_for_value, lambda e: e.xreplace({sp.KroneckerDelta(P, Q): sp.S.One})],
    "nngp_hypothesis": [negate, lambda e: e.xreplace({sp.KroneckerDelta(A, B): sp.S.One})],
    "law_at_every_layer": [negate, double],
    "input_gram": [negate, double],
}
RECURSIONS = {
    "read_recursion": [negate, double, drop_last_term, slope_for_value],
    "specialise": [negate, double, drop_last_term],
    "joint_limit": [negate],
    "put_in_duals": [negate],
    "use_lemma": [negate],
}


def _cases() -> list[tuple[str, str, Callable[[object], object]]]:
    found = []
    for table, place in ((EQUATIONS, on_right), (LAWS, in_law), (RECURSIONS, in_block)):
        for name, changes in table.items():
            found += [(name, getattr(change, "__name__", "other"), place(change)) for change in changes]
    return found


IDENTICAL = {("gaussian_conditioning", "swap_neurons"), ("gram_through_map", "swap_inputs")}


@pytest.mark.parametrize(("name", "what", "change"), [case for case in _cases() if case[:2] not in IDENTICAL], ids=lambda c: c if isinstance(c, str) else "")
def test_a_wrong_conclusion_is_refuted(name: str, what: str, change: Callable[[object], object]) -> None:
    assert _judge(name, change) is Status.FALSE


def test_hypothesis_and_decay() -> None:
    decay = STEPS["off_diagonal_decay"][1].conclusion.claim
    for wrong in (
        OfOrder(decay.lhs, 1 / n**2, decay.condition),
        OfOrder(decay.lhs, 1 / n, sp.true),
        OfOrder(Mean(decay.lhs.integrand**2), 1 / n, decay.condition),
    ):
        assert _judge("off_diagonal_decay", lambda _, wrong=wrong: wrong) is Status.FALSE
    limit, order = STEPS["ntk_hypothesis"][1].conclusion.claim
    for wrong in (sp.Tuple(TendsTo(limit.lhs, -limit.rhs, limit.widths), order), sp.Tuple(limit, OfOrder(order.lhs, n, order.condition))):
        assert _judge("ntk_hypothesis", lambda _, wrong=wrong: wrong) is Status.FALSE


def later(exponent: sp.Expr) -> sp.Expr:
    """An exponent of n that is off by a quarter."""
    return exponent + sp.Rational(1, 4)


def in_row(field: str, place: int, k: int = 1) -> Callable[[object], object]:
    """Change the entry ``k`` of one row of a form."""

    def apply(form: object) -> object:
        rows = list(getattr(form, field))
        rows[place] = (*rows[place][:k], later(rows[place][k]), *rows[place][k + 1 :])
        return replace(form, **{field: tuple(rows)})

    return apply


def with_fields(**changes: object) -> Callable[[object], object]:
    return lambda form: replace(form, **{name: value(getattr(form, name)) if callable(value) else value for name, value in changes.items()})


COUNTS: dict[str, list[Callable[[object], object]]] = {
    "counting_laws": [lambda claims, k=k: sp.Tuple(*(OfOrder(c.lhs, n * c.rhs) if j == k else c for j, c in enumerate(claims))) for k in range(4)],
    "abc_parameterization": [
        *(in_row("weights", place, k) for place in range(3) for k in (1, 2)),
        with_fields(c=later),
        with_fields(equations=lambda e: e[::-1]),
        with_fields(growth=lambda rows: rows[1:]),
        with_fields(frozen=lambda _: (Entry("omega", 1, (), (A, P)),)),
    ],
    "count_values": [*(in_row("rows", place) for place in range(5)), with_fields(of="change"), with_fields(updates=1), with_fields(rows=lambda r: r[:-1])],
    "count_derivatives": [*(in_row("rows", place) for place in range(5)), with_fields(of="value"), with_fields(updates=1)],
    "count_updates": [*(in_row("rows", place) for place in range(5)), with_fields(updates=0), with_fields(updates=2), with_fields(of="value")],
    "classify": [
        *(in_row(field, place) for field in ("values", "derivatives", "changes") for place in (0, -1)),
        *(with_fields(**{name: later}) for name in ("c", "r")),
        *(with_fields(**{name: lambda v: (later(v[0]), *v[1:])}) for name in ("a", "b")),
        *(with_fields(**change) for change in ({"stable": False}, {"trivial": True}, {"regime": "kernel"}, {"updates": 2}, {"reasons": ()})),
        with_fields(reasons=("The output is of size $n^{7}$.",)),
    ],
}


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, changes in COUNTS.items() for place in range(len(changes))])
def test_a_wrong_count_is_refuted(name: str, place: int) -> None:
    assert _judge(name, COUNTS[name][place]) is Status.FALSE


def test_every_rule_of_these_chapters_is_reached() -> None:
    """A new rule needs a row above."""
    # Those of wirings and of training are left to test_mutations.py.
    by_mutants = {"ntksym.rules.wiring", "ntksym.rules.tangent", "ntksym.rules.dynamics", "ntksym.rules.ensembles", "ntksym.rules.flows"}
    by_mutants |= {f"ntksym.rules.{name}" for name in ("spectra", "minimum_norm", "shrinkage", "damping", "learning_rates", "softmax", "standard_rates")}
    by_mutants |= {f"ntksym.rules.{chapter}" for chapter in ("losses", "cross_entropy", "posteriors", "converged", "inequalities", "linearization")}
    modules = {name: rule.apply.__module__ for name, rule in RULES.items()}
    mine = {name for name, module in modules.items() if module.startswith("ntksym.rules.") and module not in by_mutants}
    covered = set(EQUATIONS) | set(LAWS) | set(RECURSIONS) | set(COUNTS) | {"off_diagonal_decay", "ntk_hypothesis"}
    assert mine == covered == set(STEPS)


def test_right_conclusions_pass() -> None:
    """The same harness, nothing changed."""
    for name, (derivation, step) in STEPS.items():
        premises = tuple(derivation.steps[k - 1].conclusion for k in step.premises)
        assert step.rule.check(premises, step.conclusion, **dict(step.args)) == step.verdict, name
