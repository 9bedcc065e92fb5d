"""Every meaning once: its symbol, its LaTeX, its plain text, what it stands for.

This file names *meanings*.  A :class:`Profile` may give other letters on the page; numbers never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

from ntksym.errors import NotationError


@dataclass(frozen=True)
class Meaning:
    """One quantity of the theory: ``key`` is its identifier in formulas and in generated code."""

    key: str
    latex: str
    text: str
    stands_for: str
    shape: str = "scalar"
    reserved: bool = True  # whether a parameter of an activation may not have this name


_MEANINGS = (
    Meaning("q11", "q_{11}", "q11", "variance of the pre-activation at the first input"),
    Meaning("q12", "q_{12}", "q12", "covariance of the pre-activations at the two inputs"),
    Meaning("q22", "q_{22}", "q22", "variance of the pre-activation at the second input"),
    Meaning("q", "q", "q", "variance of a pre-activation, both inputs equal"),
    Meaning("u", "u", "u", "pre-activation at the first input"),
    Meaning("v", "v", "v", "pre-activation at the second input"),
    Meaning("x", "x", "x", "the variable of an activation"),
    Meaning("w", "w", "w", "auxiliary normal variable, independent of $u$ and $v$"),
    Meaning("w1", "w_{1}", "w1", "auxiliary normal variable of the first factor"),
    Meaning("w2", "w_{2}", "w2", "auxiliary normal variable of the second factor"),
    Meaning("sigma_w", r"\sigma_w", "sigma_w", "standard deviation of the weights"),
    Meaning("sigma_b", r"\sigma_b", "sigma_b", "standard deviation of the biases"),
    Meaning("K11", "K(x,x)", "K(x,x)", "NNGP kernel, first input with itself"),
    Meaning("K12", "K(x,x')", "K(x,x')", "NNGP kernel of the two inputs"),
    Meaning("K22", "K(x',x')", "K(x',x')", "NNGP kernel, second input with itself"),
    Meaning("Theta11", r"\Theta(x,x)", "Theta(x,x)", "neural tangent kernel, first input with itself"),
    Meaning("Theta12", r"\Theta(x,x')", "Theta(x,x')", "neural tangent kernel of the two inputs"),
    Meaning("Theta22", r"\Theta(x',x')", "Theta(x',x')", "neural tangent kernel, second input with itself"),
    Meaning("s11", r"\tfrac{1}{n_0}x\cdot x", "x.x/n0", "input Gram, first input with itself"),
    Meaning("s12", r"\tfrac{1}{n_0}x\cdot x'", "x.x'/n0", "input Gram of the two inputs"),
    Meaning("s22", r"\tfrac{1}{n_0}x'\cdot x'", "x'.x'/n0", "input Gram, second input with itself"),
    Meaning("L", "L", "L", "number of hidden layers"),
    Meaning("l", r"\ell", "l", "index of a layer"),
    Meaning("x1", "x", "x", "the first input of the network", "n_0"),
    Meaning("x2", "x'", "x'", "the second input of the network", "n_0"),
    Meaning("h", "h", "h", "pre-activation of a layer", "n_l"),
    Meaning("z", "z", "z", "post-activation of a layer; $z^0$ is the input", "n_l"),
    Meaning("s", "s", "s", "tensor put together from others (sum, product, normalization, ...)", "n_l", reserved=False),
    Meaning("xi", r"\xi", "xi", "dropout mask of a tensor: 1 where a channel is kept, else 0", reserved=False),
    Meaning("f", "f", "f", r"output of the network at the parameters $\theta$, heads side by side", "k", reserved=False),
    Meaning("X", r"\mathcal{X}", "X", "the $N$ training inputs, in order", "N x n_0", reserved=False),
    Meaning("T", r"\mathcal{X}_T", "X_T", "test inputs", "M x n_0", reserved=False),
    Meaning("targets", r"\mathcal{Y}", "Y", "the training targets, stacked like $f(\\mathcal{X})$", "kN", reserved=False),
    Meaning("flin", r"f^{\mathrm{lin}}", "f_lin", "output of the network linearized at its initial parameters", "k", reserved=False),
    Meaning("J", "J", "J", r"Jacobian of the outputs with respect to all parameters, $\partial f/\partial\theta$", "kN x P", reserved=False),
    Meaning("weightmove", "w", "w", r"movement of the parameters, $w_t = \theta_t - \theta_0$", "P", reserved=False),
    Meaning("thetagrad", r"\nabla_\theta\mathcal{L}", "grad_theta Loss", "gradient of the loss with respect to the parameters", "P", reserved=False),
    Meaning("lossgrad", r"\nabla_f\mathcal{L}", "grad_f Loss", r"gradient of the loss by the outputs, at those named or at time $t$", "kN", reserved=False),
    Meaning("lossgradlin", r"\nabla_f\mathcal{L}^{\mathrm{lin}}", "grad_f Loss_lin", r"the same at $f^{\mathrm{lin}}_t(\mathcal{X})$", "kN", reserved=False),
    Meaning("dualcoef", "a", "a", "dual coefficients: the parameters move by the transposed Jacobian times them", "kN", reserved=False),
    Meaning("residual", "g", "g", r"residual $f_t(\mathcal{X}) - \mathcal{Y}$", "kN", reserved=False),
    Meaning(
        "residuallin",
        r"g^{\mathrm{lin}}",
        "g_lin",
        r"residual of the linearized network, $f^{\mathrm{lin}}_t(\mathcal{X}) - \mathcal{Y}$",
        "kN",
        reserved=False,
    ),
    Meaning("errorvec", r"\epsilon", "epsilon", r"error of the linearization, $f_t - f^{\mathrm{lin}}_t$", "kN", reserved=False),
    Meaning("Ddiff", "D", "D", r"movement of the tangent kernel, $\hat\Theta_t - \hat\Theta_0$", "kN x kN", reserved=False),
    Meaning("remainder", "R", "R", "what a step of descent moves the outputs beyond first order in the parameters", "kN", reserved=False),
    Meaning("Dbar", r"D_{\mathrm{max}}", "D_max", r"bound of $\lVert D_t(\mathcal{X},\mathcal{X})\rVert$ over time", reserved=False),
    Meaning("Dbarx", r"D_{x,\mathrm{max}}", "D_x_max", r"bound of $\lVert D_t(x,\mathcal{X})\rVert$ over time", reserved=False),
    Meaning("Thetabarx", r"\hat\Theta_{x,\mathrm{max}}", "Theta-hat_x_max", r"bound of $\lVert\hat\Theta_t(x,\mathcal{X})\rVert$ over time", reserved=False),
    Meaning("lamstart", r"\lambda_{0}", "lambda_0", r"lower bound, positive, of the eigenvalues of $\hat\Theta_0(\mathcal{X},\mathcal{X})$", reserved=False),
    Meaning(
        "lampath",
        r"\lambda_{\mathrm{min}}",
        "lambda_min",
        r"lower bound, positive, of the eigenvalues of $\hat\Theta_t(\mathcal{X},\mathcal{X})$, all times",
        reserved=False,
    ),
    Meaning("curvature", "H", "H", r"bound of the second derivative $\partial_\theta^2 f(\mathcal{X})$ along training", reserved=False),
    Meaning("grown", "u", "u", "a function of time that an inequality bounds", reserved=False),
    Meaning("growth", r"\beta", "beta", "a rate of growth, a function of time", reserved=False),
    Meaning("ceiling", r"\alpha", "alpha", "what bounds it without growth, a function of time", reserved=False),
    Meaning("t_max", r"t_{\mathrm{max}}", "t_max", "the time at which the bound of the error is largest", reserved=False),
    Meaning("meanout", r"\mathbb{E}f", "E f", "mean of the outputs over the draw of the initial parameters", "k", reserved=False),
    Meaning("covout", r"\operatorname{Cov}f", "Cov f", "covariance of the outputs over the draw of the initial parameters", "k x k", reserved=False),
    Meaning(
        "flinother", r"\tilde{f}^{\mathrm{lin}}", "f~_lin", "output of the linearized network along a second solution of the same law", "k", reserved=False
    ),
    Meaning("dualcoefother", r"\tilde{a}", "a~", "dual coefficients of a second solution of the same law", "kN", reserved=False),
    Meaning("reference", r"f^{\star}", "f*", "any outputs that the linearized network can have on the training inputs", "kN", reserved=False),
    Meaning("referencecoef", r"a^{\star}", "a*", "dual coefficients of any reference, which stands still", "kN", reserved=False),
    Meaning("penalized", r"\mathcal{L}^{r}", "L^r", r"the loss plus what the ridge adds, $\tfrac{r}{2}\lVert w_t\rVert^2$", reserved=False),
    Meaning("distance", r"\Delta", "Delta", "squared distance of two solutions in the space of parameters", reserved=False),
    Meaning("outsum", r"\mathbf{1}^{\top}", "1^T", "sum over the outputs of each example", "N x kN", reserved=False),
    Meaning(
        "Thetaone",
        r"\hat\Theta^{(1)}",
        "Theta-hat^(1)",
        r"the factor of a kernel $\hat\Theta_0 = \hat\Theta^{(1)} \otimes I_k$ that is alike for all outputs",
        "N x N",
        reserved=False,
    ),
    Meaning("crossentropy", r"\ell", "ell", "cross-entropy of one example", reserved=False),
    Meaning("softmax", "p", "p", "softmax of the outputs: the probabilities given to the classes", "k", reserved=False),
    Meaning("label", "y", "y", "label of an example, one-hot: 1 for its class, else 0", "k", reserved=False),
    Meaning("direction", "v", "v", "any change of the outputs of one example", "k", reserved=False),
    Meaning("trueclass", "c", "c", "class of the example", reserved=False),
    Meaning("noise", "s", "s", "variance of the noise of the targets", reserved=False),
    Meaning("gpmean", "m", "m", "mean of the outputs, given the targets", "k", reserved=False),
    Meaning("gpcov", "S", "S", "covariance of the outputs, given the targets", "k x k", reserved=False),
    Meaning("regression", "C", "C", "weights of the targets in a prediction", "k x kN", reserved=False),
    Meaning("regressionK", "C_K", "C_K", "the same for the NNGP posterior", "k x kN", reserved=False),
    Meaning("ratio", "c", "c", "ratio of two kernels", reserved=False),
    Meaning("evidence", r"\log p(\mathcal{Y})", "log p(Y)", "log marginal likelihood: log of the density of the targets", reserved=False),
    Meaning("evidenceslope", r"\partial\log p(\mathcal{Y})", "d log p(Y)", "its derivative in a parameter of the network, or in the noise", reserved=False),
    Meaning("Kslope", r"\partial K", "dK", "derivative of the kernel in a parameter of the network, such as sigma_w", reserved=False),
    Meaning("rest", r"\mathcal{X}_{-i}", "X_-i", "the training inputs without input $i$", reserved=False),
    Meaning("left", "x_{i}", "x_i", "training input $i$, the one left out", reserved=False),
    Meaning("loomean", "m_{-i}", "m_-i", "mean of target $i$ given the other targets", reserved=False),
    Meaning("loovar", "v_{-i}", "v_-i", "variance of target $i$ given the other targets", reserved=False),
    Meaning("loss", r"\mathcal{L}", "L", "the loss, summed over the training examples", reserved=False),
    Meaning("loss", r"\mathcal{L}", "Loss", "the loss, summed over the training examples", reserved=False),
    Meaning("lam", r"\lambda", "lambda", "an eigenvalue of the kernel matrix on the training inputs", reserved=False),
    Meaning("rho", r"\rho", "rho", "rate (flow) or factor per step (descent) of a mode: a root of its characteristic polynomial", reserved=False),
    Meaning("eta", r"\eta", "eta", "learning rate", reserved=False),
    Meaning("t", "t", "t", "time, in steps of gradient descent", reserved=False),
    Meaning("mu", r"\mu", "mu", "momentum of the heavy ball", reserved=False),
    Meaning("ridge", "r", "r", r"ridge: the loss gains $\tfrac{r}{2}\lVert\theta-\theta_0\rVert^2$", reserved=False),
    Meaning("lam_min", r"\lambda_{\min}", "lambda_min", "smallest eigenvalue of the kernel matrix on the training inputs", reserved=False),
    Meaning("lam_max", r"\lambda_{\max}", "lambda_max", "largest eigenvalue of the kernel matrix on the training inputs", reserved=False),
    Meaning("kappa", r"\kappa", "kappa", r"condition number of the kernel matrix, $\lambda_{\max}/\lambda_{\min}$", reserved=False),
    Meaning("eigenvec", "v", "v", r"an eigenvector of the kernel matrix on the training inputs, of eigenvalue $\lambda$", "kN", reserved=False),
    Meaning("decay", "E", "E", "what is left of the residual, as a matrix: one function of the kernel matrix", "kN x kN", reserved=False),
    Meaning("modres", r"\chi", "chi", "what is left of a mode of the residual: 1 at the start, 0 where the mode has converged", reserved=False),
    Meaning("modreslee", r"\tilde\chi", "chi~", r"the same in another unit of time, $\tilde\chi(t') = \chi(t'/\sqrt{\eta})$", reserved=False),
    Meaning("timelee", "t'", "t'", r"time in units of $1/\sqrt{\eta}$ steps, $t' = \sqrt{\eta}\,t$", reserved=False),
    Meaning("Omega", r"\Omega", "Omega", "angle per step by which a mode oscillates; for real roots half the gap of their rates", reserved=False),
    Meaning("phi1", r"\varphi_1", "phi_1", r"$\varphi_1(\zeta) = (e^{\zeta} - 1)/\zeta$ with $\varphi_1(0) = 1$", reserved=False),
    Meaning("zeta", r"\zeta", "zeta", "any real number", reserved=False),
    Meaning("tau", r"\tau", "tau", "variable of integration", reserved=False),
    Meaning("rival", r"\tilde w", "w~", "any other movement of the parameters", "P", reserved=False),
    Meaning("pinv", r"{J^{+}}", "J+", "pseudo-inverse (Moore and Penrose) of the Jacobian at initialization", "P x kN", reserved=False),
    Meaning("ridgeloss", r"\mathcal{L}_r", "L_r", "squared loss of the linearized network plus the ridge", reserved=False),
    Meaning("shrinkearly", r"s^{\mathrm{stop}}", "s_stop", "share of a mode that training for a time t without a ridge has learnt", reserved=False),
    Meaning("shrinkridge", r"s^{\mathrm{ridge}}", "s_ridge", "share of a mode that training to the end with a ridge learns", reserved=False),
    Meaning("ustar", r"u_\star", "u*", r"$\eta\lambda t$ of the mode for which early stopping and the ridge differ most", reserved=False),
    Meaning("cstar", "C", "C", "largest ratio of the two shrink factors", reserved=False),
    Meaning("rhobar", r"\bar\rho", "rho_bar", "largest modulus of the roots of all modes: the factor per step in the long run", reserved=False),
    Meaning("rhostar", r"\bar\rho_\star", "rho_bar_star", r"the least that $\bar\rho$ can be", reserved=False),
    Meaning("etacrit", r"\eta_{\mathrm{crit}}", "eta_crit", "learning rate at which gradient descent contracts fastest", reserved=False),
    Meaning("etastar", r"\eta_\star", "eta_star", "best learning rate of the heavy ball", reserved=False),
    Meaning("mustar", r"\mu_\star", "mu_star", "best momentum of the heavy ball", reserved=False),
    Meaning("lossscale", "c", "c", "factor in front of the loss: 1 for the sum, $1/N$ or $1/(Nk)$ for a mean", reserved=False),
    Meaning("eta0", r"\eta_0", "eta_0", r"learning rate times the width, $\eta = \eta_0/n$", reserved=False),
    Meaning("softp", "p", "p", "softmax of the outputs on one example", "k", reserved=False),
    Meaning("losshess", "H", "H", "second derivatives of the cross-entropy of one example by its outputs", "k x k", reserved=False),
    Meaning("N", "N", "N", "number of training examples", reserved=False),
    Meaning("k", "k", "k", "number of outputs", reserved=False),
    Meaning("omega", r"\omega", "omega", "weights of a layer, drawn from N(0,1) where no other law is given", "n_{l-1} x n_l"),
    Meaning("beta", r"\beta", "beta", "biases of a layer, drawn from N(0,1)", "n_l"),
    Meaning("theta", r"\theta", "theta", "all parameters of the layers named, as one vector", "P_l"),
    Meaning("n", "n", "n", "width of a layer; $n_0$ is the input dimension"),
    Meaning("P", "P", "P", "number of parameters up to a layer"),
    Meaning("Thetahat", r"\hat\Theta", "Theta-hat", "tangent kernel of a finite network", "n_l x n_l"),
    Meaning("K", "K", "K", "NNGP kernel of a layer"),
    Meaning("Theta", r"\Theta", "Theta", "neural tangent kernel of a layer"),
    Meaning("Wstd", "W", "W", "weights of a layer in the standard parameterization", "n_{l-1} x n_l"),
    Meaning("bstd", "b", "b", "biases of a layer in the standard parameterization", "n_l"),
    Meaning("Thetastd", r"{\hat\Theta_{\mathrm{std}}}", "Theta-hat_std", "tangent kernel of a finite network in the standard parameterization", "n_l x n_l"),
    Meaning("B", "B", "B", "Jacobian of the output with respect to the pre-activations of a layer", "n_{L+1} x n_l"),
)

MEANINGS: MappingProxyType[str, Meaning] = MappingProxyType({m.key: m for m in _MEANINGS})


def _positive(name: str) -> sp.Symbol:
    return sp.Symbol(name, positive=True)


def _real(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


# Variances are positive here; the value at zero variance is a limit that lowering takes explicitly.
q11, q22, q = _positive("q11"), _positive("q22"), _positive("q")
q12 = _real("q12")
u, v, x, w, w1, w2 = (_real(name) for name in ("u", "v", "x", "w", "w1", "w2"))
sigma_w = _positive("sigma_w")
sigma_b = sp.Symbol("sigma_b", nonnegative=True)
K11, K22 = _positive("K11"), _positive("K22")
K12 = _real("K12")
Theta11, Theta22 = _positive("Theta11"), _positive("Theta22")
Theta12 = _real("Theta12")
s11, s22 = sp.Symbol("s11", nonnegative=True), sp.Symbol("s22", nonnegative=True)
s12 = _real("s12")
depth = sp.Symbol("L", integer=True, positive=True)
layer = sp.Symbol("l", integer=True, positive=True)
x1, x2 = sp.Symbol("x1"), sp.Symbol("x2")  # labels of the two inputs of the network, not numbers
X, T = sp.Symbol("X"), sp.Symbol("T")  # labels of all training inputs, and of all test inputs
lam = sp.Symbol("lam", nonnegative=True)
eta = _positive("eta")
t = sp.Symbol("t", nonnegative=True)
sigma = sp.Symbol("sigma", nonnegative=True)  # an earlier time, under an integral inside another
lamstart, lampath = _positive("lamstart"), _positive("lampath")
mu = sp.Symbol("mu", nonnegative=True)
ridge = sp.Symbol("ridge", nonnegative=True)
noise = sp.Symbol("noise", nonnegative=True)
rest, left = sp.Symbol("rest"), sp.Symbol("left")  # labels of the training inputs without one, and of that one
classes = sp.Symbol("k", integer=True, positive=True)
lam_min, lam_max, kappa, Omega = (_positive(name) for name in ("lam_min", "lam_max", "kappa", "Omega"))
zeta, tau = _real("zeta"), _real("tau")
rho, rho_1, rho_2 = (sp.Symbol(name) for name in ("rho", "rho_1", "rho_2"))

# What every report prints at its head.
CONVENTIONS: tuple[str, ...] = (
    "sigma_w and sigma_b are standard deviations.",
    "NTK parameterization: h^{l+1} = sigma_w/sqrt(n_l) z^l omega^{l+1} + sigma_b beta^{l+1}, all omega and beta drawn from N(0,1), "
    "gradients with respect to (omega, beta).",
    "K^1 = sigma_w^2 x.x'/n_0 + sigma_b^2 and Theta^1 = K^1; the first layer scales like every other.",
    "L hidden layers; the output layer is layer L+1; the kernel multiplies the identity over outputs.",
)

# What a report about training prints.
TRAINING_CONVENTIONS_TEX: tuple[str, ...] = (
    r"The loss is the sum over the training examples of $\tfrac{1}{2}\|f-y\|^2$ where no other is named; no factor $1/N$.",
    r"The time $t$ counts steps of gradient descent with learning rate $\eta$, in flows too.",
    r"The ridge $r$ adds $\tfrac{r}{2}\|\theta-\theta_0\|^2$ to the loss; it is absolute, and no noise of the labels.",
    r"Outputs on several inputs are one column, ordered (example, output); $\hat\Theta_0$ without arguments is the matrix on the training inputs.",
)

# What a report about the loss of one example prints.
CROSS_ENTROPY_CONVENTIONS_TEX: tuple[str, ...] = (
    r"Outputs, label and probabilities are those of one example, with one entry for each of the $k$ classes; the loss of training is the sum over examples.",
)

# What a report about Gaussian posteriors prints.
POSTERIOR_CONVENTIONS_TEX: tuple[str, ...] = (
    r"Targets are outputs plus independent Gaussian noise of variance $s$; without noise $s = 0$, and the kernel matrix has to be invertible.",
    r"Outputs on several inputs are one column, ordered (example, output); a kernel without arguments is the matrix on the training inputs.",
)

# What a report about the exponents of a parameterization prints instead.
ABC_CONVENTIONS_TEX: tuple[str, ...] = (
    r"abc-parameterization: $W^l = n^{-a_l}\,\omega^l$, $\omega^l$ drawn from $\mathcal{N}(0, n^{-2b_l})$, gradients with respect to $\omega$.",
    r"Gradient descent on the sum over examples of $\tfrac{1}{2}\|f-y\|^2$ with learning rate $\eta\,n^{-c}$, $\eta$ a constant.",
    r"$n$ is the common order of the hidden widths; $O(n^e)$ states the size that an entry has, no mere bound.",
    r"$L$ hidden layers; the output layer is layer $L+1$; no biases.",
)

# The sentences of CONVENTIONS for a page that sets mathematics (between dollars).
CONVENTIONS_TEX: tuple[str, ...] = (
    r"$\sigma_w$ and $\sigma_b$ are standard deviations.",
    r"NTK parameterization: $h^{\ell+1} = \tfrac{\sigma_w}{\sqrt{n_\ell}}\, z^{\ell} \omega^{\ell+1} + \sigma_b \beta^{\ell+1}$, "
    r"all $\omega$ and $\beta$ drawn from $\mathcal{N}(0,1)$, gradients with respect to $(\omega, \beta)$.",
    r"$K^{1} = \tfrac{\sigma_w^2}{n_0} x\cdot x' + \sigma_b^2$ and $\Theta^{1} = K^{1}$; the first layer scales like every other.",
    r"$L$ hidden layers; the output layer is layer $L+1$; the kernel multiplies the identity over outputs.",
)


def latex_name(symbol: sp.Basic | str) -> str | None:
    """The LaTeX of a named meaning, or None where the symbol is the user's own."""
    meaning = MEANINGS.get(str(symbol))
    return None if meaning is None else meaning.latex


@dataclass(frozen=True)
class Profile:
    """Letters for the page.  ``letters`` overrides the LaTeX of meanings by key."""

    name: str
    letters: tuple[tuple[str, str], ...] = ()

    def latex(self, key: str) -> str:
        """The LaTeX of the meaning ``key`` under this profile; raises NotationError if it has none."""
        for name, text in self.letters:
            if name == key:
                return text
        try:
            return MEANINGS[key].latex
        except KeyError:
            raise NotationError(f"no meaning named {key!r}", where=f"notation profile {self.name!r}", fix="add it to ntksym/notation.py") from None


DEFAULT = Profile("default")
