"""The parts of a generated training module that do not depend on the dynamics, as text."""

SPECTRUM = '''

class Spectrum(NamedTuple):
    """Eigenvalues (n,) and eigenvectors (n, n) of the kernel matrix on the training inputs.

    An eigenvalue that rounding cannot tell from zero, below max(10, sqrt(n)) eps lambda_max, is zero.
    """

    values: jax.Array
    vectors: jax.Array


class Prediction(NamedTuple):
    """Outputs on training and test inputs."""

    train: jax.Array | None
    test: jax.Array | None


class Gaussian(NamedTuple):
    """Mean (M, k) and covariance (M, M) of the outputs on test inputs, the same for every output."""

    mean: jax.Array
    cov: jax.Array


def _matrix(kernel):
    """A kernel (N1, N2) as it is, (N1, N2, k, k) as a matrix in the order (example, output)."""
    if kernel.ndim == 2:
        return kernel
    n1, n2, k, _ = kernel.shape
    return kernel.transpose(0, 2, 1, 3).reshape(n1 * k, n2 * k)


def _dot(a, b):
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def decompose(kernel):
    """Eigenvalues as they come, and eigenvectors."""
    matrix = _matrix(kernel)
    return jnp.linalg.eigh((matrix + matrix.T) / 2)


def cutoff(values):
    """What rounding cannot tell from zero."""
    n, eps = values.shape[0], jnp.finfo(values.dtype).eps
    return max(10.0, n**0.5) * eps * jnp.max(jnp.abs(values))


def factorize(k_train_train):
    """The Spectrum of a kernel (N, N) or (N, N, k, k): one eigendecomposition for any number of times and test inputs."""
    values, vectors = decompose(k_train_train)
    return Spectrum(jnp.where(values > cutoff(values), values, jnp.zeros_like(values)), vectors)
'''

AFTER_STEPS = '''

def _after_steps(step, push, t):
    """The first entry of x_t, from x_0 = 0 by x_{s+1} = step x_s + push: binary digits of t, squaring the affine map."""
    shape = jnp.broadcast_shapes(t.shape, push.shape[:-1])
    whole = jnp.int64 if step.dtype == jnp.float64 else jnp.int32
    left = jnp.broadcast_to(t, shape).astype(whole)
    x = jnp.zeros((*shape, push.shape[-1]), step.dtype)

    def digit(_, carry):
        step, push, left, x = carry
        odd = (left % 2 == 1)[..., None]
        x = jnp.where(odd, jnp.einsum("...ij,...j->...i", step, x) + push, x)
        push = jnp.einsum("...ij,...j->...i", step, push) + push
        step = jnp.einsum("...ij,...jk->...ik", step, step)
        return step, push, left // 2, x

    digits = 53 if step.dtype == jnp.float64 else 31
    return lax.fori_loop(0, digits, digit, (step, push, left, x))[3][..., 0]
'''

SECOND_ORDER = '''

def _second_order(damping, pull, t):
    """x(t) for x'' = 1 - damping x' - pull x from rest at 0, to rounding in every case of damping."""
    half = damping / 2
    z = (half**2 - pull) * t**2
    apart = z > 1  # two real roots, well apart: -p and -q
    root = jnp.sqrt(jnp.where(apart, half**2 - pull, jnp.ones_like(z)))
    q = jnp.where(apart, half + root, jnp.ones_like(z))
    p = jnp.where(apart, pull / q, jnp.ones_like(z))

    def mean(rate):  # (1 - exp(-rate t)) / rate
        safe = jnp.where(rate * t == 0, jnp.ones_like(rate), rate)
        return jnp.where(rate * t == 0, t * jnp.ones_like(rate), -jnp.expm1(-safe * t) / safe)

    real = (mean(p) - mean(q)) / (2 * root)
    # Early on: Taylor series in t, for every root.
    early = (pull * t**2 < 0.25) & ~apart
    a = jnp.where(early, damping * t, jnp.zeros_like(z))
    b = jnp.where(early, pull * t**2, jnp.zeros_like(z))
    term, following, series = jnp.zeros_like(z), jnp.ones_like(z) / 2, jnp.ones_like(z) / 2
    for order in range(3, 29):
        term, following = following, -(a * following + b * term / (order - 1)) / order
        series = series + following
    # In between: trigonometric or hyperbolic functions of sqrt(|z|).
    size = jnp.sqrt(jnp.where(jnp.abs(z) > 1e-6, jnp.abs(z), jnp.ones_like(z)))
    turns = z < 0
    wide = jnp.where(apart, jnp.zeros_like(z), jnp.where(turns, jnp.zeros_like(z), size))
    cosine = jnp.where(turns, jnp.cos(size), jnp.cosh(wide))
    sine = jnp.where(turns, jnp.sin(size), jnp.sinh(wide)) / size
    tiny = jnp.abs(z) <= 1e-6
    cosine = jnp.where(tiny, 1 + z / 2 + z**2 / 24, cosine)
    sine = jnp.where(tiny, 1 + z / 6 + z**2 / 120, sine)
    safe = jnp.where(pull > 0, pull, jnp.ones_like(pull))
    between = (1 - jnp.exp(-half * t) * (cosine + half * t * sine)) / safe
    return jnp.where(apart, real, jnp.where(early, series * t**2, between))
'''

FLOW = '''

@jax.custom_jvp
def _filtered(matrix, right, t, learning_rate, momentum, ridge):
    """psi_t(matrix) right, (T, n, columns)."""
    return _by_spectrum(factorize(matrix), right, t, learning_rate, momentum, ridge)


def _by_spectrum(spectrum, right, t, learning_rate, momentum, ridge):
    psi = spectral_filter(spectrum.values[None, :], t[:, None], learning_rate, momentum, ridge)
    inner = psi[:, :, None] * _dot(spectrum.vectors.T, right)[None]
    return _dot(spectrum.vectors, inner)


@_filtered.defjvp
def _filtered_jvp(primals, tangents):
    """Along the matrix by divided differences of psi (Daleckii and Krein), so that equal eigenvalues are no trouble."""
    matrix, right, t, *numbers = primals
    spectrum = factorize(matrix)
    values, vectors = spectrum
    first, second = values[:, None], values[None, :]
    close = jnp.abs(first - second) <= jnp.finfo(values.dtype).eps ** (1 / 3) * (first + second)
    apart = jnp.where(close, jnp.ones_like(first + second), first - second)
    turned = _dot(_dot(vectors.T, tangents[0]), vectors)
    coefficients = _dot(vectors.T, right)

    def moved(time):
        psi, slope = jax.jvp(lambda lam: spectral_filter(lam, time, *numbers), ((first + second) / 2,), (jnp.ones_like(first + second),))
        single = spectral_filter(values, time, *numbers)
        ratio = jnp.where(close, slope, (single[:, None] - single[None, :]) / apart)
        return _dot(vectors, _dot(ratio * turned, coefficients))

    value, rest = jax.jvp(lambda *others: _by_spectrum(spectrum, *others), primals[1:], tangents[1:])
    return value, rest + lax.map(moved, t)


@partial(jax.jit, static_argnames="get")
def flow(
    k_train_train,
    y_train,
    t,
    *,
    k_test_train=None,
    f_train_0=None,
    f_test_0=None,
    learning_rate=1.0,
    momentum=0.0,
    ridge=0.0,
    get=("train", "test"),
):
    """f_0(x) + K(x, X) psi_t(K) (Y - f_0(X)): outputs of a linearized network trained on 1/2 |f - y|^2 by <dynamics>.

    k_train_train: (N, N), meaning the same for every output, or (N, N, k, k), or its Spectrum; y_train (N, k); t a number
    or (T,), inf allowed; k_test_train (M, N) or (M, N, k, k).  Outputs (N, k) and (M, k), with T in front for an array t.
    """
    times = jnp.atleast_1d(jnp.asarray(t, y_train.dtype))
    start = jnp.zeros_like(y_train) if f_train_0 is None else f_train_0
    spectrum = k_train_train if isinstance(k_train_train, tuple) else None
    whole = spectrum.vectors.shape[0] if spectrum is not None else _matrix(k_train_train).shape[0]
    error = y_train - start
    right = error if whole == error.shape[0] else error.reshape(whole, 1)
    numbers = [jnp.asarray(number, y_train.dtype) for number in (learning_rate, momentum, ridge)]
    # dual_coefficients: f moves by the kernel times these
    if spectrum is None:
        coefficients = _filtered(_matrix(k_train_train), right, times, *numbers)
    else:
        psi = spectral_filter(spectrum.values[None, :], times[:, None], *numbers)
        inner = psi[:, :, None] * _dot(spectrum.vectors.T, right)[None]
    train, test = None, None
    if "train" in get:
        if spectrum is None:
            moved = _dot(_matrix(k_train_train), coefficients)
        else:
            moved = _dot(spectrum.vectors, spectrum.values[None, :, None] * inner)
        train = start[None] + moved.reshape(times.shape[0], *y_train.shape)
    if "test" in get and k_test_train is not None:
        kernel = _matrix(k_test_train)
        if spectrum is None:
            moved = _dot(kernel, coefficients)
        else:
            # one product for all times: (M, n) times (n, T columns)
            n, columns = inner.shape[1:]
            rotated = _dot(kernel, spectrum.vectors)
            moved = _dot(rotated, jnp.moveaxis(inner, 0, 1).reshape(n, -1)).reshape(-1, times.shape[0], columns)
            moved = jnp.moveaxis(moved, 1, 0)
        moved = moved.reshape(times.shape[0], k_test_train.shape[0], y_train.shape[1])
        test = moved if f_test_0 is None else f_test_0[None] + moved
    if jnp.ndim(t) == 0:
        train, test = (None if part is None else part[0] for part in (train, test))
    return Prediction(train, test)
'''

ENSEMBLE = '''

@jax.jit
def ensemble(nngp, ntk, y_train, t, *, learning_rate=1.0, momentum=0.0, ridge=0.0):
    """Law of the test outputs of infinitely wide networks over the draw of their initial parameters, after <dynamics>.

    With C_t = Theta(T, X) psi_t(Theta): mean C_t Y, covariance K(T, T) + C_t K(X, X) C_t' - C_t K(X, T) - K(T, X) C_t'.
    nngp and ntk hold train_train (N, N), test_train (M, N), test_test (M, M); ntk.train_train may be its Spectrum.
    """
    times = jnp.atleast_1d(jnp.asarray(t, y_train.dtype))
    numbers = [jnp.asarray(number, y_train.dtype) for number in (learning_rate, momentum, ridge)]
    given = ntk.train_train
    spectrum = given if isinstance(given, tuple) else None
    if spectrum is None:
        # psi_t(Theta) Theta(X, T), the filter being symmetric
        weights = jnp.swapaxes(_filtered(given, ntk.test_train.T, times, *numbers), 1, 2)
    else:
        rotated = _dot(ntk.test_train, spectrum.vectors)
        psi = spectral_filter(spectrum.values[None, :], times[:, None], *numbers)
        weights = _dot(psi[:, None, :] * rotated[None], spectrum.vectors.T)

    def covariance(c):
        cross = _dot(c, nngp.test_train.T)
        found = nngp.test_test + _dot(_dot(c, nngp.train_train), c.T) - cross - cross.T
        return (found + found.T) / 2

    mean, cov = _dot(weights, y_train), lax.map(covariance, weights)
    return Gaussian(mean[0], cov[0]) if jnp.ndim(t) == 0 else Gaussian(mean, cov)
'''
