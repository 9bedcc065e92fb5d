"""Checkers.  They judge a step by another road than the rule that made it, and share no code with it."""
