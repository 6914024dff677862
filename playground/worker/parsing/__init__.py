"""Reads a program as blocks, without running it."""
