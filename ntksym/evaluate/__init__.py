"""Numbers: generated code run on arrays, real data, comparisons.  Importing this package loads no jax; its files do where they need it."""
