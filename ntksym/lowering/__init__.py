"""Forms become programs, programs become source, source becomes callables.  Knows forms and nodes; imports no jax."""

from ntksym.lowering.build import load_source
from ntksym.lowering.lower import lower_form, lower_recursion, recursion_text
from ntksym.lowering.names import parameter_names
from ntksym.lowering.printers.jax import dual_source, jax_source
from ntksym.lowering.program import Header, Program

__all__ = ["Header", "Program", "dual_source", "jax_source", "load_source", "lower_form", "lower_recursion", "parameter_names", "recursion_text"]
