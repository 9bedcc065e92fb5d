"""Runtime pieces of a generated JAX module for computed duals, as text: panels, the Hermite-Mehler series, functions that do not overflow."""

from __future__ import annotations

HEADS = '''

def _sech(x):
    """1 / cosh(x), without overflow."""
    small = jnp.exp(-jnp.abs(x))
    return 2 * small / (1 + small * small)


def _held_exp(x):
    """exp(x), held at a large finite number where it would overflow: what it saturates has settled by then."""
    return jnp.exp(jnp.minimum(x, 0.6 * int(jnp.finfo(x.dtype).maxexp)))


def _log_cosh(x):
    """log(cosh(x)), without overflow, without cancellation near 0."""
    near = jnp.abs(x) < 1
    inside = jnp.where(near, x, 0)
    outside = jnp.where(near, 1, jnp.abs(x))
    small = jnp.log1p(2 * jnp.sinh(inside / 2) ** 2)
    return jnp.where(near, small, outside + jnp.log1p(jnp.exp(-2 * outside)) - 0.6931471805599453)
'''

PANELS = '''

# step and reach of the trapezoidal rule, terms of the series, nodes of a panel
_SIZES = {"float64": (0.05, 12.0, 2048, 32), "float32": (0.1, 12.0, 256, 20)}

_LEGENDRE = {
    16: (
        (0.005299532504175033, 0.994700467495825, 0.013576229705877048),
        (0.02771248846338371, 0.9722875115366163, 0.031126761969323947),
        (0.06718439880608412, 0.9328156011939158, 0.04757925584124639),
        (0.12229779582249849, 0.8777022041775016, 0.06231448562776694),
        (0.19106187779867811, 0.8089381222013219, 0.07479799440828837),
        (0.2709916111713863, 0.7290083888286137, 0.08457825969750127),
        (0.35919822461037054, 0.6408017753896295, 0.09130170752246179),
        (0.4524937450811813, 0.5475062549188188, 0.09472530522753425),
    ),
    20: (
        (0.0034357004074525377, 0.9965642995925474, 0.008807003569576059),
        (0.018014036361043106, 0.9819859636389568, 0.02030071490019347),
        (0.04388278587433705, 0.956117214125663, 0.031336024167054534),
        (0.0804415140888906, 0.9195584859111094, 0.04163837078835238),
        (0.1268340467699246, 0.8731659532300754, 0.05096505990862022),
        (0.1819731596367425, 0.8180268403632576, 0.059097265980759206),
        (0.24456649902458646, 0.7554335009754135, 0.06584431922458832),
        (0.3131469556422902, 0.6868530443577098, 0.07104805465919102),
        (0.38610707442917747, 0.6138929255708225, 0.07458649323630187),
        (0.46173673943325133, 0.5382632605667487, 0.07637669356536292),
    ),
    24: (
        (0.00240639000148932, 0.9975936099985107, 0.0061706148999936),
        (0.012635722014345251, 0.9873642779856547, 0.014265694314466832),
        (0.030862723998633622, 0.9691372760013663, 0.022138719408709904),
        (0.056792236497799485, 0.9432077635022005, 0.02964929245771839),
        (0.08999900701304854, 0.9100009929869515, 0.03667324070554015),
        (0.12993790421072282, 0.8700620957892772, 0.04309508076597664),
        (0.17595317403151223, 0.8240468259684878, 0.04880932605205694),
        (0.22728926430558022, 0.7727107356944197, 0.05372213505798282),
        (0.2831032461869774, 0.7168967538130225, 0.0577528340268628),
        (0.3424786601519183, 0.6575213398480817, 0.060835236463901696),
        (0.40444056626319186, 0.5955594337368082, 0.06291872817341415),
        (0.4679715535686972, 0.5320284464313028, 0.06396909767337608),
    ),
    32: (
        (0.0013680690752592183, 0.9986319309247408, 0.003509305004735048),
        (0.007194244227365833, 0.9928057557726342, 0.008137197365452835),
        (0.017618872206246784, 0.9823811277937532, 0.01269603265463103),
        (0.03254696203113015, 0.9674530379688698, 0.017136931456510716),
        (0.05183942211697394, 0.9481605778830261, 0.02141794901111334),
        (0.07531619313371501, 0.9246838068662849, 0.025499029631188087),
        (0.1027581020160288, 0.8972418979839712, 0.029342046739267772),
        (0.13390894062985517, 0.8660910593701449, 0.032911111388180925),
        (0.1684778665348924, 0.8315221334651076, 0.03617289705442425),
        (0.20614212137961885, 0.7938578786203812, 0.039096947893535156),
        (0.2465500455338853, 0.7534499544661147, 0.041655962113473374),
        (0.2893243619346823, 0.7106756380653176, 0.043826046502201906),
        (0.33406569885893617, 0.6659343011410638, 0.045586939347881945),
        (0.38035631887393145, 0.6196436811260685, 0.04692219954040228),
        (0.42776401920860174, 0.5722359807913983, 0.04781936003963743),
        (0.4758461671561308, 0.5241538328438692, 0.0482700442573639),
    ),
}


def _legendre(count, dtype):
    """Gauss-Legendre nodes and weights on (0, 1)."""
    half = _LEGENDRE[count]
    nodes = [low for low, _, _ in half] + [high for _, high, _ in reversed(half)]
    weights = [w for _, _, w in half] + [w for _, _, w in reversed(half)]
    return jnp.asarray(nodes, dtype), jnp.asarray(weights, dtype)


def _normal(z):
    """Density of N(0, 1)."""
    return jnp.exp(-z * z / 2) / (2 * jnp.pi) ** 0.5


def _along(anchor, far, width, y, w, power):
    """Points from ``anchor`` to ``far``, dense within ``width`` of the anchor, and their weights: p = anchor + scale sinh(strength y)."""
    length = far - anchor
    ratio = jnp.abs(length) / width
    strength = jnp.log(ratio + jnp.sqrt(1 + ratio * ratio)) + 0.01
    full, part = jnp.exp(strength), jnp.exp(strength * y**power)
    scale = length / (full - 1 / full)
    rate = strength * power * y ** (power - 1)
    return anchor + scale * (part - 1 / part), w * jnp.abs(scale) * (part + 1 / part) * rate


def _half_panels(breaks, reach):
    """Every break with the two half intervals beside it: starts and ends."""
    middles = (breaks[1:] + breaks[:-1]) / 2
    below = jnp.concatenate([-reach[None], middles])
    above = jnp.concatenate([middles, reach[None]])
    return jnp.concatenate([breaks, breaks]), jnp.concatenate([below, above])


def _broken(numerators, root, reach):
    """numerators / root where that lies in [-reach, reach], else 0: a break that is not needed does no harm there."""
    safe = jnp.where(root > 0, root, 1)
    near = [(root > 0) & (jnp.abs(t) < reach * root) for t in numerators]
    return [jnp.where(k, jnp.where(k, t, 0) / safe, 0) for k, t in zip(near, numerators)]


def _ascending(entries):
    """The entries in ascending order, stacked: by a network of comparisons where they are few, which would take long to compile where they are many."""
    entries = list(entries)
    if len(entries) > 4:
        return jnp.sort(jnp.stack(entries), axis=0)
    for last in range(len(entries) - 1, 0, -1):
        for k in range(last):
            low, high = entries[k], entries[k + 1]
            entries[k], entries[k + 1] = jnp.minimum(low, high), jnp.maximum(low, high)
    return jnp.stack(entries)


def _panels(curves, terms, thresholds, options, count, q11, q12, q22):
    """E of every term by Gauss-Legendre panels that end where u or v crosses a threshold.

    u = sqrt(q11) (C p + S d), v = +-sqrt(q22) (C p - S d) with p, d ~ N(0, 1) independent and C, S = cos, sin
    of half the angle between the inputs.  Panels in d end where two thresholds cross, panels in p at every threshold.
    """
    scale, growth, power = options
    q11, q12, q22 = jnp.broadcast_arrays(q11, q12, q22)
    dtype, shape = q12.dtype, q12.shape
    y, w = _legendre(count, dtype)
    half = _angle(_root_det(q11, q12, q22), jnp.abs(q12)) / 2
    C, S = jnp.cos(half), jnp.sin(half)
    sign = jnp.where(q12 < 0, -1, 1).astype(dtype)
    r1, r2 = _root(q11), _root(q22)
    largest = jnp.maximum(r1, r2)
    reach = 9 + 2 * growth * largest
    width = scale / jnp.sqrt(scale * scale + largest * largest)
    first = _broken([jnp.full_like(C, t) for t in thresholds], r1, reach)
    second = _broken([sign * t for t in thresholds], r2, reach)
    crossings = [e1 - e2 for e1 in first for e2 in second]
    crossings = _ascending(_broken(crossings, 2 * S, reach))
    starts, ends = _half_panels(crossings, reach)
    wide = jnp.minimum(width * C / jnp.where(S > 0, S, 1), 1)
    wide = jnp.where(S > 0, wide, 1)
    block = count if q12.size * count <= 2**18 else 1
    nodes = y.reshape((-1, block) + (1,) * len(shape))
    weights = w.reshape(nodes.shape)

    def outer(k, sums):
        panel, node = k // count, k % count
        d, of_d = _along(starts[panel], ends[panel], wide, y[node], w[node], power)
        breaks = [(e - S * d) / C for e in first] + [(e + S * d) / C for e in second]
        breaks = jnp.clip(_ascending(breaks), -reach[None], reach[None])
        near, far = _half_panels(breaks, reach)

        def inner(j, inside):
            m, part = j // len(nodes), j % len(nodes)
            at, to = near[m][None], far[m][None]
            p, of_p = _along(at, to, (width / C)[None], nodes[part], weights[part], power)
            x1, x2 = C[None] * p, (S * d)[None]
            u, v = r1[None] * (x1 + x2), (sign * r2)[None] * (x1 - x2)
            both = curves(jnp.stack([u, v]))
            values = terms([f[0] for f in both], [f[1] for f in both], u, v)
            of_p = of_p * _normal(p)
            return tuple(s + jnp.sum(of_p * value, 0) for s, value in zip(inside, values))

        inside = lax.fori_loop(0, len(near) * len(nodes), inner, zeros)
        return tuple(s + of_d * _normal(d) * value for s, value in zip(sums, inside))

    found = jax.eval_shape(lambda x: terms(curves(x), curves(x), x, x), q12)
    zeros = tuple(jnp.zeros(shape, dtype) for _ in found)
    return lax.fori_loop(0, len(starts) * count, outer, zeros)


def _line_panels(curves, thresholds, options, count, q):
    """E f^2 for every f of ``curves``, by the same panels in one variable."""
    scale, growth, power = options
    y, w = _legendre(count, q.dtype)
    root = _root(q)
    reach = 9 + 2 * growth * root
    width = scale / jnp.sqrt(scale * scale + q)
    breaks = jnp.stack(_broken([jnp.full_like(q, t) for t in thresholds], root, reach))
    near, far = _half_panels(breaks, reach)
    shaped = (-1, 1) + (1,) * q.ndim
    z, of_z = _along(near[None], far[None], width[None, None], y.reshape(shaped), w.reshape(shaped), power)
    return [jnp.sum(of_z * _normal(z) * f * f, (0, 1)) for f in curves(root[None, None] * z)]


def _value_terms(fu, fv, *_):
    return fu[0] * fv[0], fu[1] * fv[1]


def _first_term(fu, fv, *_):
    return (fu[0] * fv[0],)


def _moment_terms(fu, fv, u, v):
    return fu[0] * fv[0], fu[1] * fv[1], u * fu[1] * fv[0], v * fu[0] * fv[1]


def _kinked_average(curves, edges, options, jumps, q11, q12, q22, fewer=0, moments=False):
    """V and V' of a phi with kinks, then with ``moments`` E[u phi'(u) phi(v)] and E[phi(u) v phi'(v)].

    Where phi jumps, V' is dV/dq12 of the panels themselves, and there are no moments.
    """
    count = _SIZES[q12.dtype.name][3] - fewer

    def by_panels(q12):
        terms = _first_term if jumps else _moment_terms if moments else _value_terms
        return _panels(curves, terms, edges, options, count, q11, q12, q22)

    if not jumps:
        return by_panels(q12)
    q12 = jnp.broadcast_to(q12, jnp.broadcast_shapes(q11.shape, q12.shape, q22.shape))
    (V,), (dV,) = jax.jvp(by_panels, (q12,), (jnp.ones_like(q12),))
    return V, jnp.where(_coincident(edges, q11, q12, q22), jnp.inf, dV)


def _kinked_partials(average, *arguments):
    """V and V' and their derivatives by q11, q12, q22 and every parameter: those of the panels, which move with the kinks.

    2 q11 dV/dq11 = E[u phi'(u) phi(v)] - q12 V' by Stein's lemma, which holds at correlation +-1 too.
    """

    def along(choice):
        tangents = tuple(jnp.full_like(entry, 1) * choice[k] for k, entry in enumerate(arguments))
        return jax.jvp(average, arguments, tangents)

    every = jnp.eye(len(arguments), dtype=arguments[0].dtype)
    (V, dV, *moments), (by_V, by_dV, *_) = jax.vmap(along, out_axes=(None, 0))(every)
    first, second = by_V[0], by_V[2]
    if moments:
        q11, q12, q22 = arguments[:3]
        finite = jnp.isfinite(dV)
        both = q12 * jnp.where(finite, dV, 0)
        first = jnp.where(finite, (moments[0] - both) * _reciprocal(q11) / 2, first)
        second = jnp.where(finite, (moments[1] - both) * _reciprocal(q22) / 2, second)
    partials = [first, by_dV[0], by_V[1], by_dV[1], second, by_dV[2]]
    for k in range(3, len(arguments)):
        partials += [by_V[k], by_dV[k]]
    return V, dV, *partials


def _coincident(edges, q11, q12, q22):
    """Where correlation +-1 puts u and v at thresholds at once."""
    r1, r2 = _root(q11), jnp.sign(q12) * _root(q22)
    meet = [s * r2 == t * r1 for s in edges for t in edges]
    return sum(meet[1:], meet[0]) & (_root_det(q11, q12, q22) == 0)


def _panel_bound(curves, edges, options, jumps, q11, q12, q22):
    """Four times the change under a coarser node set, and rounding."""
    count = _SIZES[q12.dtype.name][3]
    eps = float(jnp.finfo(q12.dtype).eps)
    fewer = 8 if count > 20 else 4
    V, dV = _kinked_average(curves, edges, options, jumps, q11, q12, q22)
    coarse = _kinked_average(curves, edges, options, jumps, q11, q12, q22, fewer=fewer)
    one, two = (_line_panels(curves, edges, options, count, q) for q in (q11, q22))
    size = jnp.sqrt(one[0] * two[0])
    if jumps:
        slope = jnp.abs(dV) + size * _reciprocal(_root_det(q11, q12, q22))
    else:
        slope = jnp.sqrt(one[1] * two[1])
    slope = jnp.where(jnp.isfinite(slope), slope, jnp.abs(dV))
    same = dV == coarse[1]  # both infinite
    changes = jnp.abs(V - coarse[0]), jnp.where(same, 0, jnp.abs(dV - jnp.where(same, 0, coarse[1])))
    # the rate of Gauss-Legendre beside a kink, measured: two node sets may agree by chance
    scale, growth, _ = options
    spread = jnp.sqrt(1 + jnp.maximum(q11, q22) / scale**2)
    panel = 18 * spread + 4 * growth * jnp.sqrt(jnp.maximum(q11, q22)) * spread
    rate = 2 * jnp.exp(-4.4 * count / jnp.log(panel))
    return tuple(4 * change + (64 * eps + rate) * s for change, s in zip(changes, (size, slope)))


def _with_cancellation(bounds, curves, sizes, edges, options, q11, q22):
    """The bounds, with what rounding leaves where the terms of phi or phi' cancel."""
    count = _SIZES[q11.dtype.name][3]
    eps = float(jnp.finfo(q11.dtype).eps)
    f1, f2 = (_line_panels(curves, edges, options, count, q) for q in (q11, q22))
    s1, s2 = (_line_panels(sizes, edges, options, count, q) for q in (q11, q22))
    return tuple(
        bound + 4 * eps * (jnp.sqrt(s1[k]) * jnp.sqrt(f2[k]) + jnp.sqrt(f1[k]) * jnp.sqrt(s2[k]) + eps * jnp.sqrt(s1[k]) * jnp.sqrt(s2[k]))
        for k, bound in enumerate(bounds)
    )


def _in_blocks(average, q11, q12, q22, most=4096):
    """``average``, in blocks of pairs where every pair has variances of its own and there are many."""
    shape = jnp.broadcast_shapes(q11.shape, q12.shape, q22.shape)
    total = max(1, jnp.zeros(shape, bool).size)
    if total <= most or max(q11.size, q22.size) < total:
        return average(q11, q12, q22)
    columns = [jnp.broadcast_to(q, shape).reshape(-1) for q in (q11, q12, q22)]
    padded = [jnp.pad(q, (0, -total % most), mode="edge").reshape(-1, most) for q in columns]
    found = lax.map(lambda block: average(*block), tuple(padded))
    return tuple(entry.reshape(-1)[:total].reshape(shape) for entry in found)
'''

SERIES = '''

def _hermite(dtype, refined=1):
    """Nodes z and weights of the trapezoidal rule for E[f(z)], and a row He_n(z) weight / sqrt(n!) for every n."""
    step, reach, terms, _ = _SIZES[dtype.name]
    step = step * refined
    size = int(reach / step)
    z = step * jnp.arange(-size, size + 1).astype(dtype)
    envelope = jnp.exp(-z * z / 4)

    def recurrence(pair, n):
        before, now = pair
        following = (z * now - jnp.sqrt(n) * before) / jnp.sqrt(n + 1)
        return (now, following), now

    start = (jnp.zeros_like(z), envelope)
    _, rows = lax.scan(recurrence, start, jnp.arange(terms).astype(dtype))
    rows = rows * (envelope * (step / (2 * jnp.pi) ** 0.5))[None]
    return z, _normal(z) * step, rows


def _coefficients(curves, q, hermite):
    """a_n = E[f(sqrt(q) z) He_n(z)] / sqrt(n!) for every f of ``curves``, and E f^2.  Shapes (terms, *q.shape) and q.shape."""
    z, weights, rows = hermite
    shape = (-1,) + (1,) * q.ndim
    found = curves(_root(q)[None] * z.reshape(shape))

    def project(f):
        return jnp.tensordot(rows, f, axes=1, precision=lax.Precision.HIGHEST)

    squares = [jnp.sum(weights.reshape(shape) * f * f, axis=0) for f in found]
    return [project(f) for f in found], squares


def _tails(coefficients):
    """Sums of squares from the n-th coefficient on."""
    return jnp.flip(jnp.cumsum(jnp.flip(coefficients**2, 0), 0), 0)


def _enough(coefficients, squares):
    """Where the coefficients hold all of E f^2 that rounding leaves; how many of them matter."""
    eps = float(jnp.finfo(squares.dtype).eps)
    tails = _tails(coefficients)
    captured = jnp.abs(squares - tails[0]) <= 64 * eps * squares
    needed = jnp.sum(captured[None] & (tails > eps / 8 * squares[None]), 0)
    return captured, jnp.max(needed)


def _mehler(pairs, left, right, rho, count):
    """sum_n a_n b_n rho^n over n < count, by Horner's rule, for every pair (i, j) of functions."""

    def step(k, sums):
        n = count - 1 - k
        a = [lax.dynamic_index_in_dim(f, n, keepdims=False) for f in left]
        b = [lax.dynamic_index_in_dim(f, n, keepdims=False) for f in right]
        return tuple(s * rho + a[i] * b[j] for s, (i, j) in zip(sums, pairs))

    return lax.fori_loop(0, count, step, tuple(jnp.zeros_like(rho) for _ in pairs))


def _correlation(q11, q12, q22):
    """q12 / sqrt(q11 q22), in [-1, 1]; 0 where a variance is 0."""
    rho = q12 * _reciprocal(_root(q11)) * _reciprocal(_root(q22))
    return jnp.clip(rho, -1, 1)


def _smooth_average(curves, pairs, thresholds, options, q11, q12, q22):
    """E[f_i(u) f_j(v)] of smooth functions for every (i, j): Hermite-Mehler series, panels where it is too short."""
    count = _SIZES[q12.dtype.name][3]
    hermite = _hermite(q12.dtype)
    left, left_squares = _coefficients(curves, q11, hermite)
    right, right_squares = _coefficients(curves, q22, hermite)
    captured, needed = True, 0
    for found, squares in ((left, left_squares), (right, right_squares)):
        for entry in zip(found, squares):
            kept, many = _enough(*entry)
            captured, needed = kept & captured, jnp.maximum(many, needed)
    rho = _correlation(q11, q12, q22)
    captured = jnp.broadcast_to(captured, rho.shape)
    series = _mehler(pairs, left, right, rho, needed)

    def products(fu, fv, *_):
        return tuple(fu[i] * fv[j] for i, j in pairs)

    def panels():
        return _panels(curves, products, thresholds, options, count, q11, q12, q22)

    rest = lax.cond(jnp.all(captured), lambda: tuple(jnp.zeros_like(s) for s in series), panels)
    return tuple(jnp.where(captured, s, r) for s, r in zip(series, rest))


def _smooth_bound(curves, thresholds, options, q11, q12, q22):
    """Bounds for the errors of V and V': truncation by Parseval, quadrature by a second node set, rounding."""
    hermite, other = _hermite(q12.dtype), _hermite(q12.dtype, 1.2)
    eps = float(jnp.finfo(q12.dtype).eps)
    rho = _correlation(q11, q12, q22)
    sides, captured, needed = [], [], []
    for q in (q11, q22):
        found, squares = _coefficients(curves, q, hermite)
        again, _ = _coefficients(curves, q, other)
        moved = [jnp.sqrt(jnp.sum((f - g) ** 2, 0)) for f, g in zip(found, again)]
        kept, many = zip(*(_enough(*entry) for entry in zip(found[:2], squares[:2])))
        captured.append(kept[0] & kept[1])
        needed.append(jnp.maximum(*many))
        left_out = [64 * eps * s for s in squares]
        sides.append((moved, [jnp.sqrt(s) for s in squares], [jnp.sqrt(s) for s in left_out], jnp.sqrt(q)))
    (moved1, norm1, rest1, root1), (moved2, norm2, rest2, root2) = sides
    captured = jnp.broadcast_to(captured[0] & captured[1], rho.shape)
    decay = jnp.abs(rho) ** jnp.maximum(*needed).astype(rho.dtype)
    series = []
    for k in (0, 1):
        size = norm1[k] * norm2[k]
        argument = root1 * norm1[k + 1] * norm2[k] + root2 * norm1[k] * norm2[k + 1]
        correlation = root1 * root2 * norm1[k + 1] * norm2[k + 1]
        rounding = eps * (32 * size + 4 * argument + 4 * correlation)
        series.append(moved1[k] * norm2[k] + norm1[k] * moved2[k] + decay * rest1[k] * rest2[k] + rounding)

    def panels():
        return _panel_bound(lambda x: curves(x)[:2], thresholds, options, False, q11, q12, q22)

    rest = lax.cond(jnp.all(captured), lambda: tuple(jnp.zeros_like(rho) for _ in range(2)), panels)
    return tuple(jnp.where(captured, s, r) for s, r in zip(series, rest))
'''
