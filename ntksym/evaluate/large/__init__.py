"""Problems whose kernel matrix fits into no memory: products, solves and extreme eigenvalues from tiles that are computed, used and forgotten."""
