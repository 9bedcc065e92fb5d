"""One file per language a Program can be written in."""
