"""How far a network strays from its linearization: Gronwall's lemmas, the error under gradient flow, and under gradient descent."""

from __future__ import annotations

import functools

import sympy as sp

from ntksym.nodes import Array, Norm
from ntksym.notation import X, lampath, lamstart, t, tau, x1
from ntksym.proof import Derivation
from ntksym.rules import algebra, dynamics, flows, inequalities, linearization
from ntksym.rules.inequalities import ALPHA, BETA, U
from ntksym.theory.dynamics import linearized_dynamics, output_dynamics

_BOUNDS = {name: sp.Symbol(name, nonnegative=True) for name in ("Dbar", "Dbarx", "Thetabarx")}


@functools.lru_cache(maxsize=1)
def gronwall() -> Derivation:
    """Both forms of Gronwall's lemma; the second with its two conditions."""
    d = Derivation("The Gronwall lemma in both forms")
    differential = sp.Le(sp.Derivative(U(t), t), BETA(t) * U(t), evaluate=False)
    d = d.by(
        inequalities.suppose, claim=differential, key="first-form", text=r"For the first form: $u$ is differentiable and $u' \le \beta u$, $\beta$ of any sign."
    )
    d = d.by(inequalities.linear_comparison, d.last)
    first = d.last
    grown = sp.Le(U(t), ALPHA(t) + sp.Integral(BETA(tau) * U(tau), (tau, 0, t)), evaluate=False)
    d = d.by(
        inequalities.suppose,
        claim=grown,
        key="second-form",
        text=r"For the second form: $u(t) \le \alpha(t) + \int_0^t \beta(\tau)\,u(\tau)\,d\tau$, all three continuous.",
    )
    inequality = d.last
    d = d.by(inequalities.suppose, claim=sp.Ge(BETA(t), 0, evaluate=False), key="second-form-sign", text=r"For the second form: $\beta \ge 0$.")
    sign = d.last
    d = d.by(inequalities.accumulated, inequality, sign)
    d = d.by(inequalities.linear_comparison, d.last)
    d = d.by(inequalities.put_in_bound, inequality, d.last)
    general = d.last
    rising = sp.Le(ALPHA(tau), ALPHA(t), evaluate=False)
    d = d.by(
        inequalities.suppose,
        claim=rising,
        key="second-form-nondecreasing",
        text=r"For the second form with $\alpha$ in front: $\alpha(\tau) \le \alpha(t)$ for $\tau \le t$.",
    )
    d = d.by(inequalities.largest_outside, general, d.last, sign)
    return d.by(algebra.collect, first, general, d.last)


@functools.lru_cache(maxsize=1)
def gronwall_conditions() -> Derivation:
    """Neither condition of the second form can be dropped: an example for each."""
    d = Derivation("The second form of the Gronwall lemma is false without its conditions")
    found: list[int] = []
    for condition in ("nondecreasing", "nonnegative"):
        d = d.by(inequalities.gronwall_witness, without=condition)
        functions = d.last
        d = d.by(inequalities.gronwall_witness_obeys, functions)
        obeyed = d.last
        d = d.by(inequalities.gronwall_witness_breaks, functions, obeyed)
        found += [functions, obeyed, d.last]
    return d.by(algebra.collect, *found)


def _place(lemma: Derivation, left: sp.Basic) -> int:
    """Which of the equations a lemma concludes has this left side."""
    return next(k for k, equation in enumerate(lemma.conclusion.claim) if equation.lhs == left)


@functools.lru_cache(maxsize=1)
def linearization_error() -> Derivation:
    """Gradient flow under the squared loss: laws of e = f - f_lin and bounds of its norm, on training and on test inputs."""
    d = Derivation("The error of the linearization under gradient flow, squared loss")
    laws = {}
    for name, lemma in (("f", output_dynamics()), ("flin", linearized_dynamics())):
        d = d.by(algebra.use_lemma, derivation=lemma)
        used = d.last
        if name == "f":
            d = d.by(flows.part_of, used, number=_place(lemma, Array("lossgrad", (X,), (t,))))
        else:
            d = d.by(dynamics.squared_loss, name=name)
            d = d.by(dynamics.loss_gradient, d.last)
        gradient = d.last
        for at in (X, x1):
            d = d.by(flows.part_of, used, number=_place(lemma, sp.Derivative(dynamics.outputs(at, name=name), t)))
            d = d.by(dynamics.put_in, d.last, gradient)
            laws[name, at] = d.last
    d = d.by(dynamics.tangent_kernel_matrix, first=X, second=X)
    gram = d.last
    d = d.by(dynamics.tangent_kernel_matrix, first=X, second=X, time=sp.S.Zero)
    gram_at_start = d.last

    # E1 and where the error starts.
    names, errors, rates, starts = {}, {}, {}, {}
    for at in (X, x1):
        d = d.by(linearization.errors_named, at=at)
        names[at] = d.last
        d = d.by(linearization.error_law, names[at], laws["f", at], laws["flin", at])
        errors[at] = d.last
        d = d.by(flows.part_of, errors[at], number=0)
        d = d.by(linearization.square_rate, d.last)
        rates[at] = d.last
        d = d.by(dynamics.linearization, at=at)
        d = d.by(linearization.error_start, names[at], d.last)
        starts[at] = d.last

    def bound(rate: int, start: int, kernel: int, floor: sp.Expr = sp.S.Zero) -> int:
        nonlocal d
        d = d.by(linearization.square_rate_bound, rate, kernel, **({} if floor == 0 else {"floor": floor}))
        d = d.by(inequalities.norm_comparison, d.last)
        d = d.by(inequalities.from_start, d.last, start)
        return d.last

    # The residual of the linearized network decays.
    d = d.by(linearization.residual_start, names[X], starts[X])
    same = d.last
    d = d.by(linearization.residual_law, names[X], laws["flin", X])
    d = d.by(linearization.square_rate, d.last)
    residual_rate = d.last
    decay = {floor: bound(residual_rate, same, gram_at_start, floor) for floor in (lamstart, lampath)}

    suppositions = {}
    for name, array, text in (
        ("Dbar", linearization.kernel_move(X), r"$\lVert D_t(\mathcal{X},\mathcal{X})\rVert \le D_{\mathrm{max}}$ at all times considered."),
        ("Dbarx", linearization.kernel_move(x1), r"$\lVert D_t(x,\mathcal{X})\rVert \le D_{x,\mathrm{max}}$ at all times considered."),
        ("Thetabarx", dynamics.kernel(x1, X), r"$\lVert\hat\Theta_t(x,\mathcal{X})\rVert \le \hat\Theta_{x,\mathrm{max}}$ at all times considered."),
    ):
        claim = sp.Le(Norm(array), _BOUNDS[name], evaluate=False)
        d = d.by(inequalities.suppose, claim=claim, key=f"bound-{name.lower()}", text=text)
        suppositions[name] = d.last

    def largest(along_path: int, *inside: int) -> int:
        nonlocal d
        d = d.by(inequalities.bound_inside, along_path, *inside)
        d = d.by(inequalities.integrated, d.last)
        d = d.by(inequalities.largest_over_time, d.last)
        return d.last

    path = bound(rates[X], starts[X], gram)  # E2
    everywhere = largest(path, suppositions["Dbar"], decay[lamstart])  # E3
    decaying = bound(rates[X], starts[X], gram, lampath)
    decaying_top = largest(decaying, suppositions["Dbar"], decay[lampath])  # E4
    decaying = decaying_top - 1
    test = bound(rates[x1], starts[x1], gram)  # E5
    test_top = largest(test, suppositions["Thetabarx"], suppositions["Dbarx"], decaying, decay[lampath])
    return d.by(algebra.collect, errors[X], errors[x1], path, everywhere, decaying, decaying_top, test, test_top)


@functools.lru_cache(maxsize=1)
def linearization_error_descent() -> Derivation:
    """Gradient descent under the squared loss: the law of the error after each step, with its remainder, and the sum that bounds it."""
    d = Derivation("The error of the linearization under gradient descent, squared loss")
    d = d.by(dynamics.squared_loss)
    d = d.by(dynamics.loss_gradient, d.last)
    gradient = d.last
    d = d.by(dynamics.parameter_gradient)
    d = d.by(dynamics.put_in, d.last, gradient)
    parameter_gradient = d.last
    d = d.by(dynamics.training_dynamics, dynamics="gradient_descent")
    training = d.last
    d = d.by(dynamics.put_in, training, parameter_gradient)
    descent = d.last
    d = d.by(linearization.taylor_step)
    taylor = d.last
    d = d.by(dynamics.put_in, taylor, descent)
    motion = d.last
    d = d.by(dynamics.tangent_kernel_matrix, first=X, second=X)
    gram = d.last
    d = d.by(dynamics.under_its_name, motion, gram)
    motion = d.last
    # The linearized network.
    d = d.by(flows.linearized_dynamics, training, dynamics="gradient_descent", with_ridge=False)
    weights = d.last
    d = d.by(dynamics.squared_loss, name="flin")
    d = d.by(dynamics.loss_gradient, d.last)
    d = d.by(dynamics.put_in, weights, d.last)
    weights = d.last
    d = d.by(dynamics.linearization, at=X)
    definition = d.last
    d = d.by(linearization.step_of_linearization, definition)
    d = d.by(dynamics.put_in, d.last, weights)
    linear = d.last
    d = d.by(dynamics.tangent_kernel_matrix, first=X, second=X, time=sp.S.Zero)
    d = d.by(dynamics.under_its_name, linear, d.last)
    linear = d.last
    # The error.
    d = d.by(linearization.errors_named, at=X)
    names = d.last
    d = d.by(linearization.error_law, names, motion, linear)
    laws = d.last
    d = d.by(flows.part_of, laws, number=0)
    d = d.by(linearization.step_bound, d.last, gram)
    d = d.by(linearization.sum_of_steps, d.last)
    total = d.last
    d = d.by(linearization.error_start, names, definition)
    d = d.by(inequalities.from_start, total, d.last)
    total = d.last
    d = d.by(linearization.remainder_bound, taylor)
    d = d.by(linearization.remainder_of_descent, d.last, descent, names)
    remainder = d.last
    d = d.by(inequalities.bound_inside, total, remainder)
    return d.by(algebra.collect, laws, remainder, total, d.last)
