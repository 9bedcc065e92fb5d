"""Checkers of the Gaussian moves; none of them shares code with the move it judges."""
