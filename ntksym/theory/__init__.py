"""Which rules, in which order, give which theorem."""
