"""Gaussian processes with derived kernels: posterior, marginal likelihood and its maximum, leave-one-out predictions."""

from ntksym.evaluate.gaussian_processes.posterior import Kernels, LeaveOneOut, Posterior, leave_one_out, log_marginal_likelihood, posterior
from ntksym.evaluate.gaussian_processes.selection import LikelihoodMaximum, maximize_marginal_likelihood

__all__ = ["Kernels", "LeaveOneOut", "LikelihoodMaximum", "Posterior", "leave_one_out", "log_marginal_likelihood", "maximize_marginal_likelihood", "posterior"]
