"""Benchmarks against peers: everything in one process and one run, reported as ratios."""
