"""One module per command, each holding one click command; shared parts in ``specs``, ``networks``, ``output`` and ``page``."""
