"""How finite networks tend to the derived kernels as they get wider."""

from ntksym.evaluate.convergence.scaling import KernelScaling, WidthScaling, width_scaling

__all__ = ["KernelScaling", "WidthScaling", "width_scaling"]
