"""Benchmarks against peers: the same work in turns, medians, reported as ratios (`python -m bench`)."""
