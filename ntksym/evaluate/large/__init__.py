"""Problems whose kernel matrix fits into no memory: products, solves and extreme eigenvalues from tiles that are computed, used and forgotten."""

from ntksym.evaluate.large.products import ExtremeEigenvalues, extreme_eigenvalues, kernel_matvec
from ntksym.evaluate.large.solve import KernelSolution, solve_kernel

__all__ = ["ExtremeEigenvalues", "KernelSolution", "extreme_eigenvalues", "kernel_matvec", "solve_kernel"]
