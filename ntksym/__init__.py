"""ntksym derives the theory of wide neural networks, and computes with what it derived.

The public names stand in one table and load what they need on first use: ``import ntksym`` loads neither SymPy nor JAX.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ntksym._version import __version__ as __version__

if TYPE_CHECKING:
    from ntksym.activations import activation as activation
    from ntksym.duals import dual as dual
    from ntksym.duals import hermite_coefficients as hermite_coefficients
    from ntksym.duals import hermite_expansion as hermite_expansion
    from ntksym.errors import NtksymError as NtksymError
    from ntksym.errors import PrecisionWarning as PrecisionWarning
    from ntksym.errors import ToleranceWarning as ToleranceWarning
    from ntksym.evaluate.convergence import width_scaling as width_scaling
    from ntksym.evaluate.convergence.picture import plot_width_scaling as plot_width_scaling
    from ntksym.evaluate.duals import dual_fn as dual_fn
    from ntksym.evaluate.emission import emit as emit
    from ntksym.evaluate.finite import apply_fn as apply_fn
    from ntksym.evaluate.finite import empirical_ntk_fn as empirical_ntk_fn
    from ntksym.evaluate.finite import empirical_ntk_vp_fn as empirical_ntk_vp_fn
    from ntksym.evaluate.finite import init_fn as init_fn
    from ntksym.evaluate.finite import linearize as linearize
    from ntksym.evaluate.finite import monte_carlo_kernel_fn as monte_carlo_kernel_fn
    from ntksym.evaluate.finite import taylor_expand as taylor_expand
    from ntksym.evaluate.flows import Spectrum as Spectrum
    from ntksym.evaluate.flows import ensemble_fn as ensemble_fn
    from ntksym.evaluate.flows import factorize as factorize
    from ntksym.evaluate.flows import flow_fn as flow_fn
    from ntksym.evaluate.flows import max_learning_rate as max_learning_rate
    from ntksym.evaluate.flows import unvec as unvec
    from ntksym.evaluate.flows import vec as vec
    from ntksym.evaluate.gaussian_processes import leave_one_out as leave_one_out
    from ntksym.evaluate.gaussian_processes import log_marginal_likelihood as log_marginal_likelihood
    from ntksym.evaluate.gaussian_processes import maximize_marginal_likelihood as maximize_marginal_likelihood
    from ntksym.evaluate.gaussian_processes import posterior as posterior
    from ntksym.evaluate.kernels import kernel_fn as kernel_fn
    from ntksym.evaluate.large import extreme_eigenvalues as extreme_eigenvalues
    from ntksym.evaluate.large import kernel_matvec as kernel_matvec
    from ntksym.evaluate.large import solve_kernel as solve_kernel
    from ntksym.evaluate.storage import load_kernel as load_kernel
    from ntksym.evaluate.storage import save_kernel as save_kernel
    from ntksym.evaluate.training import Training as Training
    from ntksym.evaluate.training import train as train
    from ntksym.evaluate.training.picture import plot_training as plot_training
    from ntksym.library import derivations as derivations
    from ntksym.network import Bias as Bias
    from ntksym.network import Concat as Concat
    from ntksym.network import Dense as Dense
    from ntksym.network import Dropout as Dropout
    from ntksym.network import Heads as Heads
    from ntksym.network import LayerNorm as LayerNorm
    from ntksym.network import Network as Network
    from ntksym.network import Pointwise as Pointwise
    from ntksym.network import Product as Product
    from ntksym.network import Residual as Residual
    from ntksym.network import RMSNorm as RMSNorm
    from ntksym.network import Scale as Scale
    from ntksym.network import Sum as Sum
    from ntksym.network import chain_graph as chain_graph
    from ntksym.network import fcn as fcn
    from ntksym.theory import abc as abc
    from ntksym.theory import abc_exponents as abc_exponents
    from ntksym.theory import derive as derive

# Public name -> the module that holds it.  Kept in step with the imports above by a test.
_HOMES = {
    "Bias": "ntksym.network",
    "Concat": "ntksym.network",
    "Dense": "ntksym.network",
    "Dropout": "ntksym.network",
    "Heads": "ntksym.network",
    "LayerNorm": "ntksym.network",
    "Network": "ntksym.network",
    "NtksymError": "ntksym.errors",
    "Pointwise": "ntksym.network",
    "PrecisionWarning": "ntksym.errors",
    "Product": "ntksym.network",
    "RMSNorm": "ntksym.network",
    "Residual": "ntksym.network",
    "Scale": "ntksym.network",
    "Spectrum": "ntksym.evaluate.flows",
    "Sum": "ntksym.network",
    "ToleranceWarning": "ntksym.errors",
    "Training": "ntksym.evaluate.training",
    "abc": "ntksym.theory",
    "abc_exponents": "ntksym.theory",
    "activation": "ntksym.activations",
    "apply_fn": "ntksym.evaluate.finite",
    "chain_graph": "ntksym.network",
    "derivations": "ntksym.library",
    "derive": "ntksym.theory",
    "dual": "ntksym.duals",
    "dual_fn": "ntksym.evaluate.duals",
    "emit": "ntksym.evaluate.emission",
    "empirical_ntk_fn": "ntksym.evaluate.finite",
    "empirical_ntk_vp_fn": "ntksym.evaluate.finite",
    "ensemble_fn": "ntksym.evaluate.flows",
    "extreme_eigenvalues": "ntksym.evaluate.large",
    "factorize": "ntksym.evaluate.flows",
    "fcn": "ntksym.network",
    "flow_fn": "ntksym.evaluate.flows",
    "hermite_coefficients": "ntksym.duals",
    "hermite_expansion": "ntksym.duals",
    "init_fn": "ntksym.evaluate.finite",
    "kernel_fn": "ntksym.evaluate.kernels",
    "kernel_matvec": "ntksym.evaluate.large",
    "leave_one_out": "ntksym.evaluate.gaussian_processes",
    "linearize": "ntksym.evaluate.finite",
    "load_kernel": "ntksym.evaluate.storage",
    "log_marginal_likelihood": "ntksym.evaluate.gaussian_processes",
    "max_learning_rate": "ntksym.evaluate.flows",
    "maximize_marginal_likelihood": "ntksym.evaluate.gaussian_processes",
    "monte_carlo_kernel_fn": "ntksym.evaluate.finite",
    "plot_training": "ntksym.evaluate.training.picture",
    "plot_width_scaling": "ntksym.evaluate.convergence.picture",
    "posterior": "ntksym.evaluate.gaussian_processes",
    "save_kernel": "ntksym.evaluate.storage",
    "solve_kernel": "ntksym.evaluate.large",
    "taylor_expand": "ntksym.evaluate.finite",
    "train": "ntksym.evaluate.training",
    "unvec": "ntksym.evaluate.flows",
    "vec": "ntksym.evaluate.flows",
    "width_scaling": "ntksym.evaluate.convergence",
}

__all__ = [  # noqa: F822  (resolved by __getattr__)
    "Bias",
    "Concat",
    "Dense",
    "Dropout",
    "Heads",
    "LayerNorm",
    "Network",
    "NtksymError",
    "Pointwise",
    "PrecisionWarning",
    "Product",
    "RMSNorm",
    "Residual",
    "Scale",
    "Spectrum",
    "Sum",
    "ToleranceWarning",
    "Training",
    "__version__",
    "abc",
    "abc_exponents",
    "activation",
    "apply_fn",
    "chain_graph",
    "derivations",
    "derive",
    "dual",
    "dual_fn",
    "emit",
    "empirical_ntk_fn",
    "empirical_ntk_vp_fn",
    "ensemble_fn",
    "extreme_eigenvalues",
    "factorize",
    "fcn",
    "flow_fn",
    "hermite_coefficients",
    "hermite_expansion",
    "init_fn",
    "kernel_fn",
    "kernel_matvec",
    "leave_one_out",
    "linearize",
    "load_kernel",
    "log_marginal_likelihood",
    "max_learning_rate",
    "maximize_marginal_likelihood",
    "monte_carlo_kernel_fn",
    "plot_training",
    "plot_width_scaling",
    "posterior",
    "save_kernel",
    "solve_kernel",
    "taylor_expand",
    "train",
    "unvec",
    "vec",
    "width_scaling",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'ntksym' has no attribute {name!r}; its public names are {', '.join(__all__)}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
