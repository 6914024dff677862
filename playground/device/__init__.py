"""CUDA for a stranger's program: its arrays live in a trusted process, which does what the sealed child asks for."""
