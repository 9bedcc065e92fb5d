"""Runtime pieces of a generated JAX module for probabilities of half-lines and quadrants, as text; a module holds those it uses.

Sources: Owen, Ann. Math. Statist. 27 (1956) 1075 (the mass behind a half-line); Shepherd and Laframboise, Math. Comp. 36 (1981) 249 (erfcx).
The tables of numbers are Chebyshev coefficients and Gauss-Legendre nodes; ``tests/lowering/test_probability.py`` makes them again.
"""

from __future__ import annotations

import re

from ntksym.lowering.printers.jax_germ import GERM, HALF_MOMENTS

QUOTIENT = '''

def _quotient(x, y):
    """x / y for y >= 0, a huge number with the sign of x where y = 0 or the quotient is larger; 0 / 0 is 0."""
    safe = jnp.where(y > 0, y, 1)
    return jnp.where(y > 0, jnp.clip(x / safe, -1e15, 1e15), 1e15 * jnp.sign(x))
'''

POSITIVE = '''

def _positive(q):
    """A variance of 0 as the smallest one whose formulas neither underflow nor overflow."""
    return jnp.maximum(q, float(jnp.finfo(q.dtype).tiny) ** 0.375)
'''

GAP = '''

def _gap(q11, q12, q22):
    """q11 - 2 q12 + q22 = E[(u - v)^2]; both differences are exact where they cancel."""
    return (q11 - q12) + (q22 - q12)
'''

SERIES = '''

def _chebyshev(coefficients, t):
    """The sum of coefficients[k] T_k(t), by Clenshaw's recurrence."""
    after, here = jnp.zeros_like(t), jnp.zeros_like(t)
    for coefficient in reversed(coefficients[1:]):
        after, here = here, 2 * t * here - after + coefficient
    return t * here - after + coefficients[0]
'''

ERFCX = '''

# (1 + 2x) exp(x^2) erfc(x) in Chebyshev polynomials of (x - 3) / (x + 3)
_ERFCX = (
    1.17756257419656, 0.005353904539615676, -0.09377550342284209, 0.05436652555744322,
    -0.018976596707845208, 0.004453426061462712, -0.0006335531710553147,
    1.7661719523171593e-05, 1.2841532864056671e-05, -2.0072285659059913e-06,
    -1.807522790414837e-07, 7.549828343825093e-08, 1.885668523838603e-09,
    -2.699519049798364e-09, -1.460079119939105e-11, 1.0361607445969489e-10,
    1.475715976623473e-12, -4.277340064396911e-12, -2.07922492859799e-13,
    1.8134502003176963e-13, 1.973425574544739e-14, -7.287943737592673e-15,
    -1.5169878690228116e-15, 2.3514112258781403e-16, 1.0006111691821667e-16,
    -2.0572528169538546e-18,
)


@jax.custom_jvp
def _erfcx(x):
    """exp(x^2) erfc(x) for x >= 0."""
    terms = len(_ERFCX) if x.dtype == jnp.float64 else 12
    return _chebyshev(_ERFCX[:terms], (x - 3) / (x + 3)) / (1 + 2 * x)


@_erfcx.defjvp
def _erfcx_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    value = _erfcx(x)
    return value, (2 * x * value - 2 / jnp.pi**0.5) * dx
'''

DAWSON = '''

# (1 + 2 x^2) F(x) / x in Chebyshev polynomials of (x^2 - 16) / (x^2 + 16), F Dawson's integral
_DAWSON = (
    1.1625044442912795, -0.2191518013526791, 0.038946394566368794, 0.07161858365933171,
    -0.1123430336911124, 0.1033532855344265, -0.07179517873255088, 0.03937503912741293,
    -0.01675195975098699, 0.005043082391761991, -0.0006999110754612234,
    -0.00022126653470150583, 0.000150653928764342, -2.1691845347787677e-05,
    -1.187228928968144e-05, 5.484222223075252e-06, 4.199720379612863e-07,
    -8.125951126315853e-07, 5.8601954753719076e-08, 1.1118779239840302e-07,
    -1.9010882952562257e-08, -1.5953150158292034e-08, 3.736993956723862e-09,
    2.5359781934339218e-09, -6.304941647763031e-10, -4.50267648879998e-10,
    9.356807143683554e-11, 8.679749887141685e-11, -1.0612565062053442e-11,
    -1.7335943197577226e-11, 1.1203534553451095e-13, 3.402175372752956e-12,
    4.645387830595414e-13, -6.146119044353398e-13, -2.0191942065246122e-13,
    9.047362288514876e-14, 6.101841526749966e-14, -6.3415288848494575e-15,
    -1.4750686563535813e-14, -2.1502234360725974e-15, 2.7579314911070874e-15,
    1.2190338690393113e-15, -2.9516796842384545e-16, -3.68192250565118e-16,
)


@jax.custom_jvp
def _scaled_erfi(e, x):
    """exp(e - x^2) erfi(x)."""
    terms = len(_DAWSON) if x.dtype == jnp.float64 else 22
    square = jnp.minimum(x * x, 1e30)
    series = _chebyshev(_DAWSON[:terms], (square - 16) / (square + 16))
    return jnp.exp(e) * 2 / jnp.pi**0.5 * x / (1 + 2 * square) * series


@_scaled_erfi.defjvp
def _scaled_erfi_jvp(primals, tangents):
    (e, x), (de, dx) = primals, tangents
    value = _scaled_erfi(e, x)
    return value, value * (de - 2 * x * dx) + jnp.exp(e) * 2 / jnp.pi**0.5 * dx
'''

CDF = '''

def _scaled_cdf(e, e_edge, x):
    """exp(e) P(z <= x) for a standard normal z, e_edge = e - x^2 / 2: no overflow of one factor, no underflow of the other."""
    inside = x >= 0
    bulk = jnp.exp(jnp.where(inside, e, 0)) * jax.scipy.special.erfc(-x / 2**0.5) / 2
    tail = jnp.exp(jnp.where(inside, 0, e_edge)) * _erfcx(jnp.abs(x) / 2**0.5) / 2
    return jnp.where(inside, bulk, tail)
'''

GAUSS = '''

def _gauss(height, nodes, like):
    """The Gauss sum of ``height`` over [0, 1], node after node."""
    table = jnp.asarray(nodes, like.dtype)

    def add(k, total):
        return total + table[k, 1] * height(table[k, 0])

    return lax.fori_loop(0, len(nodes), add, jnp.zeros_like(like))
'''

NODES_12 = """

# Gauss-Legendre nodes and weights on [0, 1]
_NODES_12 = (
    (0.009219682876640375, 0.023587668193255914),
    (0.04794137181476257, 0.05346966299765921),
    (0.11504866290284765, 0.08003916427167311),
    (0.2063410228566913, 0.10158371336153296),
    (0.3160842505009099, 0.1167462682691774),
    (0.43738329574426554, 0.12457352290670139),
    (0.5626167042557345, 0.12457352290670139),
    (0.6839157494990901, 0.1167462682691774),
    (0.7936589771433087, 0.10158371336153296),
    (0.8849513370971523, 0.08003916427167311),
    (0.9520586281852375, 0.05346966299765921),
    (0.9907803171233597, 0.023587668193255914),
)
"""

NODES_24 = """

# Gauss-Legendre nodes and weights on [0, 1]
_NODES_24 = (
    (0.00240639000148932, 0.0061706148999936),
    (0.012635722014345251, 0.014265694314466832),
    (0.030862723998633622, 0.022138719408709904),
    (0.056792236497799485, 0.02964929245771839),
    (0.08999900701304854, 0.03667324070554015),
    (0.12993790421072282, 0.04309508076597664),
    (0.17595317403151223, 0.04880932605205694),
    (0.22728926430558022, 0.05372213505798282),
    (0.2831032461869774, 0.0577528340268628),
    (0.3424786601519183, 0.060835236463901696),
    (0.40444056626319186, 0.06291872817341415),
    (0.4679715535686972, 0.06396909767337608),
    (0.5320284464313028, 0.06396909767337608),
    (0.5955594337368082, 0.06291872817341415),
    (0.6575213398480817, 0.060835236463901696),
    (0.7168967538130225, 0.0577528340268628),
    (0.7727107356944197, 0.05372213505798282),
    (0.8240468259684878, 0.04880932605205694),
    (0.8700620957892772, 0.04309508076597664),
    (0.9100009929869515, 0.03667324070554015),
    (0.9432077635022005, 0.02964929245771839),
    (0.9691372760013663, 0.022138719408709904),
    (0.9873642779856547, 0.014265694314466832),
    (0.9975936099985107, 0.0061706148999936),
)
"""

HIDDEN = '''

@jax.custom_jvp
def _hidden(h, y):
    """exp((h^2 + y^2) / 2) times the mass of a standard normal pair behind a half-line, seen from 0.

    The line has the distance h >= 0 from 0, the half-line begins y >= 0 beyond the foot of the perpendicular.
    That is 1/(2 pi) times the integral of exp(-y t - t^2 / 2) h / (h^2 + (y + t)^2) over t > 0.  Integrated over the
    angle, as twice the arctangent of w: from the half-line's begin on where it is far from 0, up to there where it is near.
    """
    double = h.dtype == jnp.float64
    cut, nodes, limit = (37, _NODES_24, 4.84) if double else (17, _NODES_12, 2.25)
    h = jnp.maximum(h, 1e-18)
    radius = h * h + y * y
    far = radius > limit
    swap = ~far & (y > h)  # below 45 degrees
    line, along = jnp.where(swap, y, h), jnp.where(swap, h, y)
    begin = jnp.where(far, y, 0)
    reach = 2 * cut / (y + jnp.sqrt(y * y + 2 * cut))  # exp(-y t - t^2 / 2) = exp(-cut)
    end = jnp.where(far, reach * h / (radius + y * reach), along / line)
    square = jnp.where(far, radius, line * line)
    width = end / (1 + jnp.sqrt(1 + end * end))

    def height(node):
        w = width * node
        slope = 2 * w / ((1 - w) * (1 + w))
        t = square * slope / (line - begin * slope)
        return jnp.exp(-t * (begin + t / 2)) / (1 + w * w)

    total = _gauss(height, nodes, radius) * width / jnp.pi
    # near 0: from what is behind the whole half-line up to the foot take what lies between
    h1, y1 = jnp.where(far, 1, line), jnp.where(far, 1, along)
    grown = jnp.exp(jnp.where(far, 0, radius / 2))
    behind = jax.scipy.special.erfc(h1 / 2**0.5) / 4
    near = grown * behind - jnp.exp(y1 * y1 / 2) * total
    corner = grown * behind * jax.scipy.special.erfc(y1 / 2**0.5)
    return jnp.where(far, total, jnp.where(swap, corner - near, near))


@_hidden.defjvp
def _hidden_jvp(primals, tangents):
    (h, y), (dh, dy) = primals, tangents
    value = _hidden(h, y)
    inverse = 1 / (2 * jnp.pi * jnp.maximum(h * h + y * y, 1e-30))
    by_h = h * value - _erfcx(y / 2**0.5) / (8 * jnp.pi) ** 0.5 + y * inverse
    by_y = y * value - h * inverse
    return value, by_h * dh + by_y * dy
'''

QUADRANT = '''

def _scaled_quadrant(e, e1, e2, e12, h, k, y1, y2, angle):
    """exp(e) P(L >= 0, M >= 0) for a Gaussian pair; everything that is small or large stands in one exponent.

    h, k: means over standard deviations; y1: that of M given L = 0; y2: that of L given M = 0.
    e1 = e - h^2/2, e2 = e - k^2/2, e12 = e - (h^2 + y1^2)/2 are e with the density on either edge and at the corner.
    Each edge of the quadrant hides a mass from the mean.  ``angle``: that of the quadrant after whitening, all there is where the mean is the corner.
    """
    e, e1, e2, e12, h, k, y1, y2 = jnp.broadcast_arrays(*_arrays(e, e1, e2, e12, h, k, y1, y2))
    distance, other = jnp.stack([h, k]), jnp.stack([y1, y2])
    past = other > 0  # the foot of the perpendicular lies on the edge
    hidden = jnp.exp(e12)[None] * _hidden(jnp.abs(distance), jnp.abs(other))
    whole = jnp.exp(jnp.where(past, jnp.stack([e1, e2]), 0)) * _erfcx(jnp.abs(distance) / 2**0.5) / 2
    hidden = jnp.where(past, whole - hidden, hidden)
    edges = jnp.sum(jnp.where(distance > 0, -hidden, hidden), axis=0)
    inside = (h > 0) & (k > 0)
    found = jnp.where(inside, jnp.exp(jnp.where(inside, e, 0)), 0) + edges
    corner = (h == 0) & (k == 0) & (y1 == 0) & (y2 == 0)
    return jnp.where(corner, jnp.exp(jnp.where(corner, e, 0)) * angle / (2 * jnp.pi), found)
'''

ERF = '''

def _erf(x):
    """erf(x), exactly +-1 far out (float32's may fall short of it by an ulp)."""
    near = jax.scipy.special.erf(x)
    far = jnp.sign(x) * (1 - jax.scipy.special.erfc(jnp.abs(x)))
    return jnp.where(jnp.abs(x) < 1, near, far)
'''

TRIANGLE = '''

@jax.custom_jvp
def _triangle(h, y):
    """Mass of a standard normal pair in the triangle 0, (h, 0), (h, y); odd in h and in y.

    Owen: the integral of -expm1(-h^2 / (2 cos^2)) / (2 pi) over its angle at 0, at most 45 degrees of it.
    """
    line, along = jnp.maximum(jnp.abs(h), jnp.abs(y)), jnp.minimum(jnp.abs(h), jnp.abs(y))
    ratio = along / jnp.maximum(line, 1e-18)
    width = ratio / (1 + jnp.sqrt(1 + ratio * ratio))

    def height(node):
        w = (width * node) ** 2
        secant = line * (1 + w) / (1 - w)
        return -jnp.expm1(-secant * secant / 2) / (1 + w)

    total = _gauss(height, _NODES_12, ratio) * width / jnp.pi
    rectangle = _erf(line / 2**0.5) * _erf(along / 2**0.5) / 4
    found = jnp.where(jnp.abs(y) > jnp.abs(h), rectangle - total, total)
    return jnp.sign(h) * jnp.sign(y) * found


@_triangle.defjvp
def _triangle_jvp(primals, tangents):
    (h, y), (dh, dy) = primals, tangents
    radius = h * h + y * y
    near = radius < 1e-30
    density = jnp.where(near, 0.5, -jnp.expm1(-radius / 2) / jnp.where(near, 1, radius)) / (2 * jnp.pi)
    by_h = jnp.exp(-h * h / 2) * _erf(y / 2**0.5) / (8 * jnp.pi) ** 0.5 - y * density
    return _triangle(h, y), by_h * dh + h * density * dy
'''

CORNER = '''

def _corner(h, k, y1, y2):
    """Mass between 0, the corner of a quadrant and the feet of the perpendiculars on its edges (signed).

    P(L >= 0, M >= 0) is 1/4 + arcsin(correlation) / (2 pi) + (erf(h / sqrt 2) + erf(k / sqrt 2)) / 4 and this.
    """
    h, k, y1, y2 = jnp.broadcast_arrays(*_arrays(h, k, y1, y2))
    return jnp.sum(_triangle(jnp.stack([h, k]), jnp.stack([y1, y2])), axis=0)
'''

# Every piece by the name it defines, in the order of need.
PIECES: dict[str, str] = {
    "_positive": POSITIVE,
    "_quotient": QUOTIENT,
    "_gap": GAP,
    "_chebyshev": SERIES,
    "_erfcx": ERFCX,
    "_scaled_erfi": DAWSON,
    "_scaled_cdf": CDF,
    "_NODES_12": NODES_12,
    "_NODES_24": NODES_24,
    "_gauss": GAUSS,
    "_hidden": HIDDEN,
    "_scaled_quadrant": QUADRANT,
    "_erf": ERF,
    "_triangle": TRIANGLE,
    "_corner": CORNER,
    "_half_moments": HALF_MOMENTS,
    "_germ": GERM,
}


def pieces(text: str) -> str:
    """The pieces that ``text`` calls, and those that they call."""
    needed: set[str] = set()
    fresh = {name for name in PIECES if re.search(rf"(?<!\w){name}\b", text)}
    while fresh:
        needed |= fresh
        fresh = {name for name in PIECES for other in needed if re.search(rf"(?<!\w){name}\b", PIECES[other])} - needed
    return "".join(piece for name, piece in PIECES.items() if name in needed)
