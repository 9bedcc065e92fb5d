"""The parts of a generated JAX module that do not depend on the network, as text."""

PRELUDE = """
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
"""

OUTPUT_TYPES = """
_KERNELS = {
    names: NamedTuple("Kernels", [(name, jax.Array) for name in names])
    for names in [(a,) for a in OUTPUTS]
    + [(a, b) for a in OUTPUTS for b in OUTPUTS if a != b]
}
"""

HELPERS = '''


def _arrays(*values):
    """The values as arrays of one floating dtype (Python numbers take that of the rest)."""
    dtype = jnp.result_type(*values, 0.0)
    return tuple(jnp.asarray(value, dtype) for value in values)


def _directions(primals, tangents):
    """The tangents, zeros where an input is an integer and has none."""

    def direction(primal, tangent):
        return jnp.zeros_like(primal) if tangent.dtype == jax.dtypes.float0 else tangent

    return tuple(direction(*pair) for pair in zip(primals, tangents))


def _shaped(values, *inputs):
    """The values in the common shape of the inputs."""
    shape = jnp.broadcast_shapes(*(entry.shape for entry in inputs))
    return tuple(jnp.broadcast_to(value, shape) for value in values)


def _halves(x):
    """x = high + low, products of two such parts being exact; and low without its last bit."""
    if x.dtype == jnp.float64:
        kind, mask = jnp.uint64, 0xFFFFFFFFF8000000
    else:
        kind, mask = jnp.uint32, 0xFFFFF000

    def cut(y):
        bits = lax.bitcast_convert_type(y, kind) & kind(mask)
        return lax.bitcast_convert_type(bits, x.dtype)

    high = cut(x)
    low = x - high
    return high, low, cut(low)


@jax.custom_jvp
def _det(q11, q12, q22):
    """q11 q22 - q12^2 without cancellation.

    Every product below is exact, so that no fused multiply-add changes a result.
    """
    high11, low11, cut11 = _halves(q11)
    high12, low12, cut12 = _halves(q12)
    high22, low22, cut22 = _halves(q22)
    first = high11 * high22 - high12 * high12
    second = (high11 * low22 + low11 * high22) - 2 * (high12 * low12)
    return (first + second) + (cut11 * cut22 - cut12 * cut12)


@_det.defjvp
def _det_jvp(primals, tangents):
    q11, q12, q22 = primals
    d11, d12, d22 = tangents
    return _det(q11, q12, q22), q22 * d11 - 2 * q12 * d12 + q11 * d22


def _scale(q):
    """A power of two near 1 / sqrt(q); 1 at q = 0."""
    _, exponent = jnp.frexp(lax.stop_gradient(q))
    return jnp.ldexp(jnp.ones_like(q), -(exponent // 2))


@jax.custom_jvp
def _root_det(q11, q12, q22):
    """sqrt(q11 q22 - q12^2), and 0 where that is negative; products neither overflow nor underflow."""
    a, b = _scale(q11), _scale(q22)
    return _root(_det(a * q11 * a, a * q12 * b, b * q22 * b)) / (a * b)


@_root_det.defjvp
def _root_det_jvp(primals, tangents):
    q11, q12, q22 = primals
    d11, d12, d22 = tangents
    root = _root_det(q11, q12, q22)
    half = _reciprocal(root) / 2
    return root, half * q22 * d11 - 2 * half * q12 * d12 + half * q11 * d22


def _root(x):
    """sqrt(x), and 0 with derivative 0 where x <= 0."""
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)


def _reciprocal(x):
    """1 / x, and 0 at 0: the symmetric derivative where a one-sided slope is infinite."""
    return jnp.where(x != 0, 1 / jnp.where(x != 0, x, 1), 0)


def _angle(y, x):
    """atan2(y, x), and pi/2 where both vanish."""
    zero = (y == 0) & (x == 0)
    return jnp.where(zero, jnp.pi / 2, jnp.arctan2(y, jnp.where(zero, 1, x)))


def _slope(y, x):
    """atan2(y, x), and 0 where both vanish."""
    zero = (y == 0) & (x == 0)
    return jnp.arctan2(y, jnp.where(zero, 1, x))


def _exp_sinh(a, c, plus=None, minus=None):
    """exp(a) sinh(c): no overflow at large c, no cancellation at small c; plus and minus are a + c and a - c."""
    plus, minus = a + c if plus is None else plus, a - c if minus is None else minus
    small = jnp.abs(c) < 1
    near = jnp.exp(a) * jnp.sinh(jnp.where(small, c, 0))
    return jnp.where(small, near, (jnp.exp(plus) - jnp.exp(minus)) / 2)


def _snap(q11, q12, q22, ulps=32):
    """q12, moved onto +-sqrt(q11 q22) (outwards) where rounding cannot tell; its derivative stays."""
    a, c, b = lax.stop_gradient((q11, q12, q22))
    eps = float(jnp.finfo(c.dtype).eps)
    r, t = _scale(a), _scale(b)
    a1, c1, b1 = r * a * r, r * c * t, t * b * t
    near = _det(a1, c1, b1) <= ulps * eps * (a1 * b1)
    edge = jnp.sign(c) * (jnp.sqrt(a) * jnp.sqrt(b)) * (1 + 2 * eps)
    return q12 + jnp.where(near, edge - c, 0)
'''

ARGUMENTS = '''


def _per_layer(name, value, dtype):
    """One entry per Dense layer."""
    if isinstance(value, (tuple, list)):
        value = jnp.stack([jnp.asarray(entry, dtype) for entry in value])
    value = jnp.asarray(value, dtype)
    if value.shape not in ((), (N_DENSE,)):
        expected = f"give a scalar or {N_DENSE} entries, one per Dense layer"
        raise ValueError(f"{name} has shape {value.shape}: {expected}")
    return jnp.broadcast_to(value, (N_DENSE,))


def _scalar(name, value, dtype):
    value = jnp.asarray(value, dtype)
    if value.shape != ():
        raise ValueError(f"{name} has shape {value.shape}: give a scalar")
    return value


def _check(names, x1, x2, batch_size, diagonal):
    """Shapes, dtypes and names; values are the caller's business."""
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown or not names or len(set(names)) != len(names):
        raise ValueError(f"get={names!r}: ask for one of {OUTPUTS} or a tuple of them")
    for name, x in (("x1", x1), ("x2", x2)):
        if x is None:
            continue
        if x.ndim != 2 or 0 in x.shape:
            raise ValueError(f"{name} has shape {x.shape}: give a nonempty (N, d)")
        if x.dtype not in (jnp.float32, jnp.float64):
            raise TypeError(f"{name} is {x.dtype}: give float32 or float64")
    if x2 is not None and x1.dtype != x2.dtype:
        raise TypeError(f"x1 is {x1.dtype}, x2 is {x2.dtype}: give one dtype")
    if x2 is not None and x1.shape[1] != x2.shape[1]:
        raise ValueError(f"x1 {x1.shape} and x2 {x2.shape} differ in columns")
    if diagonal and x2 is not None and len(x1) != len(x2):
        raise ValueError(f"diagonal=True pairs rows: {len(x1)} and {len(x2)} differ")
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ValueError(f"batch_size={batch_size!r}: give a positive integer or None")


def _by_rows(block, rows, batch_size):
    """block over slices of batch_size rows, one after the other; the last slice is padded with zero rows."""
    count = len(rows[0])
    pad = -count % batch_size

    def slices(entry):
        padded = jnp.pad(entry, [(0, pad)] + [(0, 0)] * (entry.ndim - 1))
        return padded.reshape(-1, batch_size, *entry.shape[1:])

    results = lax.map(jax.checkpoint(block), tuple(slices(entry) for entry in rows))
    return tuple(entry.reshape(-1, entry.shape[-1])[:count] for entry in results)
'''

ROOM = OUTPUT_TYPES + HELPERS + ARGUMENTS

KERNEL_FN = '''


def kernel_fn(
    x1,
    x2=None,
    get=@DEFAULT@,
    *,
@KEYWORDS@    batch_size=None,
    diagonal=False,
):
    """Kernel of the rows of x1 (N1, d) with the rows of x2 (N2, d): (N1, N2); x2=None means x2 = x1.

    get: one output by name, or a tuple of names (a named tuple comes back).
@DOCUMENTED@
    batch_size: rows of x1 per block, to bound memory; None does all at once.
    diagonal: only k(x1[i], x2[i]), shape (N1,).
    """
    names = (get,) if isinstance(get, str) else tuple(get)
    _check(names, x1, x2, batch_size, diagonal)
    parameters = (
@PACKED@    )
    n0 = x1.shape[1]
    ulps = 32 + 2 * n0**0.5  # the rounding of an inner product grows with its length
    s11 = jnp.sum(x1 * x1, axis=1) / n0
    s22 = s11 if x2 is None else jnp.sum(x2 * x2, axis=1) / n0
    if diagonal and x2 is None:
        results = _on_diagonal(s11, *parameters)
    elif diagonal:
        s12 = _snap(s11, jnp.sum(x1 * x2, axis=1) / n0, s22, ulps)
        results = _off_diagonal(s11, s12, s22, *parameters)
    else:
        columns = (x1 if x2 is None else x2).T

        def block(rows):
            x, s = rows
            s12 = jnp.matmul(x, columns, precision=lax.Precision.HIGHEST) / n0
            s12 = _snap(s[:, None], s12, s22[None, :], ulps)
            return _off_diagonal(s[:, None], s12, s22[None, :], *parameters)

        if batch_size is None:
            results = block((x1, s11))
        else:
            results = _by_rows(block, (x1, s11), batch_size)
        if x2 is None:
            same = jnp.eye(len(x1), dtype=bool)
            exact = _on_diagonal(s11, *parameters)
            results = [jnp.where(same, d[:, None], k) for d, k in zip(exact, results)]
    found = dict(zip(OUTPUTS, results))
    if isinstance(get, str):
        return found[get]
    return _KERNELS[names](*(found[name] for name in names))


kernel_fn = jax.jit(kernel_fn, static_argnames=("get", "batch_size", "diagonal"))
'''
