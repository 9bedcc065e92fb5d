"""The finite network beside the infinite one: its function, its tangent kernel, averages over its parameters."""

from ntksym.evaluate.finite.model import apply_fn, init_fn

__all__ = ["apply_fn", "init_fn"]
