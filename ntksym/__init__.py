"""ntksym derives the theory of wide neural networks, and computes with what it derived."""
