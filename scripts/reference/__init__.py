"""The method in float64 PyTorch, written straight from the paper's equations; the native core is tested against it.

Nothing here is fast: the distance matrix S is built explicitly and the sums are written as printed.
"""
