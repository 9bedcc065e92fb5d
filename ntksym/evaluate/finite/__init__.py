"""The finite network beside the infinite one: its function, its tangent kernel, averages over its parameters."""

from ntksym.evaluate.finite.empirical import empirical_ntk_fn, empirical_ntk_vp_fn
from ntksym.evaluate.finite.monte_carlo import Estimate, monte_carlo_kernel_fn
from ntksym.evaluate.finite.network_functions import apply_fn, init_fn
from ntksym.evaluate.finite.taylor import linearize, taylor_expand

__all__ = ["Estimate", "apply_fn", "empirical_ntk_fn", "empirical_ntk_vp_fn", "init_fn", "linearize", "monte_carlo_kernel_fn", "taylor_expand"]
