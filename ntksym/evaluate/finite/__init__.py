"""The finite network beside the infinite one: its function, its tangent kernel, averages over its parameters."""

from ntksym.evaluate.finite.empirical import empirical_ntk_fn, empirical_ntk_vp_fn
from ntksym.evaluate.finite.network_functions import apply_fn, init_fn

__all__ = ["apply_fn", "empirical_ntk_fn", "empirical_ntk_vp_fn", "init_fn"]
