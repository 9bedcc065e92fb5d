"""Limits over the widths: n_1 first, then n_2, and so on (sequential); the joint limit is a statement of its own.

Everything is conditioned on the layer below: the weights into layer l+1 are independent of all that layer l computes.
"""

from __future__ import annotations

import sympy as sp

from ntksym import notation
from ntksym.errors import RuleError
from ntksym.nodes import Applied, DistributedAs, Dots, Dual, Entry, Gaussian, Given, Mean, OfOrder, TendsTo, Width, gaussian_pair
from ntksym.proof import Assumption, Regime, Statement, rule
from ntksym.rules.checks import limits as checks
from ntksym.rules.contraction import add_up, at_input, index, renamed
from ntksym.sources import Citation

X, Y = notation.x1, notation.x2
NNGP_HYPOTHESIS, NTK_HYPOTHESIS = "induction-nngp", "induction-ntk"
PHI_REGULAR = "phi-regular"

INITIALIZATION = Assumption("initialization", r"All weights and biases are independent draws from $\mathcal N(0,1)$; the inputs and $n_0$ are fixed.")
REGULAR = Assumption(
    PHI_REGULAR,
    r"$\phi$ is measurable and differentiable almost everywhere; $\phi(u)$ and $\phi'(u)$ have finite fourth moments under the Gaussian laws of the "
    "pre-activations.",
)


def widths_below(level: sp.Expr) -> tuple[sp.Expr, ...]:
    """n_1, ..., n_{level}, as a list for TendsTo."""
    if level.is_Integer:
        return tuple(Width(k) for k in range(1, int(level) + 1))
    return (Width(1), Dots(), Width(level))


def kernel(name: str, level: sp.Expr, first: sp.Symbol = X, second: sp.Symbol = Y) -> Entry:
    """K^level or Theta^level at two inputs."""
    return Entry(name, level, (first, second))


@rule(
    source=Citation("lee2018", "Sec. 2.3"),
    check=checks.gaussian_conditioning,
    reason="An affine map of independent standard normal weights is Gaussian; given the layer below, its covariance is this.",
)
def gaussian_conditioning(forward: Statement) -> Statement:
    r"""h^{\ell+1}\mid z^\ell \;\sim\; \mathcal N\big(0,\; \delta_{ij}(\tfrac{\sigma_w^2}{n_\ell}z^\ell(x)\cdot z^\ell(x') + \sigma_b^2)\big)

    ``forward``: the map that makes h_i.
    """
    h = forward.claim.lhs
    i, j = h.indices[0], index("j")
    second = at_input(renamed(h, {i: j}), Y)
    covariance = _covariance(forward.claim.rhs)
    entries = (at_input(covariance, X, Y), sp.KroneckerDelta(i, j) * covariance, at_input(covariance, Y, X))
    law = gaussian_pair(notation.u, notation.v, *entries)
    given = tuple(Entry("z", h.layer - 1, (label,)) for label in (X, Y))
    return Statement(DistributedAs(Given((h, second), given), law), Regime.EXACT, (INITIALIZATION,))


def _covariance(affine: sp.Expr) -> sp.Expr:
    """Sum over the terms c p, with p a parameter, of c(x) c(x')."""
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(affine)):
        outside = [f for f in sp.Mul.make_args(term) if not isinstance(f, sp.Sum) and not _is_parameter(f)]
        sums = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.Sum)]
        coefficient = sp.Mul(*outside)
        if sums:
            body = sp.Mul(*(f for f in sp.Mul.make_args(sums[0].function) if not _is_parameter(f)))
            total += coefficient**2 * sp.Sum(body * at_input(body, Y), *sums[0].limits)
        else:
            total += coefficient**2
    return total


def _is_parameter(factor: sp.Expr) -> bool:
    return isinstance(factor, Entry) and factor.name in ("omega", "beta")


@rule(source=Citation("", "definition of the input Gram"), check=checks.input_gram, reason="The inner products of the inputs, over $n_0$, are the input Gram.")
def input_gram(statement: Statement) -> Statement:
    r"""\tfrac{1}{n_0}\sum_a x_a x'_a =: s_{12}"""
    a = index("a")
    x, y = (Entry("z", 0, (label,), (a,)) for label in (X, Y))
    table = {x * x: notation.s11, x * y: notation.s12, y * y: notation.s22}
    places = {sp.Sum(body, (a, 1, Width(0))): Width(0) * gram for body, gram in table.items()}
    claim = statement.claim
    if isinstance(claim, DistributedAs):
        return Statement(DistributedAs(_vector(claim), claim.args[1].xreplace(places)))
    return Statement(sp.Eq(claim.lhs, claim.rhs.xreplace(places), evaluate=False))


def _vector(claim: DistributedAs) -> sp.Basic:
    return claim.args[0].vector if isinstance(claim.args[0], Given) else claim.args[0]


@rule(source=Citation("", "induction over the layers"), check=checks.hypothesis, reason="The induction hypothesis, at layer l.")
def nngp_hypothesis(*, layer: sp.Expr) -> Statement:
    r"""(h^\ell_a(x), h^\ell_b(x')) \to \mathcal N(0, \delta_{ab}K^\ell)"""
    a, b = index("a"), index("b")
    pair = (Entry("h", layer, (X,), (a,)), Entry("h", layer, (Y,), (b,)))
    entries = (kernel("K", layer, X, X), sp.KroneckerDelta(a, b) * kernel("K", layer), kernel("K", layer, Y, Y))
    claim = TendsTo(sp.Tuple(*pair), gaussian_pair(notation.u, notation.v, *entries), widths_below(layer - 1))
    text = (
        r"$(h^\ell_a(x),h^\ell_b(x'))$ tends in law to centred Gaussians, independent over neurons, with covariance $K^\ell$ (to be discharged by induction)."
    )
    return Statement(claim, Regime.LIMIT_SEQUENTIAL, (Assumption(NNGP_HYPOTHESIS, text),))


@rule(
    source=Citation("lee2018", "Sec. 2"),
    check=checks.law_of_large_numbers,
    reason="The neurons of a layer are independent and alike in the limit of the layers below, so their average tends to its expectation.",
)
def law_of_large_numbers(hypothesis: Statement, *, function: sp.Lambda) -> Statement:
    r"""\frac1{n_\ell}\sum_a f(h^\ell_a(x))f(h^\ell_a(x')) \;\to\; \mathbb E\,f(u)f(v)

    ``hypothesis``: the law of the pre-activations of a layer; ``function`` f is phi or its derivative.
    """
    first, second = hypothesis.claim.lhs
    a = first.indices[0]
    law = hypothesis.claim.rhs
    moved = renamed(second, {second.indices[0]: a})
    average = sp.Sum(Applied(function, first) * Applied(function, moved), (a, 1, Width(first.layer))) / Width(first.layer)
    covariance = law.cov(0, 1).xreplace({second.indices[0]: a})
    limit = Dual(function, function, law.cov(0, 0), covariance, law.cov(1, 1))
    return Statement(TendsTo(average, limit, widths_below(first.layer)), Regime.LIMIT_SEQUENTIAL, (REGULAR,))


@rule(
    source=Citation("matthews2018", "Sec. 2"),
    check=checks.conditioned_law_converges,
    reason="A Gaussian law given a covariance that tends to a constant tends to the Gaussian law with that covariance.",
)
def conditioned_law_converges(conditioned: Statement, activation: Statement, average: Statement) -> Statement:
    r"""\hat K^{\ell+1} \to K^{\ell+1} \;\Rightarrow\; \mathcal N(0,\hat K^{\ell+1}) \to \mathcal N(0,K^{\ell+1})"""
    law = conditioned.claim.args[1]
    entries = [_average_put_in(_activation_put_in(entry, activation.claim), average.claim) for entry in law.upper]
    limit = Gaussian(law.variables, law.mean, sp.Tuple(*entries))
    return Statement(TendsTo(conditioned.claim.args[0].vector, limit, average.claim.widths), Regime.LIMIT_SEQUENTIAL)


def _activation_put_in(expression: sp.Expr, activation: sp.Eq) -> sp.Expr:
    """z_a replaced by phi(h_a), at every coordinate and input."""
    pattern = activation.lhs
    places = {}
    for entry in expression.atoms(Entry):
        if entry.args[:2] == pattern.args[:2]:
            places[entry] = activation.rhs.xreplace({pattern.indices[0]: entry.indices[0], pattern.inputs[0]: entry.inputs[0]})
    return expression.xreplace(places)


def _average_put_in(expression: sp.Expr, average: TendsTo) -> sp.Expr:
    """The average over a layer replaced by its limit, at both inputs and on the diagonals."""
    for first, second in ((X, Y), (X, X), (Y, Y)):
        labels = {X: first, Y: second}
        (total,) = average.lhs.xreplace(labels).atoms(sp.Sum)
        width = total.limits[0][2]
        expression = expression.xreplace({total: width * average.rhs.xreplace(labels)})
    return expression


@rule(
    source=Citation("lee2018", "Sec. 2.3"),
    check=checks.nngp_induction,
    reason="True at the first layer, and at layer l+1 if at layer l: true at every layer.",
    discharges=(NNGP_HYPOTHESIS,),
)
def nngp_induction(hypothesis: Statement, base: Statement, step: Statement) -> Statement:
    r"""K^1 = \sigma_w^2 s_{12} + \sigma_b^2,\qquad K^{\ell+1} = \sigma_w^2 V_\phi(K^\ell) + \sigma_b^2"""
    level = hypothesis.claim.lhs[0].layer
    first = _at_equal_neurons(base.claim.args[1].cov(0, 1))
    following = _at_equal_neurons(step.claim.rhs.cov(0, 1))
    equations = (sp.Eq(kernel("K", sp.S.One), first, evaluate=False), sp.Eq(kernel("K", level + 1), following, evaluate=False))
    return Statement(sp.Tuple(hypothesis.claim, *equations), Regime.LIMIT_SEQUENTIAL)


def _at_equal_neurons(expression: sp.Expr) -> sp.Expr:
    """The coefficient of the delta of the two neurons."""
    deltas = sorted(expression.atoms(sp.KroneckerDelta), key=str)
    if len(deltas) != 1:
        raise RuleError(f"{expression} is not a multiple of one delta", where="induction")
    return sp.expand(expression.xreplace({deltas[0]: sp.S.One}))


@rule(
    source=Citation("", "a conjunction holds part by part"), check=checks.law_at_every_layer, reason="The law of the pre-activations, now known at every layer."
)
def law_at_every_layer(theorem: Statement) -> Statement:
    r"""(h^\ell_a(x), h^\ell_b(x')) \to \mathcal N(0, \delta_{ab}K^\ell)\quad\text{for all } \ell"""
    return Statement(theorem.claim[0])


@rule(
    source=Citation("", "induction over the layers"),
    check=checks.hypothesis,
    reason="The induction hypothesis for the tangent kernel, with the decay off the diagonal that fresh weights need.",
)
def ntk_hypothesis(*, layer: sp.Expr) -> Statement:
    r"""\hat\Theta^\ell_{ab} \to \delta_{ab}\Theta^\ell,\qquad \mathbb E\big(\hat\Theta^\ell_{ab}\big)^2 = O(1/n)\;\; (a \ne b)"""
    a, b = index("a"), index("b")
    entry = Entry("Thetahat", layer, (X, Y), (a, b))
    limit = TendsTo(entry, sp.KroneckerDelta(a, b) * kernel("Theta", layer), widths_below(layer - 1))
    decay = OfOrder(Mean(entry**2), 1 / sp.Symbol("n", positive=True), sp.Ne(a, b))
    text = (
        r"$\hat\Theta^\ell_{ab}(x,x')$ tends in probability to $\delta_{ab}\Theta^\ell(x,x')$, and $\mathbb E(\hat\Theta^\ell_{ab})^2 = O(1/n)$ for $a\neq b$, "
        r"$n$ the smallest hidden width (to be discharged by induction)."
    )
    return Statement(sp.Tuple(limit, decay), Regime.LIMIT_SEQUENTIAL, (Assumption(NTK_HYPOTHESIS, text),))


@rule(
    source=Citation("", "moments of products of independent standard normal variables (Isserlis)"),
    check=checks.fresh_weight_moments,
    reason="The weights of the new layer are independent of everything below; averaging over them pairs their indices.",
)
def fresh_weight_moments(recursion: Statement) -> Statement:
    r"""\mathbb E\,\omega_i'M\omega_j = \delta_{ij}\mathrm{tr}M,\; \mathbb E(\omega_i'M\omega_j)^2 = \|M\|_F^2 + \delta_{ij}(\mathrm{tr}^2M + \mathrm{tr}M^2)

    ``recursion``: the exact recursion of the tangent kernel, whose term in omega is averaged.
    """
    term = _term_in_fresh_weights(recursion.claim.rhs)
    outside = sp.Mul(*(f for f in sp.Mul.make_args(term) if not isinstance(f, sp.Sum)))
    (total,) = term.atoms(sp.Sum)
    (a, _, width), (b, _, _) = total.limits
    weights = [f for f in sp.Mul.make_args(total.function) if _is_parameter(f)]
    matrix = sp.Mul(*(f for f in sp.Mul.make_args(total.function) if not _is_parameter(f)))
    same = sp.KroneckerDelta(*(w.indices[1] for w in weights))
    trace = sp.Sum(matrix.xreplace({b: a}), (a, 1, width))
    square = sp.Sum(matrix**2, (a, 1, width), (b, 1, width))
    mixed = sp.Sum(matrix * matrix.xreplace({a: b, b: a}), (a, 1, width), (b, 1, width))
    over = (Entry("omega", weights[0].layer),)
    mean = sp.Eq(Mean(term, over), outside * same * trace, evaluate=False)
    second = sp.Eq(Mean(term**2, over), outside**2 * (square + same * (trace**2 + mixed)), evaluate=False)
    return Statement(sp.Tuple(mean, second), Regime.EXACT, (INITIALIZATION,))


def _term_in_fresh_weights(expression: sp.Expr) -> sp.Expr:
    terms = [t for t in sp.Add.make_args(expression) if any(_is_parameter(e) for e in t.atoms(Entry))]
    if len(terms) != 1:
        raise RuleError(f"{len(terms)} terms with weights in {expression}", where="fresh weights", why="the exact recursion has one")
    return terms[0]


@rule(
    source=Citation("arora2019", "App. D"),
    check=checks.fresh_weights,
    reason=r"The variance over the fresh weights is at most $2\|M\|_F^2/n^2$, which tends to zero as $M$ decays off the diagonal: the term tends to its mean.",
)
def fresh_weights(moments: Statement, hypothesis: Statement, average: Statement) -> Statement:
    r"""\frac1n\sum_{ab}\omega_{ai}\omega_{bj}M_{ab} \;\to\; \delta_{ij}\lim\frac1n\operatorname{tr}M \quad\text{if } \omega\perp M,\; \|M\|_F^2 = o(n^2)

    ``moments``: of the term over the fresh weights; ``hypothesis``: M's kernel tends to a multiple of the identity; ``average``: of the slopes.
    """
    mean = moments.claim[0]
    limit, _ = hypothesis.claim
    places = {}
    for entry in mean.rhs.atoms(Entry):
        if entry.args[:3] == limit.lhs.args[:3]:
            names = dict(zip(limit.lhs.indices, entry.indices, strict=True))
            places[entry] = limit.rhs.xreplace(names)
    (total,) = mean.rhs.atoms(sp.Sum)
    (a, _, width) = total.limits[0]
    pulled = add_up(total.function.xreplace(places), a, width)
    value = _average_put_in(mean.rhs.xreplace({total: pulled}), average.claim)
    return Statement(TendsTo(mean.lhs.integrand, value, average.claim.widths), Regime.LIMIT_SEQUENTIAL)


@rule(
    source=Citation("", "counting powers of the width"),
    check=checks.off_diagonal_decay,
    reason=r"For $i \ne j$ only $\|M\|_F^2/n^2$ is left: $n$ terms of order one and $n^2$ terms of order $1/n$, over $n^2$.",
)
def off_diagonal_decay(moments: Statement, hypothesis: Statement, recursion: Statement) -> Statement:
    r"""\mathbb E\big(\hat\Theta^{\ell+1}_{ij}\big)^2 = \frac{\sigma_w^4}{n_\ell^2}\sum_{ab}\mathbb E M_{ab}^2 = O(1/n)\quad (i\neq j)"""
    entry = recursion.claim.lhs
    order = hypothesis.claim[1].rhs
    return Statement(OfOrder(Mean(entry**2), order, sp.Ne(*entry.indices)), Regime.LIMIT_SEQUENTIAL, (REGULAR,))


@rule(
    source=Citation("jacot2018", "Thm. 1"),
    check=checks.tangent_kernel_converges,
    reason="Each term of the exact recursion tends to its limit, so their sum does.",
)
def tangent_kernel_converges(recursion: Statement, activation: Statement, average: Statement, fresh: Statement, nngp: Statement) -> Statement:
    r"""\hat\Theta^{\ell+1}_{ij} \to \delta_{ij}\big(K^{\ell+1} + \sigma_w^2 V_{\phi'}(K^\ell)\,\Theta^\ell\big)"""
    term = _term_in_fresh_weights(recursion.claim.rhs)
    if fresh.claim.lhs != term:
        raise RuleError("the limit is of another term", where="tangent_kernel_converges")
    limit = _average_put_in(_activation_put_in(recursion.claim.rhs - term, activation.claim), average.claim) + fresh.claim.rhs
    same = sp.KroneckerDelta(*recursion.claim.lhs.indices)
    named = nngp.claim[2]
    inside = sp.expand(_at_equal_neurons(sp.expand(limit)) - named.rhs + named.lhs)
    return Statement(TendsTo(recursion.claim.lhs, same * inside, fresh.claim.widths), Regime.LIMIT_SEQUENTIAL)


@rule(
    source=Citation("jacot2018", "Thm. 1"),
    check=checks.ntk_induction,
    reason="True at the first layer, and at layer l+1 if at layer l: true at every layer.",
    discharges=(NTK_HYPOTHESIS,),
)
def ntk_induction(hypothesis: Statement, base: Statement, step: Statement, decay: Statement, nngp: Statement) -> Statement:
    r"""\Theta^1 = K^1,\qquad \Theta^{\ell+1} = K^{\ell+1} + \sigma_w^2 V_{\phi'}(K^\ell)\,\Theta^\ell"""
    level = hypothesis.claim[0].lhs.layer
    bottom = nngp.claim[1]
    first = sp.expand(_at_equal_neurons(sp.expand(base.claim.rhs)) - bottom.rhs + bottom.lhs)
    following = _at_equal_neurons(sp.expand(step.claim.rhs))
    equations = (sp.Eq(kernel("Theta", sp.S.One), first, evaluate=False), sp.Eq(kernel("Theta", level + 1), following, evaluate=False))
    return Statement(sp.Tuple(*hypothesis.claim, *equations), Regime.LIMIT_SEQUENTIAL)
