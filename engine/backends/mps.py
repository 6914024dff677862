"""``torch.backends.mps``: Apple's GPUs, which the engine does not use."""


def is_available() -> bool:
    """No."""
    return False


def is_built() -> bool:
    """No."""
    return False
