"""One module per command, each holding one click command; shared parts in ``common`` and ``output``."""
