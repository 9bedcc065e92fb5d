"""The version, stated once: the build and the generated headers read it from here."""

__version__ = "0.1.0"
