"""Forms become programs, programs become source, source becomes callables.  Knows forms and nodes; imports no jax."""

from ntksym.lowering.build import load_source
from ntksym.lowering.flows import FlowProgram, lower_flow
from ntksym.lowering.lower import lower_form, lower_recursion, recursion_text
from ntksym.lowering.names import parameter_names
from ntksym.lowering.printers.jax import dual_source, flow_source, jax_source
from ntksym.lowering.printers.jax_flow import flow_section
from ntksym.lowering.program import Header, Program

__all__ = [
    "FlowProgram",
    "Header",
    "Program",
    "dual_source",
    "flow_section",
    "flow_source",
    "jax_source",
    "load_source",
    "lower_flow",
    "lower_form",
    "lower_recursion",
    "parameter_names",
    "recursion_text",
]
